// Peer frames, in three ways that the first byte of the input chooses: the bytes as they are; the bytes with a
// checksum that fits, as the decoders behind it never see damage otherwise; and a frame built from the input, which
// must come back equal.
#include "base/assert.hpp"
#include "base/checksum.hpp"
#include "base/codec.hpp"
#include "fuzz/input.hpp"
#include "fuzz/raft_values.hpp"
#include "wire/peer_frame.hpp"
#include "wire/raft_codec.hpp"

namespace parley::fuzz {
namespace {

void decode_any(std::string_view bytes) {
  const auto frame = wire::decode_peer_frame(bytes);
  if (!frame.ok()) {
    PARLEY_ASSERT(!frame.error().message.empty(), "a refusal has a text");
    return;
  }
  PARLEY_ASSERT(wire::encode(*frame) == bytes, "what is accepted is written again as the same bytes");
}

void decode_sealed(std::string_view bytes) {
  std::string frame(bytes);
  const auto sum = checksum(frame);
  Writer(frame).u64(sum);
  decode_any(frame);
}

Digest any_digest(Input& in) { return digest(in.text(4)); }

wire::SnapshotChunk any_chunk(Input& in) {   // within its copy, as whoever writes one promises
  wire::SnapshotChunk chunk;
  chunk.snapshot = any_entry_id(in);
  chunk.file = any_digest(in);
  chunk.bytes = SharedBytes(in.text(2000));
  chunk.offset = in.u32();
  chunk.total = chunk.offset + chunk.bytes.size() + (chunk.bytes.size() > 0 ? in.u32() : 0);
  chunk.checksum = in.any_number();
  return chunk;
}

raft::TermAndVote any_term_and_vote(Input& in) {
  raft::TermAndVote spoken;
  spoken.term = Term(in.any_number());
  if (in.boolean()) spoken.voted_for = any_server(in);
  return spoken;
}

wire::MemberRequest any_member_request(Input& in) {
  wire::MemberRequest request;
  request.id = in.any_number();
  request.action = static_cast<wire::MemberAction>(in.below(6));
  request.node = any_server(in).node;
  request.peer_address = in.text(wire::address_max);
  request.client_address = in.text(wire::address_max);
  request.force = in.boolean();
  return request;
}

wire::PeerFrame any_frame(Input& in) {
  switch (in.below(17)) {
    case 0: {
      wire::Hello hello;
      hello.version_min = in.u16();
      hello.version_max = in.u16();
      hello.from = any_server(in);
      hello.to = NodeId(in.u32());
      hello.cluster = ClusterId(in.any_number());
      hello.founding = any_digest(in);
      hello.log_end = Index(in.any_number());
      hello.configuration = Index(in.any_number());
      hello.term_and_vote = any_term_and_vote(in);
      return hello;
    }
    case 1: {
      wire::Welcome welcome;
      welcome.version = in.u16();
      welcome.from = any_server(in);
      welcome.cluster = ClusterId(in.any_number());
      welcome.founding = any_digest(in);
      if (in.boolean()) welcome.founded = any_configuration(in);
      return welcome;
    }
    case 2: return wire::Rejected{in.text(wire::rejection_reason_max)};
    case 3: {
      const ClusterId cluster(in.any_number());
      return wire::Founded{cluster, any_configuration(in)};
    }
    case 4: {
      const auto id = in.any_number();
      return wire::Forward{id, SharedBytes(in.text(2000))};
    }
    case 5: {
      wire::Forwarded forwarded;
      forwarded.id = in.any_number();
      forwarded.outcome = static_cast<wire::Forwarded::Outcome>(in.below(5));
      forwarded.entry = any_entry_id(in);
      return forwarded;
    }
    case 6: {
      wire::Presence presence;
      for (auto count = in.below(50); count > 0; --count) presence.accounts.push_back(in.any_number());
      return presence;
    }
    case 7: {
      wire::SnapshotRequest request;
      request.snapshot = any_entry_id(in);
      if (in.boolean()) request.file = any_digest(in);
      request.offset = in.any_number();
      return request;
    }
    case 8: return any_chunk(in);
    case 9: return wire::PlannedStop{};
    case 10: {
      const Index index(in.any_number());
      return wire::NotAMember{index, any_configuration(in)};
    }
    case 11: return any_member_request(in);
    case 12: {
      wire::MemberReply reply;
      reply.id = in.any_number();
      reply.outcome = static_cast<wire::MemberReply::Outcome>(in.below(4));
      reply.text = in.text(wire::member_text_max);
      return reply;
    }
    case 13: {
      wire::RolledBack frame;
      frame.server = any_server(in);
      frame.acknowledged = Index(in.any_number());
      frame.by = any_server(in);
      frame.spoken = any_term_and_vote(in);
      return frame;
    }
    case 14: {
      const Index index(in.any_number());
      return wire::StateDigest{index, any_digest(in)};
    }
    case 15: return wire::DiskShort{in.below(2) == 1};
    default: return any_message(in);
  }
}

// Equality of what has an ==; AppendEntries, which shares its payloads, is compared by its bytes instead.
bool same(const wire::PeerFrame& a, const wire::PeerFrame& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&b]<class T>(const T& frame) {
        const auto& other = std::get<T>(b);
        if constexpr (std::is_same_v<T, raft::Message>) {
          if (frame.index() != other.index()) return false;
          return std::visit(
              [&other]<class M>(const M& message) {
                if constexpr (std::is_same_v<M, raft::AppendEntries>) return true;
                else return message == std::get<M>(other);
              },
              frame);
        } else {
          return frame == other;
        }
      },
      a);
}

void round_trip(Input in) {
  const auto frame = any_frame(in);
  const std::string bytes = wire::encode(frame);
  const auto back = wire::decode_peer_frame(bytes);
  PARLEY_ASSERT(back.ok(), "what is written can be read");
  PARLEY_ASSERT(same(frame, *back) && wire::encode(*back) == bytes, "what is read equals what was written");
}

}  // namespace
}  // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parley::fuzz::Input in(data, size);
  switch (in.below(3)) {
    case 0: parley::fuzz::decode_any(in.rest()); break;
    case 1: parley::fuzz::decode_sealed(in.rest()); break;
    default: parley::fuzz::round_trip(in);
  }
  return 0;
}
