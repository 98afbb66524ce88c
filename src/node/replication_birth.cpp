#include <utility>

#include "node/replication_node.hpp"

// The birth as birth.hpp tells it: this file does in order what Birth decides.

namespace parley::node {
namespace {

constexpr Duration first_waiting_line = milliseconds(1000);   // most births take less: no line then
constexpr Duration waiting_line_interval = milliseconds(3000);
constexpr Duration place_line_interval = milliseconds(10'000);

}  // namespace

net::awaitable<void> ReplicationNode::birth_loop() {
  TimePoint line_due = seams_.clock.now() + first_waiting_line;
  while (!stopping_ && !born()) {
    auto decision = told_ ? *std::exchange(told_, std::nullopt) : birth_.decide();
    if (auto* founding = std::get_if<Birth::Found>(&decision)) {
      co_await found(std::move(*founding));
    } else if (auto* adoption = std::get_if<Birth::Adopt>(&decision)) {
      co_await adopt(std::move(*adoption));
    } else if (auto* joining = std::get_if<Birth::Join>(&decision)) {
      co_await join(std::move(*joining));
    } else {
      if (seams_.clock.now() >= line_due) {
        say_whom_we_wait_for();
        line_due = seams_.clock.now() + waiting_line_interval;
      }
      co_await birth_alarm_->wait_until(line_due);
    }
  }
}

net::awaitable<void> ReplicationNode::found(Birth::Found decision) {
  store::Identity identity = identity_;
  while (identity.cluster == ClusterId()) identity.cluster = ClusterId(seams_.entropy.u64());
  identity.founding = decision.configuration;
  durable_ = founding_durable(identity.founding);
  seams_.logger.info("cluster_born", "all " + std::to_string(config_.nodes.size()) +
                                         " configured nodes agree: founding the cluster");
  auto batch = founding_batch(identity.founding);
  co_await begin_log(std::move(batch), std::move(identity));
}

net::awaitable<void> ReplicationNode::adopt(Birth::Adopt decision) {
  store::Identity identity = identity_;
  identity.cluster = decision.cluster;
  identity.founding = decision.configuration;
  durable_ = founding_durable(identity.founding);
  seams_.logger.info("cluster_adopted", "this node is one of the cluster's founders: taking part");
  auto batch = founding_batch(identity.founding);
  co_await begin_log(std::move(batch), std::move(identity));
}

net::awaitable<void> ReplicationNode::join(Birth::Join decision) {
  store::Identity identity = identity_;
  identity.cluster = decision.cluster;
  durable_ = joining_durable();
  seams_.logger.warn("cluster_joined",
                     "the cluster that " + describe(decision.known_from) +
                         " belongs to was born without this data directory: joining without a vote. It receives the "
                         "log once the cluster adds node " + std::to_string(identity_.node.value) + " as a member");
  auto batch = joining_batch();
  co_await begin_log(std::move(batch), std::move(identity));
}

// First the log, then the identity: the order that birth.hpp argues for.
net::awaitable<void> ReplicationNode::begin_log(raft::PersistBatch batch, store::Identity identity) {
  const std::function<void()> write = [this, &batch, &identity] {
    log_.append(batch);
    store::save_identity(seams_.disk, identity);
  };
  co_await seams_.workers.run(net::Lane::log, write);
  identity_ = std::move(identity);
  if (stopping_) co_return;
  start_consensus();
  for (const auto& [server, hello] : callers_) meet(hello);
  for (const auto& [id, peer] : peers_) {   // to greet as a member of the cluster
    link_lines_[id].redialling = peer->up();
    peer->redial();
  }
}

void ReplicationNode::start_consensus() {
  driver_.start(self(), raft_options(config_), std::move(durable_), archived_);
  if (archive_ != nullptr) {
    source_.start(*archive_);
    fetcher_.start();
    tasks_.spawn(compactor_.compact_loop());
    tasks_.spawn(scrubber_.scrub_loop(*archive_));
  }
  tasks_.spawn(autopilot_.autopilot_loop());
  tasks_.spawn(address_loop());
  status_changed(driver_.consensus().status());
  if (!configuration_) tasks_.spawn(place_loop());
}

// Of a cluster, and nothing of it is here: this node waits for a leader that gives it its place and fills it. It can't
// help them to one: where all lost their data, somebody has to bring some back.
net::awaitable<void> ReplicationNode::place_loop() {
  TimePoint line_due = seams_.clock.now() + first_waiting_line;
  while (!stopping_ && !configuration_) {
    if (seams_.clock.now() >= line_due) {
      std::string silent;
      for (const auto& [id, peer] : peers_) {
        if (peer->up()) continue;
        silent += (silent.empty() ? "; not reached: " : "; ") + describe(id) + " (" + peer->trouble() + ")";
      }
      seams_.logger.warn("waiting", "this data directory is empty and its cluster is not: waiting for a leader that "
                                    "fills it. Should none come, too many nodes' data is lost or set aside" + silent);
      line_due = seams_.clock.now() + place_line_interval;
    }
    co_await birth_alarm_->wait_until(line_due);
  }
}

void ReplicationNode::say_whom_we_wait_for() {
  std::string whom;
  for (const auto id : birth_.waiting_for()) {
    std::string why = birth_.objection(id);
    if (why.empty()) why = peer(id)->trouble();
    whom += (whom.empty() ? "" : "; ") + describe(id) + (why.empty() ? "" : " (" + why + ")");
  }
  if (whom.empty()) whom = "node " + std::to_string(config_.nodes.front().id.value) + " to found the cluster";
  seams_.logger.info("waiting", "a cluster is born when all its nodes can be reached: waiting for " + whom);
}

}  // namespace parley::node
