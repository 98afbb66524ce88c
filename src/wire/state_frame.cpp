#include "wire/state_frame.hpp"

#include <algorithm>

#include "wire/snapshot_frame.hpp"

namespace parley::wire {

void write(Writer& out, const Presence& presence) {
  const std::size_t count = std::min(presence.accounts.size(), presence_max);
  out.u32(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) out.u64(presence.accounts[i]);
}

Presence read_presence(Reader& in) {
  Presence presence;
  const std::size_t count = in.u32();
  if (count > presence_max || count > in.remaining() / 8) {
    in.fail();
    return presence;
  }
  presence.accounts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) presence.accounts.push_back(in.u64());
  return presence;
}

void write(Writer& out, const StateDigest& digest) {
  out.u64(digest.index.value);
  write(out, digest.chain);
}

void write(Writer& out, const DiskShort& frame) { out.boolean(frame.is_short); }

StateDigest read_state_digest(Reader& in) {
  StateDigest digest;
  digest.index = Index(in.u64());
  digest.chain = read_digest(in);
  return digest;
}

DiskShort read_disk_short(Reader& in) { return DiskShort{in.boolean()}; }

}  // namespace parley::wire
