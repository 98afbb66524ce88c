#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "sim/nemesis.hpp"

// An operator: takes members out and in again, moves them to their machine's other name, promotes them. Asks any node
// that runs, and asks again; looks at what is committed, not at answers, to see what became of it.

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration ask_interval = 1s;
constexpr Duration removal_under_way_most = 60s;   // a request may wait in a cut cable, or with a stopped leader

using Reply = std::shared_ptr<std::optional<wire::MemberReply>>;

net::awaitable<void> ask_one(node::Replication& replication, wire::MemberRequest request, Reply reply) {
  auto answer = co_await replication.administer(std::move(request));
  *reply = std::move(answer);
}

std::string_view words(wire::MemberAction action) {
  constexpr std::array<std::string_view, 5> all = {"list", "add", "remove", "promote", "let lead"};
  return all.at(static_cast<std::size_t>(action));
}

bool is_final(const Reply& reply) {
  return reply && *reply && (*reply)->outcome != wire::MemberReply::Outcome::unknown;
}

bool is_settled(const Reply& reply) {   // nothing is to be gained by asking again
  return is_final(reply) && (*reply)->outcome != wire::MemberReply::Outcome::later;
}

}  // namespace

bool Nemesis::member_fault(const FaultEvent& event, Random& random) {
  if (event.fault != Fault::membership) return false;
  SimNode& node = random.chance(0.3) ? *leader_or_any(random) : any_node(random);
  const std::uint64_t what = random.below(10);
  if (what < 7) {
    if (!may_remove(node)) return false;
    remove(node, event.lasts);
  } else if (what < 9) {
    move(node, random);
  } else {
    wire::MemberRequest request;
    request.action = wire::MemberAction::promote;
    request.node = node.id();
    insist(request, cluster_.world().now() + event.lasts);
  }
  return true;
}

// Whose clock is years ahead ends every login and client session once it is the only member: there is no other clock
// that it could be compared with (R14). So where one is, one at most is away at a time, or asked away: who was refused
// once is asked again.
bool Nemesis::may_remove(const SimNode& node) {
  if (!plan_.chosen.contains(Fault::ten_years)) return true;
  note_all_beliefs();
  const auto committed = latest_committed().configuration;
  const auto leaving = may_be_removed();
  const TimePoint now = cluster_.world().now();
  return committed && std::ranges::all_of(cares_, [&](const auto& entry) {
    const bool leaves = leaving.contains(entry.first) || entry.second.away_until > now;
    return entry.first == node.id() || (committed->find(entry.first) != nullptr && !leaves);
  });
}

// Never by force. It is told, and ends; after `lasts` it is taken in again.
void Nemesis::remove(SimNode& node, Duration lasts) {
  Care& cared = care(node);
  cared.expelled = true;
  cared.away_until = cluster_.world().now() + lasts;
  wire::MemberRequest request;
  request.action = wire::MemberAction::remove;
  request.node = node.id();
  insist(request, cared.away_until);
}

// Asks until there is an answer to it: who leads hands over first, another change may be under way.
void Nemesis::insist(const wire::MemberRequest& request, TimePoint until) {
  const auto reply = ask(request);
  if (cluster_.world().now() + ask_interval >= until) return;
  schedule(ask_interval, [this, request, until, reply] {
    if (!is_settled(reply)) insist(request, until);
  });
}

// To the other name of its machine, or back: what was known of its addresses is true all the time.
void Nemesis::move(SimNode& node, Random& random) {
  const int name = random.chance(0.5) ? 1 : 0;
  wire::MemberRequest request;
  request.action = wire::MemberAction::add;
  request.node = node.id();
  request.peer_address = address_of(node.id(), peer_port, name);
  request.client_address = address_of(node.id(), client_port, name);
  ask(request);
}

Nemesis::Reply Nemesis::ask(const wire::MemberRequest& request) {
  std::vector<SimNode*> able;
  for (std::size_t i = 1; i <= cluster_.size(); ++i) {
    SimNode& node = cluster_.node(i);
    if (node.running() && !node.paused() && !node.node().between_lives()) able.push_back(&node);
  }
  if (able.empty()) return nullptr;
  SimNode& asked = *able[random_.below(able.size())];
  auto reply = std::make_shared<std::optional<wire::MemberReply>>();
  say("node " + std::to_string(asked.id().value) + " is asked to " + std::string(words(request.action)) + " node " +
      std::to_string(request.node.value));
  if (request.action == wire::MemberAction::remove) {
    removals_.push_back({request.node, cluster_.world().now(), reply});
  }
  asked.spawn(ask_one(asked.node().replication(), request, reply));
  return reply;
}

// Whom a request that is not answered yet may still remove.
std::set<NodeId> Nemesis::may_be_removed() {
  const TimePoint now = cluster_.world().now();
  std::erase_if(removals_, [now](const Removal& removal) {
    return is_final(removal.reply) || removal.asked + removal_under_way_most < now;
  });
  std::set<NodeId> nodes;
  for (const Removal& removal : removals_) nodes.insert(removal.node);
  return nodes;
}

// -- out and in again ---------------------------------------------------------------------------------------------

// It ended because it is no member, as it should; if an operator ever wanted that.
bool Nemesis::went_as_told(const SimNode& node) {
  if (!care(node).expelled) return false;
  const std::string& last = node.last_words();
  return last.find("was removed from the cluster") != std::string::npos ||
         last.find("this one was replaced") != std::string::npos;
}

// In every phase: whoever is not to be away any more, and is no member, is taken in.
void Nemesis::look_after_members() {
  schedule(ask_interval, [this] { look_after_members(); });
  const bool quiet = std::ranges::none_of(cares_, [](const auto& entry) { return entry.second.expelled; });
  if (quiet) return;
  note_all_beliefs();
  const auto committed = latest_committed().configuration;
  for (std::size_t i = 1; i <= cluster_.size(); ++i) {
    SimNode& node = cluster_.node(i);
    Care& cared = care(node);
    if (!cared.expelled || cluster_.world().now() < cared.away_until) continue;
    if (cared.outside && !cared.seen_to) see_to(node);
    if (committed && committed->find(node.id()) != nullptr) cared.outside = false;
    else take_in(node);
  }
}

// Who went gets an empty data directory, as OPERATIONS.md says, or keeps its old one; only who has an empty one may
// wait at the door.
void Nemesis::see_to(SimNode& node) {
  Care& cared = care(node);
  cared.seen_to = true;
  if (cared.damaged || !random_.chance(0.5) || !may_lose(node) || somebody_is_foreign()) return;
  lose_directory(node);
  if (random_.chance(0.5)) cared.outside = false;
}

void Nemesis::take_in(SimNode& node) {
  wire::MemberRequest request;
  request.action = wire::MemberAction::add;
  request.node = node.id();
  request.peer_address = address_of(node.id(), peer_port);
  request.client_address = address_of(node.id(), client_port);
  ask(request);
}

void Nemesis::take_all_in() {
  for (auto& [id, cared] : cares_) cared.away_until = cluster_.world().now();
  look_after_members();
}

}  // namespace parley::sim
