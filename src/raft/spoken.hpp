#pragma once

#include <map>
#include <optional>

#include "raft/configuration.hpp"
#include "raft/message.hpp"

namespace parley::raft {

// What a server has on its disk of elections before it says anything that rests on it (Figure 2).
struct TermAndVote {
  Term term;
  std::optional<ServerId> voted_for;
  bool operator==(const TermAndVote&) const = default;
};

inline TermAndVote term_and_vote(const HardState& state) { return {state.current_term, state.voted_for}; }

// Whether one disk can hold `now` after it held `before`: its term never falls, and in each it votes once.
bool may_follow(const TermAndVote& now, const TermAndVote& before);

// What the members have told this server of their terms and votes, in this process's life (R4, decision 0028). Whatever
// a server says was durable before (rule 1 of this folder), so its disk can't hold less any more, unless it went back.
// What it was told itself, and never answered, does not count: that it may have forgotten in a crash.
class Spoken {
 public:
  // `by` has said this to `self`. Only members are remembered, so there are never more than members_max.
  void heard(ServerId self, ServerId by, const Message& message, const ConfigurationPtr& members);
  TermAndVote by(ServerId server) const;

 private:
  std::map<ServerId, TermAndVote> said_;
};

}  // namespace parley::raft
