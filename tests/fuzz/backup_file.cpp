// Backups, in three ways that the first byte of the input chooses: any bytes as a header; any header under a checksum
// that fits; and a real backup, damaged as disks do. Refused with a text, or exactly what was written.
#include <string>

#include "base/assert.hpp"
#include "base/checksum.hpp"
#include "base/codec.hpp"
#include "fuzz/damage.hpp"
#include "fuzz/input.hpp"
#include "store/backup_file.hpp"
#include "store/memory_disk.hpp"
#include "store/page_checksum.hpp"

namespace parley::fuzz {
namespace {

using namespace store;

constexpr std::size_t pages = 6;
constexpr std::size_t damages_max = 4;

void header(std::string_view bytes) {
  const auto about = decode_backup_header(bytes);
  if (!about.ok()) {
    PARLEY_ASSERT(!about.error().message.empty(), "a refusal says why");
    return;
  }
  const auto again = decode_backup_header(encode(*about));
  PARLEY_ASSERT(again.ok() && *again == *about, "what is read is written so that it reads as the same");
}

void header_that_fits(Input in) {
  std::string bytes = "PRLYBKUP";
  bytes += in.bytes(backup_header_bytes - 16);
  bytes.resize(backup_header_bytes - 8, '\0');
  Writer(bytes).u64(checksum(bytes));
  header(bytes);
  MemoryDisk disk;   // whatever it says of itself, what follows is not that
  bytes += in.rest();
  disk.overwrite("b", bytes);
  const auto checked = check_backup(disk, "b");
  PARLEY_ASSERT(checked.ok() || !checked.error().message.empty(), "a refusal says why");
  PARLEY_ASSERT(!checked.ok() || checked->copy.bytes + backup_header_bytes == bytes.size(), "all of it was looked at");
}

// What one holds: the later of two, so that a stale block has somewhere to come from.
std::string backup(unsigned char filled_with) {
  std::string archive;
  for (std::size_t page = 0; page < pages; ++page) {
    std::string bytes(page_size, static_cast<char>(filled_with + page));
    seal_page(bytes.data(), static_cast<PageNumber>(page + 1));
    archive += bytes;
  }
  BackupAbout about;
  about.node = NodeId(2);
  about.cluster = ClusterId(77);
  about.chain = digest("chain");
  about.state = digest("state");
  about.copy.applied = {Term(3), Index(100u + filled_with)};
  about.copy.bytes = archive.size();
  about.copy.digest = digest(archive);
  return encode(about) + archive;
}

void damaged(Input in) {
  static const std::string earlier = backup('a');
  static const std::string whole = backup('n');
  std::string file = whole;
  Damage damage(in, page_size);
  for (std::size_t i = 0; i < damages_max && !in.empty(); ++i) damage.once(file, earlier);
  MemoryDisk disk;
  disk.overwrite("b", file);
  PARLEY_ASSERT(check_backup(disk, "b").ok() == (file == whole || file == earlier), "whole, or refused");
}

}  // namespace
}  // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parley::fuzz::Input in(data, size);
  switch (in.below(3)) {
    case 0: parley::fuzz::header(in.rest()); break;
    case 1: parley::fuzz::header_that_fits(in); break;
    default: parley::fuzz::damaged(in);
  }
  return 0;
}
