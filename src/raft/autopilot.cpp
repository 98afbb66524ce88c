// Dynamic quorum: when the voting set changes by itself.
#include "raft/autopilot.hpp"

#include <algorithm>
#include <utility>

#include "base/mutant.hpp"

namespace parley::raft {
namespace {

const PeerStatus* find(const Status& status, ServerId id) {
  const auto found =
      std::find_if(status.peers.begin(), status.peers.end(), [&](const auto& peer) { return peer.id == id; });
  return found == status.peers.end() ? nullptr : &*found;
}

const PeerLink* find(const std::vector<PeerLink>& links, NodeId node) {
  const auto found = std::find_if(links.begin(), links.end(), [&](const auto& link) { return link.node == node; });
  return found == links.end() ? nullptr : &*found;
}

constexpr unsigned falls_most = 16;

Configuration with(Configuration configuration, const Member& changed, bool voter) {
  for (Member& member : configuration.members) {
    if (member.id == changed.id) member.voter = voter;
  }
  return configuration;
}

// R4: the other data directory is another server, which begins as a learner.
Configuration replaced(Configuration configuration, const Member& gone, Incarnation by) {
  for (Member& member : configuration.members) {
    if (member.id == gone.id) member.id.incarnation = by;
  }
  return configuration;
}

bool same_voters(const Configuration& one, const Configuration& other) {
  const auto within = [](const Configuration& some, const Configuration& all) {
    return std::all_of(some.members.begin(), some.members.end(),
                       [&](const Member& member) { return !member.voter || all.is_voter(member.id); });
  };
  return within(one, other) && within(other, one);
}

bool answers(const PeerStatus& peer, const PeerLink* link) {
  return peer.recently_heard && !(link != nullptr && link->refused_since);
}

}  // namespace

Resilience Resilience::of(std::size_t voters, std::size_t alive, std::size_t min_voters) {
  const std::size_t majority = voters / 2 + 1;
  const bool half_will_do = voters % 2 == 0 && voters > std::max<std::size_t>(min_voters, 1);
  const std::size_t needed = half_will_do ? voters / 2 : majority;
  Resilience result{voters, alive, alive >= majority, 0, 0};
  result.bearable = alive > needed ? alive - needed : 0;
  result.bearable_any = alive > majority ? alive - majority : 0;
  return result;
}

std::optional<Configuration> Autopilot::decide(const Status& status, const std::vector<PeerLink>& links, Now now) {
  next_look_ = never;
  acts_at_.reset();
  if (!status.returnable) changing_.reset();
  if (status.role != Role::leader || !status.configuration) {
    seen_.clear();
    resilience_ = {};
    return std::nullopt;
  }
  if (std::exchange(term_, status.term) != status.term) seen_.clear();

  const Configuration& present = *status.configuration;
  resilience_ = Resilience::of(present.voters(), alive_voters(present, status, links), options_.min_voters);
  Candidate dead;
  Candidate gone;
  Candidate back;
  const auto sooner = [](Candidate& candidate, const Member& member, TimePoint at) {
    if (at < candidate.at) candidate = {&member, at};
  };
  for (const Member& member : present.members) {
    const PeerStatus* peer = find(status, member.id);
    if (peer == nullptr) continue;   // this server itself
    Seen& seen = note(member, now.steady);
    const PeerLink* link = find(links, member.id.node);
    if (!member.voter) {
      sooner(gone, member, replaced_at(*peer, link));
      sooner(back, member, steady_at(*peer, link, status, seen, now.steady));
    } else if (!answers(*peer, link)) {
      sooner(dead, member, dead_at(*peer, link));
    }
  }
  if (status.returnable) return taken_back(status, links, now.steady);
  if (!options_.enabled) return std::nullopt;

  if (dead.member != nullptr && dead.at != never && worth_shrinking()) {
    acts_at_ = dead.at;
    const bool due = dead.at <= now.steady;
    if (due && (PARLEY_MUTANT(shrinks_unconfirmed) || confirms(present, *dead.member, status, now.steady))) {
      return with(present, *dead.member, false);
    }
    look_at(due ? now.steady + options_.fresh : dead.at);
  }
  if (gone.member != nullptr) {
    if (gone.at <= now.steady) return replaced(present, *gone.member, *find(links, gone.member->id.node)->joining);
    look_at(gone.at);
  }
  // A voter more must not end what goes on: the larger majority has to be alive.
  const auto larger = Resilience::of(present.voters() + 1, resilience_.alive + 1, options_.min_voters);
  if (back.member != nullptr && larger.usable) {
    if (back.at <= now.steady) return with(present, *back.member, true);
    look_at(back.at);
  }
  return std::nullopt;
}

// R1: only what makes writes possible again, or lets one more die than before. With four voters of which one is dead
// that one more is the leader: two of four could elect nobody, two of three can.
bool Autopilot::worth_shrinking() const {
  const std::size_t least = PARLEY_MUTANT(shrinks_below_min_voters) ? 1 : options_.min_voters;
  if (resilience_.voters <= std::max<std::size_t>(least, 1)) return false;
  const auto smaller = Resilience::of(resilience_.voters - 1, resilience_.alive, options_.min_voters);
  const bool usable = smaller.usable || PARLEY_MUTANT(shrinks_to_what_can_not_write);
  if (!usable) return false;   // its own majority must confirm it
  return !resilience_.usable || smaller.bearable > resilience_.bearable ||
         smaller.bearable_any > resilience_.bearable_any;
}

// A change that is not committed, while a majority of the configuration before it is heard (docs/decisions/0022): its
// own majority fell silent, or answers and does not confirm it (a disk that hangs). Without this, two of three that are
// well would wait for the third. Nothing else can be proposed meanwhile. With the same voters it would help nobody, and
// who became a member, and reads in the log that it was none again, would end as one that was replaced (R4).
std::optional<Configuration> Autopilot::taken_back(const Status& status, const std::vector<PeerLink>& links,
                                                   TimePoint now) {
  if (same_voters(*status.returnable, *status.configuration)) return std::nullopt;
  if (!same(std::exchange(changing_, status.configuration), status.configuration)) changing_since_ = now;
  const TimePoint patience = changing_since_ + options_.silent_grace;
  if (alive_voters(*status.returnable, status, links) < status.returnable->quorum()) return std::nullopt;
  if (!resilience_.usable || patience <= now) return *status.returnable;
  look_at(patience);
  return std::nullopt;
}

// Until a majority of those who are left has the change, nothing else is committed: so not when they may have gone just
// now.
bool Autopilot::confirms(const Configuration& present, const Member& dead, const Status& status, TimePoint now) const {
  std::size_t heard = 0;
  for (const Member& member : present.members) {
    if (!member.voter || member.id == dead.id) continue;
    const PeerStatus* peer = find(status, member.id);   // null: this server itself
    heard += peer == nullptr || peer->heard_at + options_.fresh >= now;
  }
  return heard >= (present.voters() - 1) / 2 + 1;
}

// When a voter counts as dead: never, while it answers. The seat of one that stops on purpose is kept, but not when
// nothing can be written without the change: that would make of a planned stop what no crash does.
TimePoint Autopilot::dead_at(const PeerStatus& peer, const PeerLink* link) const {
  TimePoint at = std::max(peer.heard_at, awake_since_) + options_.silent_grace;
  if (link == nullptr) return at;
  if (link->refused_since) at = std::min(at, std::max(*link->refused_since, awake_since_) + options_.refused_grace);
  const bool kept = resilience_.usable && !PARLEY_MUTANT(seats_are_not_kept);
  if (link->seat_kept_until && kept) at = std::max(at, *link->seat_kept_until);
  return at;
}

// Of that configuration; who is no member of the present one is not heard.
std::size_t Autopilot::alive_voters(const Configuration& configuration, const Status& status,
                                    const std::vector<PeerLink>& links) const {
  std::size_t alive = 0;
  for (const Member& member : configuration.members) {
    if (!member.voter || status.configuration->find(member.id) == nullptr) continue;
    const PeerStatus* peer = find(status, member.id);   // null: this server itself
    alive += peer == nullptr || answers(*peer, find(links, member.id.node));
  }
  return alive;
}

// R4: when a learner's place goes to the data directory that came instead: never, while the former one is heard. Who
// was added by its addresses alone (incarnation 0) gives way at once. A voter is made a learner first, like a dead one.
TimePoint Autopilot::replaced_at(const PeerStatus& peer, const PeerLink* link) const {
  if (link == nullptr || !link->joining || *link->joining == peer.id.incarnation || peer.recently_heard) return never;
  return peer.id.incarnation == Incarnation(0) ? long_ago : peer.heard_at + options_.silent_grace;
}

// Falls are counted as they are seen in the configuration, whoever brought them about.
Autopilot::Seen& Autopilot::note(const Member& member, TimePoint now) {
  Seen& seen = seen_[member.id.node];
  if (seen.id != member.id) seen = Seen{member.id, member.voter, {}, long_ago, 0};
  if (seen.voter && !member.voter) {
    seen.fell_at = now;
    seen.steady_since.reset();
    if (seen.falls < falls_most) ++seen.falls;
  }
  if (member.voter && now > seen.fell_at + options_.steady_most) seen.falls = 0;
  seen.voter = member.voter;
  return seen;
}

// When a learner has been well for long enough; never, while it is not.
TimePoint Autopilot::steady_at(const PeerStatus& peer, const PeerLink* link, const Status& status, Seen& seen,
                               TimePoint now) const {
  const bool acknowledged = peer.replicating && peer.match_index > Index(0);   // under this very incarnation
  const bool caught_up = acknowledged && peer.match_index + options_.caught_up_entries >= status.last_index;
  const bool away = link != nullptr && (link->refused_since || link->seat_kept_until > now);
  if (!peer.recently_heard || !caught_up || away) {
    seen.steady_since.reset();
    return never;
  }
  if (!seen.steady_since) seen.steady_since = now;
  // Until it has acknowledged its own promotion nothing else is committed: so not when it may have gone just now.
  if (peer.heard_at + options_.fresh < now) return never;
  return *seen.steady_since + steady_for(seen);
}

Duration Autopilot::steady_for(const Seen& seen) const {
  Duration wait = options_.steady_least;
  const unsigned falls = PARLEY_MUTANT(returns_undamped) ? 0 : seen.falls;
  for (unsigned fall = 1; fall < falls && wait < options_.steady_most; ++fall) wait *= 2;
  return std::min(wait, options_.steady_most);
}

void Autopilot::look_at(TimePoint when) { next_look_ = std::min(next_look_, when); }

}  // namespace parley::raft
