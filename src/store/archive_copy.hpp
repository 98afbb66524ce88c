#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "store/archive.hpp"
#include "store/archive_gate.hpp"
#include "store/disk.hpp"

namespace parley::store {

// What Archive::copy() does: see there. `gate` is that of the archive in `file`.
Result<ArchiveCopy> copy_archive(Disk& disk, const std::string& file, const std::string& path, ReaderGate& gate,
                                 std::stop_token stop);

// An archive as a file at rest, read past SQLite.

struct FileSum {
  Digest digest;
  std::uint64_t bytes = 0;
};
// Reads the whole file. The error names the file and the first page whose checksum does not fit, or says that `stop`
// was asked for. Throws DiskError.
Result<FileSum> sum_archive_file(Disk& disk, const std::string& path, std::stop_token stop = {});

// How many bytes from the beginning are whole pages with fitting checksums. Throws DiskError.
std::uint64_t whole_pages(Disk& disk, const std::string& path);

// `size` bytes from `offset`, fewer at the end, out of pages whose checksums fit. Throws DiskError.
Result<std::string> read_archive_file(Disk& disk, const std::string& path, std::uint64_t offset, std::size_t size);

// What a copy at rest says of itself. SQLite opens it, to read: its pages were verified before. Throws DiskError.
struct ArchiveContent {
  ArchivePosition position;
  std::vector<chat::RecordRow> records;
};
Result<ArchiveContent> read_archive_content(Disk& disk, const std::string& path);

}  // namespace parley::store
