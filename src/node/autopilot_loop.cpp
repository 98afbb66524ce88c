#include "node/autopilot_loop.hpp"

#include <algorithm>
#include <utility>

namespace parley::node {
namespace {

constexpr int standstill_heartbeats = 2;
constexpr int fresh_heartbeats = 2;
constexpr int away_heartbeats = 4;
constexpr int steady_heartbeats = 4;       // doubled each time it falls out: until it votes again it is missed
constexpr int silent_grace_timeouts = 5;   // election timeouts without a word from a voter whose port does not refuse

std::string ms_since(TimePoint then, TimePoint now) {
  return std::to_string(std::chrono::duration_cast<milliseconds>(now - then).count()) + " ms";
}

// Why a voter loses its vote.
std::string trouble_of(ServerId id, const raft::Status& status, const std::vector<raft::PeerLink>& links,
                       TimePoint now) {
  const auto link = std::ranges::find(links, id.node, &raft::PeerLink::node);
  const bool refuses = link != links.end() && link->refused_since;
  if (refuses) return "its port has refused for " + ms_since(*link->refused_since, now);
  const auto peer = std::ranges::find(status.peers, id, &raft::PeerStatus::id);
  if (peer == status.peers.end()) return "it does not answer";
  return "it was not heard for " + ms_since(peer->heard_at, now);
}

std::string voters_of(const raft::Configuration& configuration) {
  return std::to_string(configuration.voters()) + (configuration.voters() == 1 ? " voter" : " voters");
}

}  // namespace

AutopilotLoop::AutopilotLoop(Seams seams, Driver& driver, const ClusterConfig& config,
                             std::function<std::size_t()> min_voters, std::function<void(ServerId)> ask_again)
    : seams_(seams),
      driver_(driver),
      heartbeat_interval_(config.heartbeat_interval),
      silent_grace_(silent_grace_timeouts * config.election_timeout),
      planned_stop_grace_(config.planned_stop_grace),
      min_voters_(std::move(min_voters)),
      ask_again_(std::move(ask_again)),
      alarm_(seams.clock.make_alarm()) {}

// A leader looks at every heartbeat: whom it hears changes with the time alone.
net::awaitable<void> AutopilotLoop::autopilot_loop() {
  while (!stopping_) {
    const auto status = driver_.consensus().status();
    decide(status);
    TimePoint next = never;
    if (status.role == raft::Role::leader) {
      next = std::min(autopilot_.next_look(), seams_.clock.now() + heartbeat_interval_);
    }
    co_await alarm_->wait_until(next);
    const TimePoint now = seams_.clock.now();   // far too late: a stopped process, a starved machine
    if (next != never && now > next + standstill_heartbeats * heartbeat_interval_) autopilot_.woke(now);
  }
}

void AutopilotLoop::look() { alarm_->ring(); }

void AutopilotLoop::leave() { leaving_ = true; }

void AutopilotLoop::stop() {
  stopping_ = true;
  alarm_->ring();
}

raft::AutopilotOptions AutopilotLoop::options() const {
  raft::AutopilotOptions options;
  options.enabled = !leaving_;
  options.silent_grace = silent_grace_;
  options.fresh = fresh_heartbeats * heartbeat_interval_;
  options.steady_least = steady_heartbeats * heartbeat_interval_;
  if (min_voters_) options.min_voters = min_voters_();
  return options;
}

void AutopilotLoop::decide(const raft::Status& status) {
  autopilot_.set_options(options());
  const auto links = links_now(status);
  const Now now = driver_.now();
  const auto next = autopilot_.decide(status, links, now);
  if (!next) return;
  const auto proposed = driver_.consensus().propose_configuration(*next, now);
  if (!proposed.ok()) return;   // another change is under way: at the next look
  std::string what = describe_change(*status.configuration, *next, status, links, now.steady);
  if (status.returnable) what = "the latest change can't be committed now, and is taken back; " + voters_of(*next);
  seams_.logger.warn("quorum", what);
  driver_.wake();
}

// -- what links tell --------------------------------------------------------------------------------------------------

raft::PeerLink& AutopilotLoop::link(NodeId node) {
  auto& known = links_[node];
  known.node = node;
  return known;
}

void AutopilotLoop::reached(NodeId node) {
  auto& known = link(node);
  known.refused_since.reset();
  stopping_nodes_.erase(node);
  // It is back, if it was away: and is given the time to be heard, or its vote would go now for all the time before.
  const TimePoint soon = seams_.clock.now() + silent_grace_;
  if (known.seat_kept_until) known.seat_kept_until = std::min(*known.seat_kept_until, soon);
}

void AutopilotLoop::refused(NodeId node) {
  auto& known = link(node);
  if (known.refused_since) return;
  known.refused_since = seams_.clock.now();
  alarm_->ring();
}

void AutopilotLoop::lost(NodeId node) { link(node).refused_since.reset(); }

// By what is committed: that is never taken back.
void AutopilotLoop::called(ServerId server) {
  link(server.node).joining = server.incarnation;
  place_asked_for_.erase(server.node);
  const auto& committed = driver_.committed_configuration();
  const auto* member = committed ? committed->find(server.node) : nullptr;
  if (member != nullptr) place_asked_for_[server.node] = member->id.incarnation;
}

// R4: who called while another had the place, or had it itself, may have been replaced meanwhile: the one that has it
// now is not given up for a data directory that is gone. (Who called before any of this was known, has it known now.)
// A place that was added by its addresses is nobody's yet.
std::vector<raft::PeerLink> AutopilotLoop::links_now(const raft::Status& status) {
  std::vector<raft::PeerLink> links;
  std::vector<ServerId> doubtful;
  const auto& committed = driver_.committed_configuration();
  for (const auto& [node, known] : links_) {
    links.push_back(known);
    if (!known.joining) continue;
    const auto* then = committed ? committed->find(node) : nullptr;
    if (then != nullptr) place_asked_for_.try_emplace(node, then->id.incarnation);
    const auto asked = place_asked_for_.find(node);
    const auto* member = status.configuration ? status.configuration->find(node) : nullptr;
    if (member == nullptr || member->id.incarnation == Incarnation(0)) continue;
    const bool same = asked != place_asked_for_.end() && asked->second == member->id.incarnation;
    if (same) continue;
    links.back().joining.reset();
    // It may be there still, and have called while less was known here: it calls again, and who is gone does not.
    const bool settled = then != nullptr && then->id == member->id && *known.joining != member->id.incarnation;
    if (settled && status.role == raft::Role::leader) doubtful.push_back({node, *known.joining});
  }
  for (const ServerId& server : doubtful) ask_again_(server);
  return links;
}

// Only who is still there may ask for a place: one that was replaced once, and only called, must not come to hold it
// when the present one is away for a while.
void AutopilotLoop::hung_up(ServerId server) {
  auto& known = link(server.node);
  if (known.joining == server.incarnation) known.joining.reset();
}

void AutopilotLoop::stops(NodeId node) {
  link(node).seat_kept_until = seams_.clock.now() + planned_stop_grace_;
  stopping_nodes_.insert(node);
}

bool AutopilotLoop::is_away(NodeId node) const {
  const TimePoint now = seams_.clock.now();
  const auto known = links_.find(node);
  if (is_stopping(node) || (known != links_.end() && known->second.refused_since)) return true;
  const auto status = driver_.consensus().status();
  const auto peer = std::ranges::find(status.peers, node, [](const auto& one) { return one.id.node; });
  return peer != status.peers.end() && peer->heard_at + away_heartbeats * heartbeat_interval_ < now;
}

std::string describe_change(const raft::Configuration& before, const raft::Configuration& after,
                            const raft::Status& status, const std::vector<raft::PeerLink>& links, TimePoint now) {
  std::string what;
  for (const auto& member : after.members) {
    const std::string node = "node " + std::to_string(member.id.node.value);
    const auto* former = before.find(member.id.node);
    if (former == nullptr || *former == member) continue;
    if (former->id != member.id) {
      what = node + " goes on with the data directory that it came with, as a learner; its former one is gone";
    } else if (member.voter) {
      what = node + " becomes a voter: it is caught up and steady";
    } else {
      what = node + " becomes a learner: " + trouble_of(member.id, status, links, now);
    }
  }
  return what + "; " + voters_of(after);
}

}  // namespace parley::node
