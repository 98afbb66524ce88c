#include "store/identity.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/checksum.hpp"
#include "base/codec.hpp"
#include "wire/raft_codec.hpp"

namespace parley::store {
namespace {

constexpr std::string_view magic = "PARLEYID";
constexpr const char* new_file = "identity.new";
constexpr std::uint64_t file_bytes_max = 64 * 1024;   // members_max members with addresses of address_max fit
constexpr std::size_t checksum_bytes = 8;

// Without its identity a node must not guess who it was: it may have voted (RELIABILITY.md W6, D14).
Error refused(const std::string& what) {
  return Error{what +
               "; restore the file from a copy, or move the whole data directory aside and start again: the node "
               "then joins as a new incarnation and gets its data from the others"};
}

std::string encode(const Identity& identity) {
  std::string bytes;
  Writer out(bytes);
  out.raw(magic);
  out.u32(identity_version);
  wire::write(out, ServerId{identity.node, identity.incarnation});
  out.u64(identity.cluster.value);
  wire::write(out, identity.founding);
  out.u64(checksum(bytes));
  return bytes;
}

Result<std::optional<Identity>> decode(std::string_view bytes) {
  if (bytes.size() > file_bytes_max) return refused("is too long for an identity file");
  if (bytes.substr(0, magic.size()) != magic) return refused("is not an identity file of Parley");
  if (bytes.size() < magic.size() + 4 + checksum_bytes) return refused("is cut short");
  const auto covered = bytes.substr(0, bytes.size() - checksum_bytes);
  if (Reader(bytes.substr(covered.size())).u64() != checksum(covered)) {
    return refused("is damaged: its checksum does not fit");
  }
  Reader in(covered.substr(magic.size()));
  const auto version = in.u32();
  if (version != identity_version) {
    return Error{"has format version " + std::to_string(version) + ", this program reads version " +
                 std::to_string(identity_version) + ": start it with the version of Parley that wrote it, or newer"};
  }
  Identity identity;
  const ServerId server = wire::read_server(in);
  identity.node = server.node;
  identity.incarnation = server.incarnation;
  identity.cluster = ClusterId(in.u64());
  identity.founding = wire::read_configuration(in);
  if (!in.done()) return refused("is damaged: its content is malformed");
  return std::optional<Identity>(std::move(identity));
}

}  // namespace

Result<std::optional<Identity>> load_identity(Disk& disk, const std::string& name) {
  if (!disk.exists(name)) return std::optional<Identity>();
  const auto file = disk.open(name, OpenMode::read);
  std::string bytes(static_cast<std::size_t>(std::min(file->size(), file_bytes_max + 1)), '\0');
  bytes.resize(file->read_at(0, bytes.data(), bytes.size()));
  auto identity = decode(bytes);
  if (!identity.ok()) return Error{disk.describe(name) + " " + identity.error().message};
  return identity;
}

void save_identity(Disk& disk, const Identity& identity) {
  disk.remove(new_file);   // of a save that a crash cut short
  const auto file = disk.open(new_file, OpenMode::create);
  file->write_at(0, encode(identity));
  file->sync();
  disk.rename(new_file, identity_file);
  disk.sync_directory("");
}

}  // namespace parley::store
