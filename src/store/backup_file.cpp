#include "store/backup_file.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/checksum.hpp"
#include "base/codec.hpp"
#include "store/page_checksum.hpp"
#include "store/vfs_file.hpp"

namespace parley::store {
namespace {

constexpr std::string_view magic = "PRLYBKUP";
constexpr std::size_t checksum_bytes = 8;
constexpr std::uint64_t sync_every = 8 * 1024 * 1024;   // as archive_incoming.cpp, and for the same reason
constexpr std::size_t bytes_a_read = 256 * page_size;

Error wrong(const Disk& disk, const std::string& name, const std::string& what) {
  return Error{disk.describe(name) + " " + what};
}

std::string counted(std::uint64_t bytes) { return std::to_string(bytes) + " bytes"; }

// The first page in `bytes` that is cut off or whose checksum does not fit; they begin at a page of the archive.
std::optional<PageNumber> damaged_page(std::string_view bytes, std::uint64_t offset) {
  for (std::size_t at = 0; at < bytes.size(); at += page_size) {
    const auto number = static_cast<PageNumber>((offset + at) / page_size + 1);
    const auto page = bytes.substr(at, page_size);
    if (page.size() < page_size || (number != lock_byte_page && !page_is_whole(page, number))) return number;
  }
  return std::nullopt;
}

Result<Nothing> check_archive(Disk& disk, const std::string& name, File& file, const ArchiveCopyId& copy) {
  Hasher hasher;
  for (std::uint64_t offset = 0; offset < copy.bytes;) {
    const std::string bytes = read_backup(file, offset, bytes_a_read);
    if (bytes.empty()) return wrong(disk, name, "became shorter while it was read");
    if (const auto page = damaged_page(bytes, offset)) {
      return wrong(disk, name, "is damaged at byte " +
                                   std::to_string(backup_header_bytes + (*page - 1) * std::uint64_t{page_size}) +
                                   ": the checksum of page " + std::to_string(*page) +
                                   " does not fit. It can't be used; take another backup");
    }
    hasher.add(bytes);
    offset += bytes.size();
  }
  if (hasher.finish() == copy.digest) return success();
  return wrong(disk, name, "is damaged: its pages fit their checksums, but all of it has not the digest " +
                               copy.digest.hex() + " that its header names");
}

}  // namespace

std::string encode(const BackupAbout& about) {
  std::string bytes(magic);
  Writer out(bytes);
  out.u32(backup_version);
  out.u32(about.node.value);
  out.u64(about.cluster.value);
  out.u64(about.generation.value);
  out.u64(about.copy.applied.index.value);
  out.u64(about.copy.applied.term.value);
  out.i64(about.time.ms);
  out.u64(about.copy.bytes);
  out.raw(about.copy.digest.view());
  out.raw(about.chain.view());
  out.raw(about.state.view());
  bytes.resize(backup_header_bytes - checksum_bytes, '\0');
  out.u64(checksum(bytes));
  return bytes;
}

Result<BackupAbout> decode_backup_header(std::string_view bytes) {
  if (bytes.substr(0, magic.size()) != magic) return Error{"is not a backup of Parley"};
  if (bytes.size() < backup_header_bytes) return Error{"is cut short: it ends within its header"};
  const auto covered = bytes.substr(0, backup_header_bytes - checksum_bytes);
  if (Reader(bytes.substr(covered.size(), checksum_bytes)).u64() != checksum(covered)) {
    return Error{"is damaged: the checksum of its header does not fit"};
  }
  Reader in(covered.substr(magic.size()));
  const auto version = in.u32();
  if (version != backup_version) {
    return Error{"is a backup of format version " + std::to_string(version) + ", this program reads version " +
                 std::to_string(backup_version) + ": use the version of Parley that wrote it, or newer"};
  }
  BackupAbout about;
  about.node = NodeId(in.u32());
  about.cluster = ClusterId(in.u64());
  about.generation = Generation(in.u64());
  about.copy.applied.index = Index(in.u64());
  about.copy.applied.term = Term(in.u64());
  about.time = LogTime{in.i64()};
  about.copy.bytes = in.u64();
  about.copy.digest = Digest::from_view(in.raw(about.copy.digest.bytes.size()));
  about.chain = Digest::from_view(in.raw(about.chain.bytes.size()));
  about.state = Digest::from_view(in.raw(about.state.bytes.size()));
  return about;
}

Result<BackupAbout> check_backup(Disk& disk, const std::string& name) {
  if (!disk.exists(name)) return wrong(disk, name, "does not exist");
  const auto file = disk.open(name, OpenMode::read);
  std::string header(backup_header_bytes, '\0');
  header.resize(file->read_at(0, header.data(), header.size()));
  auto about = decode_backup_header(header);
  if (!about.ok()) return wrong(disk, name, about.error().message);
  const std::uint64_t there = file->size() - backup_header_bytes;
  if (there < about->copy.bytes) {
    return wrong(disk, name, "is cut short: of an archive of " + counted(about->copy.bytes) + " it holds " +
                                 counted(there) + ". It can't be used; take another backup");
  }
  if (there > about->copy.bytes) {
    return wrong(disk, name, "is longer than its header says: after an archive of " + counted(about->copy.bytes) +
                                 " come " + counted(there - about->copy.bytes) + " more");
  }
  const auto whole = check_archive(disk, name, *file, about->copy);
  if (!whole.ok()) return whole.error();
  return about;
}

std::string read_backup(File& file, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  bytes.resize(file.read_at(backup_header_bytes + offset, bytes.data(), size));
  return bytes;
}

std::string part_of(const std::string& name) { return name + ".part"; }

// -- writing ----------------------------------------------------------------------------------------------------

Result<BackupWriter> BackupWriter::begin(Disk& disk, std::string name, const BackupAbout& about, bool replace) {
  try {
    if (!replace && disk.exists(name)) {
      return Error{disk.describe(name) + " exists already: give another name, or --force to replace it"};
    }
    disk.remove(part_of(name));   // of a backup that was cut off
    BackupWriter writer(disk, std::move(name), about, replace);
    writer.file_->write_at(0, encode(about));
    return writer;
  } catch (const DiskError& error) {
    return Error{error.what()};
  }
}

BackupWriter::BackupWriter(Disk& disk, std::string name, const BackupAbout& about, bool replace)
    : disk_(&disk),
      name_(std::move(name)),
      about_(about),
      replace_(replace),
      file_(disk.open(part_of(name_), OpenMode::create)) {}

BackupWriter::BackupWriter(BackupWriter&&) noexcept = default;

BackupWriter::~BackupWriter() {
  if (file_) remove_part();
}

void BackupWriter::remove_part() noexcept {
  file_.reset();
  try {
    disk_->remove(part_of(name_));
  } catch (const DiskError&) {   // its name says that it means nothing, and the next backup removes it
  }
}

Result<Nothing> BackupWriter::add(std::string_view bytes) {
  if (bytes.size() > about_.copy.bytes - offset_) return Error{"the node sent more bytes than the backup has"};
  try {
    file_->write_at(backup_header_bytes + offset_, bytes);
    offset_ += bytes.size();
    unsynced_ += bytes.size();
    if (unsynced_ < sync_every) return success();
    file_->sync();
    unsynced_ = 0;
    return success();
  } catch (const DiskError& error) {
    return Error{error.what()};
  }
}

Result<Nothing> BackupWriter::finish() {
  try {
    file_->sync();
    const auto checked = check_backup(*disk_, part_of(name_));
    if (!checked.ok()) return checked.error();
    if (*checked != about_) return wrong(*disk_, part_of(name_), "does not read as it was written");
    if (!replace_ && disk_->exists(name_)) return wrong(*disk_, name_, "was made by somebody else meanwhile");
    disk_->rename(part_of(name_), name_);
    file_.reset();
    disk_->sync_directory(directory_of(name_));
    return success();
  } catch (const DiskError& error) {
    return Error{error.what()};
  }
}

}  // namespace parley::store
