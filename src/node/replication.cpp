#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "net/address.hpp"
#include "node/replication_node.hpp"
#include "raft/log.hpp"

namespace parley::node {
namespace {


// How long a command or read may wait for the leader's answer. Longer than an election, so that a leader that has just
// been elected still answers; then the client is told to ask again.
Duration answer_timeout(const ClusterConfig& config) {
  return std::max<Duration>(4 * config.election_timeout, milliseconds(1000));
}

std::string_view role_name(raft::Role role) {
  switch (role) {
    case raft::Role::follower: return "follower";
    case raft::Role::pre_candidate: return "pre-candidate";
    case raft::Role::candidate: return "candidate";
    case raft::Role::leader: return "leader";
  }
  return "?";
}

std::string text(const raft::Configuration& configuration) {
  std::string line;
  for (const auto& member : configuration.members) {
    line += (line.empty() ? "" : ", ") + std::to_string(member.id.node.value) + (member.voter ? "" : " (learner)");
  }
  return line;
}

Submitted::Outcome outcome_of(raft::Refusal refusal) {
  switch (refusal) {
    case raft::Refusal::not_leader: return Submitted::Outcome::no_leader;
    case raft::Refusal::busy: return Submitted::Outcome::busy;
    case raft::Refusal::too_large: return Submitted::Outcome::too_large;
    case raft::Refusal::invalid: break;   // of configurations only
  }
  return Submitted::Outcome::unknown;
}

}  // namespace

raft::Options raft_options(const ClusterConfig& config) {
  raft::Options options;
  options.heartbeat_interval = config.heartbeat_interval;
  options.election_timeout = config.election_timeout;
  return options;
}

ReplicationNode::ReplicationNode(Seams seams, ReplicationParts parts)
    : seams_(seams),
      config_(std::move(parts.config)),
      self_config_(std::move(parts.self)),
      identity_(std::move(parts.identity)),
      log_(*parts.log),
      durable_(std::move(parts.durable)),
      archived_(std::move(parts.archived)),
      founding_(founding_digest(config_)),
      tasks_(seams.executor, seams.clock),
      driver_(seams, tasks_, *this, log_),
      compactor_(seams, driver_, log_, {config_.log_keep_entries, config_.log_keep_bytes()}, parts.checkpointed),
      scrubber_(seams, log_, config_.scrub_interval, std::move(parts.checkpointed), parts.archive_damaged),
      source_(seams, tasks_, driver_, *this,
              {config_.snapshot_rate_bytes(), config_.disk_free_min_bytes()}),
      fetcher_(seams, tasks_, driver_, *this),
      autopilot_(seams, driver_, config_, std::move(parts.min_voters),
                 [this](ServerId server) { acceptor_.hang_up(server, "call again: what was known here has changed"); }),
      membership_(
          seams, tasks_, driver_,
          [this](NodeId to, wire::PeerFrame frame) { return post_to(to, std::move(frame)); },
          [this](NodeId node) { return autopilot_.is_away(node); }, seams.entropy.u64()),
      space_(seams, config_.disk_free_min_bytes(), [this](bool changed) { space_looked(changed); }),
      departure_alarm_(seams.clock.make_alarm()),
      archive_(parts.archive),
      prepared_(std::move(parts.snapshot_prepared)),
      set_aside_(std::move(parts.set_aside)),
      unfilled_(parts.unfilled),
      archive_damaged_(std::move(parts.archive_damaged)),
      acceptor_(seams, tasks_, *this),
      forwards_(seams.clock, seams.entropy.u64()),
      address_alarm_(seams.clock.make_alarm()),
      birth_alarm_(seams.clock.make_alarm()),
      birth_(config_, self()) {
  for (const auto& node : config_.nodes) {
    if (node.id != identity_.node) add_peer(node.id).set_addresses({node.peer.advertise});
  }
}

Result<Nothing> ReplicationNode::listen() {
  auto listening = acceptor_.listen(self_config_.peer.listen);
  if (listening.ok()) {
    seams_.logger.info("peer_listening", "listening for the other nodes at " + acceptor_.local());
  }
  return listening;
}

net::awaitable<void> ReplicationNode::run() {
  PARLEY_ASSERT(!running_, "run() is called once");
  running_ = true;
  if (!stopping_) {
    if (born()) start_consensus();
    tasks_.spawn(space_.space_loop());
    acceptor_.start();
    for (const auto& [id, peer] : peers_) peer->start();
    if (!born()) tasks_.spawn(birth_loop());
  }
  co_await tasks_.join();
  co_await membership_.join();
}

void ReplicationNode::stop() {
  if (std::exchange(stopping_, true)) return;
  acceptor_.stop();
  for (const auto& [id, peer] : peers_) peer->stop();
  forwards_.stop();
  birth_alarm_->ring();
  compactor_.stop();
  scrubber_.stop();
  address_alarm_->ring();
  source_.stop();
  fetcher_.stop();
  autopilot_.stop();
  membership_.stop();
  space_.stop();
  departure_alarm_->ring();
  driver_.stop();
}

Peer* ReplicationNode::peer(NodeId id) {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : found->second.get();
}

const Peer* ReplicationNode::peer(NodeId id) const {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : found->second.get();
}

Peer& ReplicationNode::add_peer(NodeId id) {
  LinkOwner& owner = *this;
  auto added = std::make_unique<Peer>(seams_, tasks_, owner, id, seams_.entropy.u64());
  return *peers_.insert_or_assign(id, std::move(added)).first->second;
}

std::string ReplicationNode::describe(NodeId id) const {
  const auto* known = peer(id);
  const std::string name = "node " + std::to_string(id.value);
  return known == nullptr ? name : name + " at " + known->address();
}

// -- the face towards the state machine -----------------------------------------------------------------------

net::awaitable<std::vector<raft::Entry>> ReplicationNode::next_committed() { return driver_.next_committed(); }

void ReplicationNode::applied(Index index) { driver_.consensus().applied(index); }

net::awaitable<Submitted> ReplicationNode::submit(SharedBytes command) {
  Submitted submitted;
  if (!driver_.started() || stopping_) co_return submitted;
  if (has_no_space_for(command)) {
    submitted.outcome = Submitted::Outcome::disk_full;
    co_return submitted;
  }
  const auto proposed = driver_.consensus().propose(command, driver_.now());
  if (proposed.ok()) {
    driver_.wake();
    submitted.outcome = Submitted::Outcome::proposed;
    submitted.entry = *proposed;
    co_return submitted;
  }
  submitted.outcome = outcome_of(proposed.error());
  if (proposed.error() != raft::Refusal::not_leader || !leader_.leader || *leader_.leader == identity_.node) {
    co_return submitted;
  }
  // The answer comes over the leader's own link to here, so both links must be up.
  Peer* const leader = peer(*leader_.leader);
  if (leader == nullptr || !leader->up() || !acceptor_.hears(*leader_.leader)) co_return submitted;
  if (forwards_.full(command.size())) {
    submitted.outcome = Submitted::Outcome::busy;
    co_return submitted;
  }
  const std::uint64_t id = forwards_.begin(leader->id(), command.size());
  wire::Forward forward;
  forward.id = id;
  forward.command = std::move(command);
  if (!leader->post(wire::PeerFrame(std::move(forward)))) forwards_.not_sent({id});
  const TimePoint deadline = seams_.clock.now() + answer_timeout(config_);
  co_return co_await forwards_.wait(id, deadline);
}

net::awaitable<std::optional<Index>> ReplicationNode::read_index(TimePoint deadline) {
  return driver_.read_index(std::min(deadline, seams_.clock.now() + answer_timeout(config_)));
}

raft::Status ReplicationNode::status() const {
  return driver_.started() ? driver_.consensus().status() : raft::Status();
}

LeaderView ReplicationNode::leader() const { return leader_; }

Index ReplicationNode::persisted_index() const {
  return driver_.started() ? driver_.consensus().persisted_index() : Index();
}

std::vector<NodeId> ReplicationNode::waiting_for() const {
  return born() ? std::vector<NodeId>() : birth_.waiting_for();
}

bool ReplicationNode::connected(NodeId id) const {
  const auto* known = peer(id);
  return known != nullptr && known->up();
}

std::optional<ScrubView> ReplicationNode::scrub() const {
  if (archive_ == nullptr || !driver_.started()) return std::nullopt;
  return scrubber_.view();
}

std::optional<QuorumView> ReplicationNode::quorum() const {
  if (role_ != raft::Role::leader) return std::nullopt;
  auto view = autopilot_.view();
  // Until a configuration is committed the one before may be what holds.
  const auto& consensus = driver_.consensus();
  const bool settled = consensus.log().configuration_index() <= consensus.hard_state().commit_index;
  if (!settled) view.resilience.bearable = view.resilience.bearable_any = 0;
  return view;
}

net::awaitable<wire::MemberReply> ReplicationNode::administer(wire::MemberRequest request) {
  return membership_.ask(std::move(request));
}

void ReplicationNode::on_leader_change(std::function<void()> callback) {
  leader_callbacks_.push_back(std::move(callback));
}

void ReplicationNode::announce_presence(std::vector<std::uint64_t> accounts) {
  if (accounts == presence_) return;
  presence_ = std::move(accounts);
  for (const auto& [id, peer] : peers_) peer->announce_presence(presence_);
}

std::vector<std::uint64_t> ReplicationNode::remote_presence() const {
  std::vector<std::uint64_t> all;
  for (const auto& [id, accounts] : remote_presence_) all.insert(all.end(), accounts.begin(), accounts.end());
  std::ranges::sort(all);
  const auto repeated = std::ranges::unique(all);
  all.erase(repeated.begin(), repeated.end());
  return all;
}

// -- what consensus decided -----------------------------------------------------------------------------------

void ReplicationNode::look_at_peers() {
  for (const auto& [id, peer] : peers_) peer->look();
}

void ReplicationNode::status_changed(const raft::Status& status) {
  if (status.configuration && status.configuration != configuration_) follow_configuration(*status.configuration);
  configuration_ = status.configuration;
  autopilot_.look();
  departure_alarm_->ring();

  const std::string term = std::to_string(status.term.value);
  if (status.role != role_) {
    role_ = status.role;
    source_.look();
    led_since_ = seams_.clock.now();
    space_.look();
    seams_.logger.info("role_changed", "now " + std::string(role_name(role_)) + " in term " + term);
  }
  LeaderView view;
  view.leader = status.leader;
  view.term = status.term;
  if (view.leader) {
    const auto* member = configuration_ ? configuration_->find(*view.leader) : nullptr;
    const auto* configured = config_.find(*view.leader);
    if (member != nullptr) view.client_address = member->client_address;
    if (configured != nullptr) view.client_address = configured->client.advertise;
  }
  if (view == leader_) return;
  const bool moved = view.leader != leader_.leader;
  leader_ = std::move(view);
  if (moved && leader_.leader) {
    forwards_.led_by(*leader_.leader);
    seams_.logger.info("leader_changed", "node " + std::to_string(leader_.leader->value) + " leads in term " + term);
  } else if (moved) {
    seams_.logger.warn("leader_lost", "no leader known in term " + term);
  }
  for (const auto& callback : leader_callbacks_) callback();
}

bool ReplicationNode::post_to(NodeId to, wire::PeerFrame frame) {
  auto* const known = peer(to);
  return known != nullptr && known->post(std::move(frame));
}

// Those in the file come first: they are what the operator of this node knows (R6). Then the log's, then the one at
// which the node itself says that it is: who has moved is reached before the log knows it, and so learns who leads.
// It may have said so when it had no place yet.
std::vector<std::string> ReplicationNode::addresses_of(const raft::Member& member) const {
  std::vector<std::string> addresses;
  const auto add = [&addresses](const std::string& address) {
    if (!address.empty() && std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  };
  if (const auto* configured = config_.find(member.id.node)) add(configured->peer.advertise);
  add(member.peer_address);
  if (const auto said = said_addresses_.find(member.id); said != said_addresses_.end()) add(said->second);
  const auto caller = callers_.find(member.id);
  if (caller != callers_.end() && net::parse_address(caller->second.address).ok()) add(caller->second.address);
  return addresses;
}

void ReplicationNode::follow_configuration(const raft::Configuration& configuration) {
  seams_.logger.info("configuration", "voting nodes: " + text(configuration));
  for (const auto& member : configuration.members) {
    if (member.id.node == identity_.node) continue;
    const bool known = peer(member.id.node) != nullptr;
    Peer& dialled = known ? *peer(member.id.node) : add_peer(member.id.node);
    dialled.set_addresses(addresses_of(member));
    if (!known && !stopping_) dialled.start();
  }
}

}  // namespace parley::node
