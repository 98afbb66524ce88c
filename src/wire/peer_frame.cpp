#include "wire/peer_frame.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "base/checksum.hpp"
#include "base/codec.hpp"
#include "wire/raft_codec.hpp"

namespace parley::wire {
namespace {

// On the wire for ever: never renumber, never reuse.
enum class Kind : std::uint8_t {
  hello = 1,
  welcome = 2,
  rejected = 3,
  founded = 4,
  forward = 5,
  forwarded = 6,
  presence = 7,
  snapshot_request = 8,
  snapshot_chunk = 9,
  planned_stop = 10,
  not_a_member = 11,
  member_request = 12,
  member_reply = 13,
  rolled_back = 14,
  state_digest = 15,
  request_vote = 16,
  request_vote_reply = 17,
  append_entries = 18,
  append_entries_reply = 19,
  read_index_request = 20,
  read_index_reply = 21,
  install_snapshot = 22,
  timeout_now = 23,
  disk_short = 24
};

// The last byte of a RequestVote.
enum class VoteKind : std::uint8_t { vote = 0, pre_vote = 1, transfer = 2 };

constexpr std::size_t checksum_bytes = 8;
constexpr std::size_t frame_bytes_min = 2 + checksum_bytes;

// -- the handshake and the birth ------------------------------------------------------------------------------

Kind put(Writer& out, const Hello& hello) {
  out.u16(hello.version_min);
  out.u16(hello.version_max);
  write(out, hello.from);
  out.u32(hello.to.value);
  out.u64(hello.cluster.value);
  out.raw(hello.founding.view());
  out.u64(hello.log_end.value);
  out.u64(hello.configuration.value);
  PARLEY_ASSERT(hello.address.size() <= address_max, "an address within address_max");
  out.string(hello.address);
  write(out, hello.term_and_vote);
  return Kind::hello;
}

Hello get_hello(Reader& in) {
  Hello hello;
  hello.version_min = in.u16();
  hello.version_max = in.u16();
  hello.from = read_server(in);
  hello.to = NodeId(in.u32());
  hello.cluster = ClusterId(in.u64());
  hello.founding = read_digest(in);
  hello.log_end = Index(in.u64());
  hello.configuration = Index(in.u64());
  hello.address = in.string(address_max);
  hello.term_and_vote = read_term_and_vote(in);
  return hello;
}

Kind put(Writer& out, const Welcome& welcome) {
  out.u16(welcome.version);
  write(out, welcome.from);
  out.u64(welcome.cluster.value);
  out.raw(welcome.founding.view());
  out.boolean(welcome.founded.has_value());
  if (welcome.founded) write(out, *welcome.founded);
  return Kind::welcome;
}

Welcome get_welcome(Reader& in) {
  Welcome welcome;
  welcome.version = in.u16();
  welcome.from = read_server(in);
  welcome.cluster = ClusterId(in.u64());
  welcome.founding = read_digest(in);
  if (in.boolean()) welcome.founded = read_configuration(in);
  return welcome;
}

Kind put(Writer& out, const Rejected& rejected) {
  out.string(std::string_view(rejected.reason).substr(0, rejection_reason_max));
  return Kind::rejected;
}

Rejected get_rejected(Reader& in) { return Rejected{std::string(in.string(rejection_reason_max))}; }

Kind put(Writer& out, const Founded& founded) {
  out.u64(founded.cluster.value);
  write(out, founded.configuration);
  return Kind::founded;
}

Founded get_founded(Reader& in) {
  Founded founded;
  founded.cluster = ClusterId(in.u64());
  founded.configuration = read_configuration(in);
  return founded;
}

// -- between nodes, beside Raft -------------------------------------------------------------------------------

Kind put(Writer& out, const Forward& forward) {
  PARLEY_ASSERT(forward.command.size() <= payload_max, "a forwarded command within payload_max");
  out.u64(forward.id);
  out.string(forward.command.view());
  return Kind::forward;
}

Forward get_forward(Reader& in) {
  Forward forward;
  forward.id = in.u64();
  forward.command = SharedBytes(std::string(in.string(payload_max)));
  return forward;
}

Kind put(Writer& out, const Forwarded& forwarded) {
  out.u64(forwarded.id);
  out.u8(static_cast<std::uint8_t>(forwarded.outcome));
  write(out, forwarded.entry);
  return Kind::forwarded;
}

Forwarded get_forwarded(Reader& in) {
  Forwarded forwarded;
  forwarded.id = in.u64();
  const auto outcome = in.u8();
  if (outcome > static_cast<std::uint8_t>(Forwarded::Outcome::disk_full)) in.fail();
  forwarded.outcome = static_cast<Forwarded::Outcome>(outcome);
  forwarded.entry = read_entry_id(in);
  return forwarded;
}

Kind put(Writer& out, const Presence& presence) { return write(out, presence), Kind::presence; }
Kind put(Writer& out, const StateDigest& digest) { return write(out, digest), Kind::state_digest; }
Kind put(Writer& out, const SnapshotRequest& request) { return write(out, request), Kind::snapshot_request; }
Kind put(Writer& out, const SnapshotChunk& chunk) { return write(out, chunk), Kind::snapshot_chunk; }
Kind put(Writer&, const PlannedStop&) { return Kind::planned_stop; }
Kind put(Writer& out, const NotAMember& frame) { return write(out, frame), Kind::not_a_member; }
Kind put(Writer& out, const RolledBack& frame) { return write(out, frame), Kind::rolled_back; }
Kind put(Writer& out, const MemberRequest& request) { return write(out, request), Kind::member_request; }
Kind put(Writer& out, const MemberReply& reply) { return write(out, reply), Kind::member_reply; }
Kind put(Writer& out, const DiskShort& frame) { return write(out, frame), Kind::disk_short; }

// -- Raft's messages ------------------------------------------------------------------------------------------

Kind put(Writer& out, const raft::RequestVote& request) {
  out.u64(request.term.value);
  write(out, request.last_log);
  PARLEY_ASSERT(!request.pre_vote || !request.transfer, "who was told to campaign asks for no pre-votes");
  const VoteKind kind = request.pre_vote ? VoteKind::pre_vote : request.transfer ? VoteKind::transfer : VoteKind::vote;
  out.u8(static_cast<std::uint8_t>(kind));
  return Kind::request_vote;
}

raft::RequestVote get_request_vote(Reader& in) {
  raft::RequestVote request;
  request.term = Term(in.u64());
  request.last_log = read_entry_id(in);
  const auto kind = static_cast<VoteKind>(in.u8());
  if (kind > VoteKind::transfer) in.fail();
  request.pre_vote = kind == VoteKind::pre_vote;
  request.transfer = kind == VoteKind::transfer;
  return request;
}

Kind put(Writer& out, const raft::RequestVoteReply& reply) {
  out.u64(reply.term.value);
  out.boolean(reply.pre_vote);
  out.boolean(reply.vote_granted);
  out.i64(reply.wall.ms);
  return Kind::request_vote_reply;
}

raft::RequestVoteReply get_request_vote_reply(Reader& in) {
  raft::RequestVoteReply reply;
  reply.term = Term(in.u64());
  reply.pre_vote = in.boolean();
  reply.vote_granted = in.boolean();
  reply.wall = WallTime{in.i64()};
  return reply;
}

Kind put(Writer& out, const raft::AppendEntries& append) {
  PARLEY_ASSERT(append.entries.size() <= frame_entries_max, "an AppendEntries within frame_entries_max");
  out.u64(append.term.value);
  write(out, append.prev_log);
  out.u64(append.leader_commit.value);
  out.u64(append.round);
  out.u32(static_cast<std::uint32_t>(append.entries.size()));
  for (const auto& entry : append.entries) write(out, entry);
  return Kind::append_entries;
}

raft::AppendEntries get_append_entries(Reader& in) {
  raft::AppendEntries append;
  append.term = Term(in.u64());
  append.prev_log = read_entry_id(in);
  append.leader_commit = Index(in.u64());
  append.round = in.u64();
  const std::size_t count = in.u32();
  if (count > frame_entries_max || count > in.remaining() / entry_bytes_min) {
    in.fail();
    return append;
  }
  append.entries.reserve(count);
  for (std::size_t i = 0; i < count && in.ok(); ++i) append.entries.push_back(read_entry(in));
  return append;
}

Kind put(Writer& out, const raft::AppendEntriesReply& reply) {
  out.u64(reply.term.value);
  out.boolean(reply.success);
  out.u64(reply.round);
  out.u64(reply.match_index.value);
  out.u64(reply.conflict_index.value);
  out.u64(reply.conflict_term.value);
  out.u64(reply.rejected_prev.value);
  out.i64(reply.wall.ms);
  return Kind::append_entries_reply;
}

raft::AppendEntriesReply get_append_entries_reply(Reader& in) {
  raft::AppendEntriesReply reply;
  reply.term = Term(in.u64());
  reply.success = in.boolean();
  reply.round = in.u64();
  reply.match_index = Index(in.u64());
  reply.conflict_index = Index(in.u64());
  reply.conflict_term = Term(in.u64());
  reply.rejected_prev = Index(in.u64());
  reply.wall = WallTime{in.i64()};
  return reply;
}

Kind put(Writer& out, const raft::ReadIndexRequest& request) {
  out.u64(request.id);
  return Kind::read_index_request;
}

raft::ReadIndexRequest get_read_index_request(Reader& in) { return raft::ReadIndexRequest{in.u64()}; }

Kind put(Writer& out, const raft::ReadIndexReply& reply) {
  out.u64(reply.id);
  out.boolean(reply.confirmed);
  out.u64(reply.read_index.value);
  return Kind::read_index_reply;
}

raft::ReadIndexReply get_read_index_reply(Reader& in) {
  raft::ReadIndexReply reply;
  reply.id = in.u64();
  reply.confirmed = in.boolean();
  reply.read_index = Index(in.u64());
  return reply;
}

Kind put(Writer& out, const raft::InstallSnapshot& install) {
  out.u64(install.term.value);
  write(out, install.meta);
  return Kind::install_snapshot;
}

raft::InstallSnapshot get_install_snapshot(Reader& in) {
  raft::InstallSnapshot install;
  install.term = Term(in.u64());
  install.meta = read_log_base(in);
  return install;
}

Kind put(Writer& out, const raft::TimeoutNow& now) {
  out.u64(now.term.value);
  out.u64(now.round);
  return Kind::timeout_now;
}

raft::TimeoutNow get_timeout_now(Reader& in) {
  raft::TimeoutNow now;
  now.term = Term(in.u64());
  now.round = in.u64();
  return now;
}

Kind put(Writer& out, const raft::Message& message) {
  return std::visit([&out](const auto& one) { return put(out, one); }, message);
}

// -- frames ---------------------------------------------------------------------------------------------------

PeerFrame get(Kind kind, Reader& in) {
  switch (kind) {
    case Kind::hello: return get_hello(in);
    case Kind::welcome: return get_welcome(in);
    case Kind::rejected: return get_rejected(in);
    case Kind::founded: return get_founded(in);
    case Kind::forward: return get_forward(in);
    case Kind::forwarded: return get_forwarded(in);
    case Kind::presence: return read_presence(in);
    case Kind::snapshot_request: return read_snapshot_request(in);
    case Kind::snapshot_chunk: return read_snapshot_chunk(in);
    case Kind::planned_stop: return PlannedStop{};
    case Kind::not_a_member: return read_not_a_member(in);
    case Kind::rolled_back: return read_rolled_back(in);
    case Kind::member_request: return read_member_request(in);
    case Kind::member_reply: return read_member_reply(in);
    case Kind::state_digest: return read_state_digest(in);
    case Kind::disk_short: return read_disk_short(in);
    case Kind::request_vote: return raft::Message(get_request_vote(in));
    case Kind::request_vote_reply: return raft::Message(get_request_vote_reply(in));
    case Kind::append_entries: return raft::Message(get_append_entries(in));
    case Kind::append_entries_reply: return raft::Message(get_append_entries_reply(in));
    case Kind::read_index_request: return raft::Message(get_read_index_request(in));
    case Kind::read_index_reply: return raft::Message(get_read_index_reply(in));
    case Kind::install_snapshot: return raft::Message(get_install_snapshot(in));
    case Kind::timeout_now: return raft::Message(get_timeout_now(in));
  }
  in.fail();
  return Presence{};
}

Error damaged(std::string_view bytes, const std::string& what) {
  return Error{"peer frame of " + std::to_string(bytes.size()) + " bytes refused: " + what};
}

// Commands make up nearly all of a large frame: one allocation instead of a dozen.
std::size_t size_hint(const PeerFrame& frame) {
  std::size_t size = 256;
  if (const auto* chunk = std::get_if<SnapshotChunk>(&frame)) return size + chunk->bytes.size();
  const auto* message = std::get_if<raft::Message>(&frame);
  const auto* append = message ? std::get_if<raft::AppendEntries>(message) : nullptr;
  if (!append) return size;
  for (const auto& entry : append->entries) {
    const auto* command = std::get_if<SharedBytes>(&entry.content);
    size += entry_bytes_min + 4 + (command ? command->size() : 0);
  }
  return size;
}

}  // namespace

std::string encode(const PeerFrame& frame) {
  std::string bytes;
  bytes.reserve(size_hint(frame));
  Writer out(bytes);
  out.u8(static_cast<std::uint8_t>(peer_version_max));
  out.u8(0);
  const Kind kind = std::visit([&out](const auto& one) { return put(out, one); }, frame);
  bytes[1] = static_cast<char>(kind);
  out.u64(checksum(bytes));
  return bytes;
}

Result<PeerFrame> decode_peer_frame(std::string_view bytes) {
  if (bytes.size() < frame_bytes_min) return damaged(bytes, "shorter than any frame");
  const auto covered = bytes.substr(0, bytes.size() - checksum_bytes);
  if (Reader(bytes.substr(covered.size())).u64() != checksum(covered)) {
    return damaged(bytes, "its checksum does not fit: damaged on the way");
  }
  Reader in(covered);
  const unsigned version = in.u8();
  if (version < peer_version_min || version > peer_version_max) {
    return damaged(bytes, "it has version " + std::to_string(version) + ", this program reads versions " +
                              std::to_string(peer_version_min) + " to " + std::to_string(peer_version_max));
  }
  const unsigned kind = in.u8();
  PeerFrame frame = get(static_cast<Kind>(kind), in);
  if (!in.done()) return damaged(bytes, "kind " + std::to_string(kind) + " is unknown or its content malformed");
  return frame;
}

}  // namespace parley::wire
