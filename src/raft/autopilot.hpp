#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "raft/consensus.hpp"

namespace parley::raft {

// Dynamic quorum (DESIGN.md section 2): the leader makes a learner of a voter that is dead, and a voter of a learner
// that is back and caught up, each by an ordinary change of one server. This says when; whether it is safe is the
// consensus module's business, not a matter of judgement here.

struct AutopilotOptions {
  bool enabled = true;
  std::size_t min_voters = 1;            // replicated setting: never fewer by itself
  Duration refused_grace{milliseconds(100)};   // the port refuses: the process is gone
  Duration silent_grace{milliseconds(1500)};   // only silent: maybe a cable, maybe a pause
  std::uint64_t caught_up_entries = 256;       // a learner this close to the log's end counts as caught up
  Duration fresh{milliseconds(150)};           // heard as lately as this: who is made a voter, and a majority of those
                                               // who are left when a voter is made a learner
  Duration steady_least{milliseconds(500)};    // heard without a gap so long before it is a voter (again);
  Duration steady_most{std::chrono::seconds(60)};   // doubled each time it fell out lately, up to this (damping)
};

// Of a cluster of so many voters, of which `alive` answer, itself included.
struct Resilience {
  std::size_t voters = 0;
  std::size_t alive = 0;
  bool usable = false;       // writes can be committed as things stand
  std::size_t bearable = 0;  // further voters that may die at the same moment, the leader not among them
  std::size_t bearable_any = 0;   // the same, whoever they are

  // R2: with exactly half left the leader stays and shrinks, if min_voters lets it.
  static Resilience of(std::size_t voters, std::size_t alive, std::size_t min_voters);
};

// What the shell knows about the link to one other member.
struct PeerLink {
  NodeId node;
  std::optional<TimePoint> refused_since;   // its port has refused ever since
  std::optional<TimePoint> seat_kept_until; // it said that it stops for a while
  std::optional<Incarnation> joining = {};  // another data directory of that node is linked and asks for its place (R4)
};

// One strand, one per node; means something while the node leads. What it remembers (since when a learner is steady,
// who flapped) is lost with the leadership, which costs only time.
class Autopilot {
 public:
  explicit Autopilot(AutopilotOptions options = {}) : options_(options) {}
  void set_options(const AutopilotOptions& options) { options_ = options; }

  // The configuration to propose now, at most one voter apart from the present one; nullopt: leave it. A change that
  // can't be committed any more is taken back, whether `enabled` or not. Ask whenever something changed
  // and at next_look(). Proposing may be refused (`busy`): ask again.
  std::optional<Configuration> decide(const Status& status, const std::vector<PeerLink>& links, Now now);

  TimePoint next_look() const { return next_look_; }

  // This process stood still until now: nobody is judged by the silence of that time.
  void woke(TimePoint now) { awake_since_ = now; }

  // As the last decide() saw it; and when it will act by itself if nothing changes.
  const Resilience& resilience() const { return resilience_; }
  const std::optional<TimePoint>& acts_at() const { return acts_at_; }

 private:
  struct Seen {
    ServerId id;
    bool voter = false;
    std::optional<TimePoint> steady_since;   // of a learner
    TimePoint fell_at = long_ago;
    unsigned falls = 0;                      // how often it ceased to be a voter lately
  };
  struct Candidate {
    const Member* member = nullptr;
    TimePoint at = never;
  };

  Seen& note(const Member& member, TimePoint now);
  std::size_t alive_voters(const Configuration& configuration, const Status& status,
                           const std::vector<PeerLink>& links) const;
  std::optional<Configuration> taken_back(const Status& status, const std::vector<PeerLink>& links, TimePoint now);
  bool confirms(const Configuration& present, const Member& dead, const Status& status, TimePoint now) const;
  TimePoint dead_at(const PeerStatus& peer, const PeerLink* link) const;
  TimePoint replaced_at(const PeerStatus& peer, const PeerLink* link) const;
  TimePoint steady_at(const PeerStatus& peer, const PeerLink* link, const Status& status, Seen& seen,
                      TimePoint now) const;
  Duration steady_for(const Seen& seen) const;
  bool worth_shrinking() const;
  void look_at(TimePoint when);

  AutopilotOptions options_;
  std::map<NodeId, Seen> seen_;
  Term term_;
  TimePoint awake_since_ = long_ago;
  ConfigurationPtr changing_;            // the latest, while it is not committed and may be taken back
  TimePoint changing_since_ = long_ago;
  Resilience resilience_;
  std::optional<TimePoint> acts_at_;
  TimePoint next_look_ = never;
};

}  // namespace parley::raft
