#include "wire/snapshot_frame.hpp"

#include <string>

#include "base/assert.hpp"
#include "wire/raft_codec.hpp"

namespace parley::wire {
namespace {

// Only at the end of the copy is there nothing to send, so whoever fetches always gets on.
bool within_copy(const SnapshotChunk& chunk) {
  if (chunk.offset > chunk.total || chunk.bytes.size() > chunk.total - chunk.offset) return false;
  return chunk.bytes.size() > 0 || chunk.offset == chunk.total;
}

}  // namespace

void write(Writer& out, const Digest& digest) { out.raw(digest.view()); }

Digest read_digest(Reader& in) {
  const auto bytes = in.raw(sizeof(Digest::bytes));
  return in.ok() ? Digest::from_view(bytes) : Digest{};
}

void write(Writer& out, const SnapshotRequest& request) {
  write(out, request.snapshot);
  out.boolean(request.file.has_value());
  if (request.file) write(out, *request.file);
  out.u64(request.offset);
}

SnapshotRequest read_snapshot_request(Reader& in) {
  SnapshotRequest request;
  request.snapshot = read_entry_id(in);
  if (in.boolean()) request.file = read_digest(in);
  request.offset = in.u64();
  return request;
}

void write(Writer& out, const SnapshotChunk& chunk) {
  PARLEY_ASSERT(chunk.bytes.size() <= chunk_bytes_max && within_copy(chunk), "a chunk within its limits and its copy");
  write(out, chunk.snapshot);
  write(out, chunk.file);
  out.u64(chunk.total);
  out.u64(chunk.offset);
  out.u64(chunk.checksum);
  out.string(chunk.bytes.view());
}

SnapshotChunk read_snapshot_chunk(Reader& in) {
  SnapshotChunk chunk;
  chunk.snapshot = read_entry_id(in);
  chunk.file = read_digest(in);
  chunk.total = in.u64();
  chunk.offset = in.u64();
  chunk.checksum = in.u64();
  chunk.bytes = SharedBytes(std::string(in.string(chunk_bytes_max)));
  if (!within_copy(chunk)) in.fail();
  return chunk;
}

}  // namespace parley::wire
