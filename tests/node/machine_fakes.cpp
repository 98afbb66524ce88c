#include "node/machine_fakes.hpp"

#include <algorithm>

namespace parley::node::test {

// -- connections --------------------------------------------------------------------------------------------------

FakeConnection::FakeConnection(net::Clock& clock, std::string remote)
    : remote_(std::move(remote)), reader_(clock.make_alarm()), writer_(clock.make_alarm()) {}

net::awaitable<std::optional<std::string>> FakeConnection::read() {
  while (said_.empty() && !closed_) co_await reader_->wait_until(never);
  if (closed_) co_return std::nullopt;
  auto text = std::move(said_.front());
  said_.pop_front();
  co_return std::optional<std::string>(std::move(text));
}

net::awaitable<bool> FakeConnection::write(std::string message) {
  while (stalled_ && !closed_) co_await writer_->wait_until(never);
  if (closed_) co_return false;
  heard.push_back(std::move(message));
  co_return true;
}

void FakeConnection::close(std::string_view reason) {
  if (closed_) return;
  closed_ = true;
  close_reason_ = reason;
  reader_->ring();
  writer_->ring();
}

void FakeConnection::say(std::string text) {
  said_.push_back(std::move(text));
  reader_->ring();
}

void FakeConnection::stall(bool stalled) {
  stalled_ = stalled;
  writer_->ring();
}

class FakeNetwork::FakeListener final : public net::Listener {
 public:
  FakeListener(std::shared_ptr<Door> door, std::string address)
      : door_(std::move(door)), address_(std::move(address)) {}
  net::awaitable<std::shared_ptr<net::Connection>> accept() override {
    while (door_->waiting.empty() && !door_->closed) co_await door_->alarm->wait_until(never);
    if (door_->closed) co_return nullptr;
    std::shared_ptr<net::Connection> connection = door_->waiting.front();
    door_->waiting.pop_front();
    co_return connection;
  }
  void close() override {
    door_->closed = true;
    door_->alarm->ring();
  }
  std::string local() const override { return address_; }

 private:
  std::shared_ptr<Door> door_;
  std::string address_;
};

FakeNetwork::~FakeNetwork() = default;

net::awaitable<net::ConnectResult> FakeNetwork::connect(net::Transport, std::string, TimePoint) {
  co_return net::ConnectResult();
}

Result<std::unique_ptr<net::Listener>> FakeNetwork::listen(net::Transport, std::string address, net::HttpPages pages) {
  if (address == "taken") return Error{"taken: address already in use"};
  door_ = std::make_shared<Door>();
  door_->alarm = clock_.make_alarm();
  pages_ = std::move(pages);
  return std::unique_ptr<net::Listener>(std::make_unique<FakeListener>(door_, std::move(address)));
}

std::shared_ptr<FakeConnection> FakeNetwork::dial(std::string from) {
  auto connection = std::make_shared<FakeConnection>(clock_, std::move(from));
  door_->waiting.push_back(connection);
  door_->alarm->ring();
  return connection;
}

// -- replication --------------------------------------------------------------------------------------------------

FakeReplication::FakeReplication(NodeId self) {
  identity_.node = self;
  identity_.incarnation = Incarnation{7};
  identity_.cluster = ClusterId{99};
}

net::awaitable<std::vector<raft::Entry>> FakeReplication::next_committed() {
  while (handed_out_ == committed_ && !stopped_) co_await alarm_->wait_until(never);
  std::vector<raft::Entry> entries;
  if (stopped_) co_return entries;
  while (handed_out_ < committed_) {
    entries.push_back(log_[handed_out_.value]);
    ++handed_out_;
  }
  co_return entries;
}

net::awaitable<Submitted> FakeReplication::submit(SharedBytes command) {
  Submitted result;
  submitted.push_back(command);
  if (submit_delay > Duration{0}) co_await delay_->wait_until(clock_->now() + submit_delay);
  if (stopped_ || !leading) co_return result;
  result.outcome = Submitted::Outcome::proposed;
  if (!outcomes.empty()) {
    result.outcome = outcomes.front();
    outcomes.pop_front();
  }
  const bool appended = result.outcome == Submitted::Outcome::proposed ||
                        (result.outcome == Submitted::Outcome::unknown && append_when_unknown);
  if (appended) {
    const auto index = append(std::move(command));
    result.entry = raft::EntryId{term_, index};
  }
  co_return result;
}

net::awaitable<wire::MemberReply> FakeReplication::administer(wire::MemberRequest request) {
  administered.push_back(std::move(request));
  co_return member_reply;
}

net::awaitable<std::optional<Index>> FakeReplication::read_index(TimePoint) {
  if (!leading || !answers_reads) co_return std::nullopt;
  co_return committed_;
}

raft::Status FakeReplication::status() const {
  raft::Status status;
  status.role = leading ? raft::Role::leader : raft::Role::follower;
  status.term = term_;
  if (leading) status.leader = identity_.node;
  status.last_index = last();
  status.persisted_index = persisted_index();
  status.commit_index = committed_;
  status.applied_index = applied_;
  status.quorum_heard = leading;
  status.leader_heard = leader_heard_;
  raft::Configuration configuration;
  raft::Member member;
  member.id = ServerId{identity_.node, identity_.incarnation};
  member.client_address = "fake:7201";
  configuration.members.push_back(member);
  status.configuration = std::make_shared<const raft::Configuration>(std::move(configuration));
  return status;
}

LeaderView FakeReplication::leader() const {
  LeaderView view;
  view.term = term_;
  if (leading) {
    view.leader = identity_.node;
    view.client_address = "fake:7201";
  }
  return view;
}

Index FakeReplication::persisted_index() const { return persisted.value_or(last()); }

void FakeReplication::stop() {
  stopped_ = true;
  alarm_->ring();
}

void FakeReplication::begin(net::Clock& clock) {
  clock_ = &clock;
  alarm_ = clock.make_alarm();
  delay_ = clock.make_alarm();
  leader_heard_ = leading ? clock.now() : long_ago;
  leader_callback_ = {};
  stopped_ = false;
  handed_out_ = Index{};
}

void FakeReplication::commit_all() { commit_through(last()); }

void FakeReplication::commit_through(Index index) {
  committed_ = std::max(committed_, index);
  alarm_->ring();
}

void FakeReplication::lose_uncommitted() { log_.resize(committed_.value); }

void FakeReplication::new_term(bool known_leader) {
  ++term_;
  leading = known_leader;
  raft::Entry noop;
  noop.id = raft::EntryId{term_, last().next()};
  noop.time = LogTime{clock_->wall_now().ms};
  noop.content = raft::Noop{};
  log_.push_back(noop);
  commit_all();
  told_leader();
}

void FakeReplication::no_leader() {
  leading = false;
  leader_heard_ = clock_->now();
  told_leader();
}

void FakeReplication::told_leader() {
  if (leader_callback_) leader_callback_();
}

Index FakeReplication::append(SharedBytes command) {
  raft::Entry entry;
  entry.id = raft::EntryId{term_, last().next()};
  entry.time = LogTime{clock_->wall_now().ms};
  entry.content = std::move(command);
  log_.push_back(std::move(entry));
  if (commit_at_once) commit_all();
  return last();
}

void FakeReplication::append_configuration(raft::Configuration configuration) {
  raft::Entry entry;
  entry.id = raft::EntryId{term_, last().next()};
  entry.time = LogTime{clock_->wall_now().ms};
  entry.content = std::make_shared<const raft::Configuration>(std::move(configuration));
  log_.push_back(std::move(entry));
  commit_all();
}

}  // namespace parley::node::test
