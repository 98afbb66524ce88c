// The archive over damaged files, in three ways that the first byte of the input chooses: single pages through our
// VFS; the whole archive opened and read; and pages of any bytes under a checksum that fits, as only a broken writer
// leaves them. Damage by a disk is noticed or harmless: no changed page is ever served (R11). The last way promises
// only that the failure is told as ArchiveDamaged or DiskError.
#include <string>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "fuzz/damage.hpp"
#include "fuzz/input.hpp"
#include "store/archive.hpp"
#include "store/archive_sample.hpp"
#include "store/memory_disk.hpp"
#include "store/page_checksum.hpp"
#include "store/vfs.hpp"

namespace parley::fuzz {
namespace {

using namespace store;

const std::string database = "archive.db";
const std::string wal = "archive.db-wal";
constexpr std::size_t damages_max = 4;

// An archive at two moments of its life, and what it held after each transaction since the checkpoint.
struct Sample {
  std::string old_database;                                      // at the first checkpoint
  std::string at_rest;                                           // the database file at the second one
  std::vector<std::pair<std::string, std::string>> running;      // all files some transactions later, power cut
  std::vector<ArchiveModel> models;                              // from the second checkpoint on

  Sample() {
    MemoryDisk disk;
    SampleWorkload workload(21);
    {
      auto opened = Archive::open(disk, database);
      opened->archive->write(workload.next(6));
      opened->archive->checkpoint();
      old_database = disk.contents(database);
      for (int i = 0; i < 2; ++i) opened->archive->write(workload.next(6));
      opened->archive->checkpoint();
    }
    at_rest = disk.contents(database);
    models.push_back(workload.model());
    auto opened = Archive::open(disk, database);
    for (int i = 0; i < 3; ++i) {
      opened->archive->write(workload.next(4));
      models.push_back(workload.model());
    }
    const auto copy = disk.clone();   // while it runs: so that the write-ahead file stays
    for (const auto& name : copy->list("")) running.emplace_back(name, copy->contents(name));
  }
};

const Sample& sample() {
  static const Sample made;
  return made;
}

void pages(Input in) {
  std::string file = sample().at_rest;
  Damage damage(in, page_size);
  for (std::size_t i = 0; i < damages_max && !in.empty(); ++i) damage.once(file, sample().old_database);
  MemoryDisk disk;
  disk.overwrite(database, file);
  const auto opened = Vfs::on(disk)->open_database(database);
  std::string page(page_size, '\0');
  const auto was = [&page](const std::string& image, std::size_t at) {
    return at < image.size() && page == image.substr(at, page_size);
  };
  for (std::size_t at = 0; at < file.size(); at += page_size) {
    try {
      const auto size = opened->read(at, page.data(), page_size);
      const bool stale = was(sample().old_database, at);   // no checksum in a page can show that
      PARLEY_ASSERT(size == page_size && (stale || was(sample().at_rest, at)),
                    "a page is served as it was written, or not at all");
    } catch (const ArchiveDamaged&) {
    }
  }
}

// True: what was read is what the archive held after one of its transactions, or damage was noticed.
bool sound(MemoryDisk& disk) {
  try {
    const auto opened = Archive::open(disk, database);
    if (!opened.ok()) {
      PARLEY_ASSERT(!opened.error().message.empty(), "a refusal has a text");
      return true;
    }
    for (const auto& model : sample().models) {
      if (difference(*opened, model).empty()) return true;
    }
    return false;
  } catch (const ArchiveDamaged&) {
    return true;
  } catch (const DiskError&) {
    return true;
  }
}

// No page as it was long ago here: a checksum in the page can't show that one write never arrived. And the write-ahead
// file is damaged once at most: SQLite's own checksum of it is a sum, in which two flipped bits may hide each other.
void whole(Input in) {
  MemoryDisk disk;
  const bool at_rest = in.boolean();
  auto files = sample().running;
  if (at_rest) files = {{database, sample().at_rest}};
  Damage damage(in, page_size);
  for (auto& [name, bytes] : files) {
    const std::size_t times = name == database ? in.below(damages_max) : in.below(2);
    for (std::size_t i = 0; i < times; ++i) damage.once(bytes, {});
    disk.overwrite(name, bytes);
  }
  PARLEY_ASSERT(sound(disk), "other data was served");
}

void sealed(Input in) {
  std::string file = sample().at_rest;
  for (int edits = 0; edits < 8 && !in.empty(); ++edits) {
    const auto number = static_cast<PageNumber>(in.below(file.size() / page_size));
    const std::size_t at = in.below(page_size);
    const std::string bytes = in.text(64);
    const std::size_t fits = std::min(bytes.size(), page_size - at);
    file.replace(number * page_size + at, fits, bytes, 0, fits);
    seal_page(file.data() + number * page_size, number + 1);
  }
  MemoryDisk disk;
  disk.overwrite(database, file);
  (void)sound(disk);
}

}  // namespace
}  // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parley::fuzz::Input in(data, size);
  switch (in.below(4)) {
    case 0: parley::fuzz::whole(in); break;
    case 1: parley::fuzz::sealed(in); break;
    default: parley::fuzz::pages(in);
  }
  return 0;
}
