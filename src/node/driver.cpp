#include "node/driver.hpp"

#include <memory>
#include <utility>

#include "base/assert.hpp"
#include "raft/log.hpp"

namespace parley::node {
namespace {

// Whether another data directory of that node has its place. One that was added by its addresses (incarnation 0) is
// nobody's yet, and goes to whoever calls (decision 0014).
bool has_other(const raft::Configuration& configuration, ServerId server) {
  const auto* place = configuration.find(server.node);
  return place != nullptr && place->id != server && place->id.incarnation != Incarnation(0);
}

}  // namespace

Driver::Driver(Seams seams, TaskGroup& tasks, DriverOwner& owner, store::WriteAheadLog& log)
    : seams_(seams),
      tasks_(tasks),
      owner_(owner),
      log_(log),
      pulse_(seams.logger),
      election_alarm_(seams.clock.make_alarm()),
      persist_alarm_(seams.clock.make_alarm()),
      append_batch_([this] { log_.append(batch_); }),
      committed_alarm_(seams.clock.make_alarm()) {}

void Driver::start(ServerId self, const raft::Options& options, raft::Durable durable,
                   const store::ArchivePosition& archived) {
  PARLEY_ASSERT(!started(), "a driver starts once");
  self_ = self;
  consensus_.emplace(self, options, std::move(durable), seams_.entropy.u64(), now());
  if (archived.applied.index > Index(0)) consensus_->applied(archived.applied.index);
  if (archived.configuration) {
    const auto configuration = std::make_shared<const raft::Configuration>(*archived.configuration);
    follow_membership(archived.configuration_index, configuration);
  }
  tasks_.spawn(election_loop());
  tasks_.spawn(persist_loop());
  committed_alarm_->ring();
}

void Driver::stop() {
  stopping_ = true;
  election_alarm_->ring();
  persist_alarm_->ring();
  committed_alarm_->ring();
  for (auto& [id, read] : reads_) read.alarm->ring();
}

void Driver::wake() { election_alarm_->ring(); }

net::awaitable<void> Driver::election_loop() {
  while (!stopping_) {
    consensus_->tick(now());   // campaigns, sends heartbeats, steps down: the core decides
    hand_out();
    const TimePoint due = consensus_->deadline();
    co_await election_alarm_->wait_until(due);
    pulse_.woken(due, seams_.clock.now());
  }
}

// The write in flight is the batching window: all that arrives during one sync is the next batch.
net::awaitable<void> Driver::persist_loop() {
  while (!stopping_) {
    if (batch_.empty()) batch_ = consensus_->take_persist();
    if (batch_.empty()) {
      persist_idle_ = true;
      co_await persist_alarm_->wait_until(never);
      persist_idle_ = false;
      continue;
    }
    const TimePoint begun = seams_.clock.now();
    co_await seams_.workers.run(net::Lane::log, append_batch_);   // DiskError leaves the loop and ends the process
    const TimePoint written = seams_.clock.now();
    pulse_.log_written(written - begun, written);
    const auto number = std::exchange(batch_, {}).number;
    consensus_->persisted(number, now());   // may commit; may release a vote or an acknowledgement
    wake();
  }
}

// Gives each idle loop what there is for it. A loop that is busy looks by itself when it is done, which is what makes
// batches: so nothing is taken for it here.
void Driver::hand_out() {
  if (persist_idle_ && batch_.empty()) {
    batch_ = consensus_->take_persist();
    if (!batch_.empty()) persist_alarm_->ring();
  }
  if (committed_idle_ && committed_.empty()) {
    take_committed();
    if (!committed_.empty()) committed_alarm_->ring();
  }
  hand_out_reads();
  notice_status();
  if (auto offer = consensus_->wanted_snapshot()) owner_.snapshot_wanted(std::move(*offer));
  owner_.look_at_peers();
}

void Driver::hand_out_reads() {
  for (auto& outcome : consensus_->take_reads()) {
    const auto read = reads_.find(outcome.id);
    if (read == reads_.end()) continue;   // its reader gave up
    read->second.outcome = outcome;
    read->second.alarm->ring();
  }
}

void Driver::notice_status() {
  auto standing = consensus_->standing();
  if (standing == seen_) return;
  seen_ = std::move(standing);
  owner_.status_changed(consensus_->status());
}

void Driver::take_committed() {
  committed_ = consensus_->take_committed(committed_bytes_max);
  for (const auto& entry : committed_) {
    const auto* configuration = std::get_if<raft::ConfigurationPtr>(&entry.content);
    if (configuration != nullptr) follow_membership(entry.id.index, *configuration);
  }
}

void Driver::follow_membership(Index index, raft::ConfigurationPtr committed) {
  committed_configuration_ = std::move(committed);
  committed_configuration_index_ = index;
  const raft::Configuration& now = *committed_configuration_;
  const bool member = now.find(self_) != nullptr;
  // What is later in its log may have given the place back: then this is history that is applied again.
  const auto& latest = consensus_->log().configuration();
  const bool again = latest && latest->find(self_) != nullptr;
  if (was_member_ && !member && !again && has_other(now, self_)) {
    throw Replaced("node " + std::to_string(self_.node.value) +
                   " goes on with another data directory: this one was replaced and must not take part again. Its data "
                   "may be removed once the cluster is healthy");
  }
  was_member_ = was_member_ || member;
  owner_.configuration_committed();
}

// Its own log may end with the very configuration that removed it, or before that. What is later in its log, committed
// or not, may make it a member again: then nothing is sure, and it goes on.
void Driver::told_not_a_member(Index index, const raft::Configuration& configuration) const {
  if (!started() || !was_member_ || configuration.find(self_) != nullptr) return;
  if (index < consensus_->log().configuration_index()) return;
  const std::string me = "node " + std::to_string(self_.node.value);
  if (configuration.find(self_.node) == nullptr) {
    throw Replaced(me + " was removed from the cluster: it takes no part any more, and its data may be removed. To "
                        "take it in again use `parley member add`, then start it, over this data directory or an "
                        "empty one");
  }
  if (!has_other(configuration, self_)) return;
  throw Replaced(me + " goes on with another data directory: this one was replaced and must not take part again. Its "
                      "data may be removed once the cluster is healthy");
}

net::awaitable<std::vector<raft::Entry>> Driver::next_committed() {
  while (!stopping_) {
    if (committed_.empty() && started()) take_committed();
    if (!committed_.empty()) co_return std::exchange(committed_, {});
    committed_idle_ = true;
    co_await committed_alarm_->wait_until(never);
    committed_idle_ = false;
  }
  co_return std::vector<raft::Entry>();
}

net::awaitable<std::optional<Index>> Driver::read_index(TimePoint deadline) {
  if (!started() || stopping_) co_return std::nullopt;
  const auto begun = consensus_->begin_read(now());
  if (!begun.ok()) co_return std::nullopt;
  const std::uint64_t id = *begun;
  auto& read = reads_[id];   // a map's references stay valid while others come and go
  read.alarm = seams_.clock.make_alarm();
  wake();
  while (!stopping_ && !read.outcome && seams_.clock.now() < deadline) co_await read.alarm->wait_until(deadline);
  std::optional<Index> index;
  if (read.outcome && read.outcome->confirmed) index = read.outcome->index;
  reads_.erase(id);
  co_return index;
}

}  // namespace parley::node
