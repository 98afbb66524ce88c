#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "base/digest.hpp"
#include "raft/types.hpp"

namespace parley::wire {

inline constexpr std::size_t chunk_bytes_max = 128 * 1024;   // of a snapshot in one frame: 10 ms at 100 Mbit/s

// A follower fetches the copy of the archive that raft::InstallSnapshot offered, from the node that offered it: one
// request under way at a time, so it sets the pace, and goes on where it stopped after any break (R12).
struct SnapshotRequest {
  raft::EntryId snapshot;              // SnapshotMeta::id of the offer
  std::optional<Digest> file;          // the copy of which `offset` bytes are here; none: begin
  std::uint64_t offset = 0;
  bool operator==(const SnapshotRequest&) const = default;
};
struct SnapshotChunk {
  raft::EntryId snapshot;
  Digest file;                         // of all bytes of the copy; another one than asked for: begin anew
  std::uint64_t total = 0;             // bytes of the copy; 0: it is there no more, wait for another offer
  std::uint64_t offset = 0;            // offset + bytes never beyond total
  std::uint64_t checksum = 0;          // of `bytes` as they were read from the sender's disk (parley::checksum)
  SharedBytes bytes;                   // at most chunk_bytes_max
  bool operator==(const SnapshotChunk&) const = default;
};

// Bodies of frames (peer_frame.hpp). To write a chunk beyond its limits is a broken assertion; what is wrong in what is
// read makes `in` fail.
void write(Writer& out, const SnapshotRequest& request);
void write(Writer& out, const SnapshotChunk& chunk);
SnapshotRequest read_snapshot_request(Reader& in);
SnapshotChunk read_snapshot_chunk(Reader& in);

void write(Writer& out, const Digest& digest);
Digest read_digest(Reader& in);

}  // namespace parley::wire
