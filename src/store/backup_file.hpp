#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "store/archive.hpp"
#include "store/disk.hpp"

namespace parley::store {

// What a backup stands for (docs/DISK.md): a copy of one node's archive at one index, and where it comes from.
struct BackupAbout {
  NodeId node;                  // whose archive was copied
  ClusterId cluster;
  Generation generation{1};
  LogTime time;                 // log time of the entry
  Digest chain;                 // R10, up to and including that entry
  Digest state;                 // State::digest() of the records in the copy
  ArchiveCopyId copy;           // entry, digest and bytes of the archive that follows the header
  bool operator==(const BackupAbout&) const = default;
};

inline constexpr std::uint32_t backup_version = 1;
inline constexpr std::uint64_t backup_header_bytes = 4096;   // the archive's pages stay aligned behind it

std::string encode(const BackupAbout& about);                       // backup_header_bytes
Result<BackupAbout> decode_backup_header(std::string_view bytes);   // the error lacks the file's name

// Reads the whole file: header, size, every page's checksum, the digest of all. The error names the file and what is
// wrong with it. Blocking, in bounded memory; throws DiskError.
Result<BackupAbout> check_backup(Disk& disk, const std::string& name);

// Bytes of the archive in a backup, from `offset`; fewer at its end. Throws DiskError.
std::string read_backup(File& file, std::uint64_t offset, std::size_t size);

// Writes one, in order, under NAME.part: what has its name is whole, synced and was read again. Not finished, it
// leaves nothing behind, whatever failed. Blocking; nothing is thrown.
class BackupWriter {
 public:
  // Refuses to replace what is there, unless `replace`.
  static Result<BackupWriter> begin(Disk& disk, std::string name, const BackupAbout& about, bool replace);
  BackupWriter(BackupWriter&&) noexcept;
  BackupWriter& operator=(BackupWriter&&) = delete;
  BackupWriter(const BackupWriter&) = delete;
  BackupWriter& operator=(const BackupWriter&) = delete;
  ~BackupWriter();

  std::uint64_t offset() const { return offset_; }   // of the archive's byte that is wanted next
  bool complete() const { return offset_ == about_.copy.bytes; }

  Result<Nothing> add(std::string_view bytes);
  // Sync, verify, rename, sync the directory. After an error there is no file, or the one of before.
  Result<Nothing> finish();

 private:
  BackupWriter(Disk& disk, std::string name, const BackupAbout& about, bool replace);
  void remove_part() noexcept;

  Disk* disk_;
  std::string name_;
  BackupAbout about_;
  bool replace_;
  std::unique_ptr<File> file_;   // null: finished, or moved from
  std::uint64_t offset_ = 0;
  std::uint64_t unsynced_ = 0;
};

// What may be written under a backup's name until it is whole.
std::string part_of(const std::string& name);

}  // namespace parley::store
