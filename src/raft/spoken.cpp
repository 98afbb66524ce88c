#include "raft/spoken.hpp"

#include "raft/state.hpp"

namespace parley::raft {
namespace {

// The term that each message bears is its sender's own, but for pre-votes, which speak of the next one.
struct Reading {
  ServerId self;   // who is told
  ServerId by;

  std::optional<TermAndVote> operator()(const RequestVote& request) const {
    if (!request.pre_vote) return TermAndVote{request.term, by};
    if (request.term == Term(0)) return std::nullopt;   // no correct server says so
    return TermAndVote{request.term.previous(), std::nullopt};
  }
  std::optional<TermAndVote> operator()(const RequestVoteReply& reply) const {
    if (reply.pre_vote && reply.vote_granted) return std::nullopt;   // an echo
    if (reply.vote_granted) return TermAndVote{reply.term, self};
    return TermAndVote{reply.term, std::nullopt};
  }
  std::optional<TermAndVote> operator()(const AppendEntries& message) const { return TermAndVote{message.term, by}; }
  std::optional<TermAndVote> operator()(const InstallSnapshot& message) const { return TermAndVote{message.term, by}; }
  std::optional<TermAndVote> operator()(const TimeoutNow& message) const { return TermAndVote{message.term, by}; }
  std::optional<TermAndVote> operator()(const AppendEntriesReply& reply) const {
    return TermAndVote{reply.term, std::nullopt};
  }
  std::optional<TermAndVote> operator()(const ReadIndexRequest&) const { return std::nullopt; }
  std::optional<TermAndVote> operator()(const ReadIndexReply&) const { return std::nullopt; }
};

}  // namespace

bool may_follow(const TermAndVote& now, const TermAndVote& before) {
  if (now.term != before.term) return now.term > before.term;
  return !before.voted_for || now.voted_for == before.voted_for;
}

void Spoken::heard(ServerId self, ServerId by, const Message& message, const ConfigurationPtr& members) {
  const auto said = std::visit(Reading{self, by}, message);
  if (!said || said->term > term_max) return;
  if (const auto found = said_.find(by); found != said_.end()) {
    if (!may_follow(found->second, *said)) found->second = *said;
    return;
  }
  if (members == nullptr || members->find(by) == nullptr) return;
  std::erase_if(said_, [&members](const auto& entry) { return members->find(entry.first) == nullptr; });
  said_.emplace(by, *said);
}

TermAndVote Spoken::by(ServerId server) const {
  const auto found = said_.find(server);
  return found == said_.end() ? TermAndVote{} : found->second;
}

}  // namespace parley::raft
