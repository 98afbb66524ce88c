#include "wire/member_frame.hpp"

#include <string_view>

#include "base/assert.hpp"
#include "wire/raft_codec.hpp"

namespace parley::wire {

void write(Writer& out, const NotAMember& frame) {
  out.u64(frame.index.value);
  write(out, frame.configuration);
}

NotAMember read_not_a_member(Reader& in) {
  NotAMember frame;
  frame.index = Index(in.u64());
  frame.configuration = read_configuration(in);
  return frame;
}

void write(Writer& out, const raft::TermAndVote& spoken) {
  out.u64(spoken.term.value);
  out.boolean(spoken.voted_for.has_value());
  if (spoken.voted_for) write(out, *spoken.voted_for);
}

raft::TermAndVote read_term_and_vote(Reader& in) {
  raft::TermAndVote spoken;
  spoken.term = Term(in.u64());
  if (in.boolean()) spoken.voted_for = read_server(in);
  return spoken;
}

void write(Writer& out, const RolledBack& frame) {
  write(out, frame.server);
  out.u64(frame.acknowledged.value);
  write(out, frame.by);
  write(out, frame.spoken);
}

RolledBack read_rolled_back(Reader& in) {
  RolledBack frame;
  frame.server = read_server(in);
  frame.acknowledged = Index(in.u64());
  frame.by = read_server(in);
  frame.spoken = read_term_and_vote(in);
  return frame;
}

void write(Writer& out, const MemberRequest& request) {
  PARLEY_ASSERT(request.peer_address.size() <= address_max && request.client_address.size() <= address_max,
                "addresses within address_max");
  out.u64(request.id);
  out.u8(static_cast<std::uint8_t>(request.action));
  out.u32(request.node.value);
  out.string(request.peer_address);
  out.string(request.client_address);
  out.boolean(request.force);
}

MemberRequest read_member_request(Reader& in) {
  MemberRequest request;
  request.id = in.u64();
  const auto action = in.u8();
  if (action > static_cast<std::uint8_t>(MemberAction::relocate)) in.fail();
  request.action = static_cast<MemberAction>(action);
  request.node = NodeId(in.u32());
  if (request.action != MemberAction::list && !valid(request.node)) in.fail();
  request.peer_address = std::string(in.string(address_max));
  request.client_address = std::string(in.string(address_max));
  request.force = in.boolean();
  return request;
}

void write(Writer& out, const MemberReply& reply) {
  out.u64(reply.id);
  out.u8(static_cast<std::uint8_t>(reply.outcome));
  out.string(std::string_view(reply.text).substr(0, member_text_max));
}

MemberReply read_member_reply(Reader& in) {
  MemberReply reply;
  reply.id = in.u64();
  const auto outcome = in.u8();
  if (outcome > static_cast<std::uint8_t>(MemberReply::Outcome::unknown)) in.fail();
  reply.outcome = static_cast<MemberReply::Outcome>(outcome);
  reply.text = std::string(in.string(member_text_max));
  return reply;
}

}  // namespace parley::wire
