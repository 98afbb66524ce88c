#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "net/peer_certificates.hpp"
#include "node/config.hpp"
#include "node/logging.hpp"

namespace parley::node {

inline constexpr std::size_t certificate_file_max = 256 * 1024;   // bytes

// What tells one state of a file from another, without reading it (inode(7)); all zero: there is none.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t changed_s = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileStamp&) const = default;
};

// The certificates of one node (cluster_certificates in the configuration), read at the start and again when the files
// have changed. Outlives the node's lives. One strand, but for what blocks.
class ClusterCertificates {
 public:
  // The error names the key of the configuration, the file, the reason and the remedy. Blocks.
  static Result<ClusterCertificates> load(const CertificateFiles& files, NodeId self);

  const net::Certified& in_use() const { return in_use_; }
  const std::string& file() const { return files_.certificate; }

  using Stamps = std::array<FileStamp, 3>;
  struct Look {
    Stamps stamps{};
    std::optional<Result<net::Certified>> read;   // none: nothing to read, or not yet
  };
  // Reads the files if they are others than those in use, and the same as at the last look: so a set that is just being
  // written is not met half-way. Blocks, and changes nothing here.
  Look look() const;

  // Takes up what a look found, and says what came of it. True: new ones are in use. Files that can't be used leave the
  // former ones in use, and are tried again at every look; said once.
  bool take(Look found, WallTime now, Logger& logger);

 private:
  ClusterCertificates(CertificateFiles files, NodeId self, Stamps stamps, net::Certified certified)
      : files_(std::move(files)), self_(self), in_use_(std::move(certified)), used_(stamps), seen_(stamps) {}

  CertificateFiles files_;   // of this node
  NodeId self_;
  net::Certified in_use_;
  Stamps used_;              // of what is in use
  Stamps seen_;              // at the last look
  std::string said_;         // why the present files are not in use
};

// "2026-08-01 12:00 UTC".
std::string describe_time(WallTime time);

}  // namespace parley::node
