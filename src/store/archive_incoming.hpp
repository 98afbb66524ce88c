#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "store/archive.hpp"
#include "store/disk.hpp"

namespace parley::store {

// A copy of another node's archive while it arrives, in order, beside this node's own archive (docs/DISK.md). One at a
// time. What has arrived survives a restart: pages carry checksums of their own, so what a power cut left
// of the file is known without any record of it; whether it is all of the right copy, the digest says at the end
// (prepare_archive). The live archive is never touched. Blocking, one thread at a time; nothing is thrown.
class IncomingArchive {
 public:
  // What an earlier life was receiving into `archive_file`'s place: to ask its sender for the rest. nullopt: nothing.
  static std::optional<ArchiveCopyId> found(Disk& disk, const std::string& archive_file);

  // Goes on with what is there of this copy; what is there of another one goes. Refuses more than `bytes_max`.
  static Result<IncomingArchive> open(Disk& disk, const std::string& archive_file, const ArchiveCopyId& id,
                                      std::uint64_t bytes_max);
  static Result<Nothing> discard(Disk& disk, const std::string& archive_file);

  const ArchiveCopyId& id() const { return id_; }
  std::uint64_t offset() const { return offset_; }          // of the byte that is wanted next
  bool complete() const { return offset_ == id_.bytes; }

  // The bytes from offset() on; an error if they are others or too many, or the disk failed: what was there before
  // stays, and offset() too; except that after a failed sync all of it is wanted again, so look at offset().
  Result<Nothing> write(std::uint64_t offset, std::string_view bytes);
  Result<Nothing> sync();   // write() does it every few megabytes, prepare_archive() at the end

 private:
  IncomingArchive(std::unique_ptr<File> file, const ArchiveCopyId& id, std::uint64_t offset)
      : file_(std::move(file)), id_(id), offset_(offset) {}

  void begin_again();

  std::unique_ptr<File> file_;
  ArchiveCopyId id_;
  std::uint64_t offset_;
  std::uint64_t unsynced_ = 0;
};

}  // namespace parley::store
