#pragma once

#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "raft/configuration.hpp"
#include "store/disk.hpp"

namespace parley::store {

// Who this data directory is (RELIABILITY.md W7). Written once with the incarnation when the directory is new,
// and once more when the cluster is born or joined.
struct Identity {
  NodeId node;
  Incarnation incarnation;
  ClusterId cluster;                        // 0 until born or joined
  raft::Configuration founding;             // empty until born; stays empty for who joined later
  bool operator==(const Identity&) const = default;
};

inline constexpr const char* identity_file = "identity";
inline constexpr std::uint32_t identity_version = 1;

// nullopt: the directory has no identity yet. The error names the file, what is wrong with it and the remedy.
Result<std::optional<Identity>> load_identity(Disk& disk, const std::string& file = identity_file);
void save_identity(Disk& disk, const Identity& identity);   // atomic: new file, sync, rename, sync directory

}  // namespace parley::store
