#include "store/log_salvage.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "store/log_scan.hpp"
#include "store/log_sector.hpp"
#include "store/log_segment.hpp"

namespace parley::store {
namespace {

// Sectors that follow each other, all written.
struct Stretch {
  std::string stream;
  std::vector<std::uint16_t> first_records;   // of each sector
};

// From the sector on, where a record begins in the stretch; nullopt: nowhere any more.
std::optional<std::size_t> next_beginning(const Stretch& stretch, std::size_t sector) {
  for (; sector < stretch.first_records.size(); ++sector) {
    const std::size_t at = sector * log_sector_capacity + stretch.first_records[sector];
    if (stretch.first_records[sector] != no_record_begins && at < stretch.stream.size()) return at;
  }
  return std::nullopt;
}

void read_stretch(const Stretch& stretch, std::optional<std::uint64_t> chain, std::uint32_t version,
                  const SalvageVisitor& visitor) {
  std::optional<std::size_t> at = chain ? std::optional<std::size_t>(0) : next_beginning(stretch, 0);
  while (at && *at < stretch.stream.size()) {
    const ReadRecord read = read_record(std::string_view(stretch.stream).substr(*at), chain);
    if (read.outcome == ReadRecord::Outcome::complete) {
      visitor(read.record, version);
      chain = read.chain;
      *at += read.size;
    } else {
      chain.reset();
      at = next_beginning(stretch, *at / log_sector_capacity + 1);
    }
  }
}

void salvage_segment(std::string_view file, std::uint64_t number, const SalvageVisitor& visitor) {
  std::uint32_t version = log_version;
  std::optional<std::uint64_t> chain;   // as it stands before the stretch; unknown behind anything unreadable
  if (const auto header = decode_segment_header(file.substr(0, log_sector_bytes)); header.ok()) {
    version = header->version;
    chain = header->chain;
  }
  Stretch stretch;
  const auto end_stretch = [&] {
    read_stretch(stretch, chain, version, visitor);
    stretch = {};
    chain.reset();
  };
  for (std::uint64_t sector = 1; (sector + 1) * log_sector_bytes <= file.size(); ++sector) {
    const auto found = examine_sector(file.substr(sector * log_sector_bytes, log_sector_bytes), number, sector);
    const bool written = found.state == SectorState::written;
    if (written) {
      stretch.stream += found.bytes;
      stretch.first_records.push_back(found.first_record);
    }
    if (!written || found.bytes.size() < log_sector_capacity) end_stretch();
  }
  end_stretch();
}

}  // namespace

void salvage_log(Disk& disk, const std::string& directory, const SalvageVisitor& visitor) {
  if (!disk.exists(directory)) return;
  for (const std::uint64_t number : segment_numbers(disk, directory)) {
    const auto file = disk.open(segment_path(directory, number), OpenMode::read);
    std::string bytes(static_cast<std::size_t>(std::min(file->size(), segment_bytes_max)), '\0');
    bytes.resize(file->read_at(0, bytes.data(), bytes.size()));
    salvage_segment(bytes, number, visitor);
  }
}

}  // namespace parley::store
