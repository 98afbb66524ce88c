#pragma once

#include <cstdint>
#include <string>

#include "base/codec.hpp"
#include "raft/spoken.hpp"
#include "raft/types.hpp"

namespace parley::wire {

inline constexpr std::size_t member_text_max = 1000;   // bytes of an answer for people; the writer cuts a longer one

// "I stop on purpose": to everybody, before a hand-over. Whoever leads keeps the seat for a while (DESIGN.md 2).
struct PlannedStop {
  bool operator==(const PlannedStop&) const = default;
};

// "This committed configuration is without you." To a server that greets or is greeted and has no place in it. Only its
// reader can tell what that means: it was removed or replaced, or it has not been added yet.
struct NotAMember {
  Index index;                         // where the configuration stands in the log
  raft::Configuration configuration;
  bool operator==(const NotAMember&) const = default;
};

// "You had promised more than that." In place of a Welcome, to a member whose log ends before what it acknowledged to
// this node as its leader, or that has forgotten a term or vote that it told this node of: its disk went back in time,
// and what it promised since is forgotten (R4).
struct RolledBack {
  ServerId server;                     // who greeted
  Index acknowledged;
  ServerId by;                         // who says so
  raft::TermAndVote spoken;
  bool operator==(const RolledBack&) const = default;
};

// A request about members, from the node that was asked to the leader: an operator's or administrator's, or its own.
enum class MemberAction : std::uint8_t {
  list = 0,       // nothing is changed: is this the leader?
  add = 1,        // a learner, or new addresses of a member
  remove = 2,
  promote = 3,    // a learner to a voter, without waiting until it was steady for long enough
  transfer = 4,   // the leadership, to a voter
  relocate = 5    // new addresses of a member, and never a new member: the member's own (R6)
};
struct MemberRequest {
  std::uint64_t id = 0;                // the sender's own
  MemberAction action = MemberAction::list;
  NodeId node;
  std::string peer_address;            // add, relocate; empty: as before
  std::string client_address;          // likewise
  bool force = false;                  // although it may cost the quorum
  bool operator==(const MemberRequest&) const = default;
};
struct MemberReply {
  enum class Outcome : std::uint8_t {
    done = 0,      // committed
    refused = 1,   // not done: `text` says why and what would do
    later = 2,     // not done: ask again
    unknown = 3    // begun, and not known to be committed: look, then ask again
  };
  std::uint64_t id = 0;
  Outcome outcome = Outcome::later;
  std::string text;                    // for people
  bool operator==(const MemberReply&) const = default;
};

// Bodies of frames (peer_frame.hpp); what is wrong in what is read makes `in` fail.
void write(Writer& out, const NotAMember& frame);
void write(Writer& out, const RolledBack& frame);
void write(Writer& out, const raft::TermAndVote& spoken);
void write(Writer& out, const MemberRequest& request);
void write(Writer& out, const MemberReply& reply);
NotAMember read_not_a_member(Reader& in);
RolledBack read_rolled_back(Reader& in);
raft::TermAndVote read_term_and_vote(Reader& in);
MemberRequest read_member_request(Reader& in);
MemberReply read_member_reply(Reader& in);

}  // namespace parley::wire
