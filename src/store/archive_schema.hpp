#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "store/archive.hpp"
#include "store/archive_connection.hpp"

namespace parley::store {

// The tables of the archive and the version of their meaning (R8). docs/DISK.md describes them.
inline constexpr std::int32_t archive_application_id = 0x50524c59;   // "PRLY"
inline constexpr std::int32_t archive_version = 1;

// Files beside the archive's own.
std::string wal_of(const std::string& file);          // SQLite's write-ahead file
std::string mark_of(const std::string& file);         // archive_mark.hpp
std::string incoming_of(const std::string& file);     // archive_incoming.hpp: another node's, as far as it has come,
std::string about_incoming_of(const std::string& file);   // and which one that is
std::string prepared_of(const std::string& file);     // archive_install.hpp: verified and marked,
std::string install_of(const std::string& file);      // and decided: the archive from the next open() on

// Builds an empty archive under another name and renames it: a file of this name is always whole, so an empty or
// half-made one is damage, never a fresh start. Throws.
void create_archive(Disk& disk, const std::string& file);

// Whether the file may be opened as an archive at all; the error says what it is instead. Throws DiskError.
Result<Nothing> check_header(Disk& disk, const std::string& file);
Result<Nothing> check_version(ArchiveConnection& connection);

}  // namespace parley::store
