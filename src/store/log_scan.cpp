#include "store/log_scan.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "base/mutant.hpp"

namespace parley::store {
namespace {

// The sectors from the first on that belong together, and what lies behind them.
struct Sectors {
  std::string stream;
  std::vector<std::uint32_t> batches;          // of each sector of the stream
  std::vector<std::uint16_t> first_records;    // likewise
  std::uint64_t last_used = 0;                 // number of the last sector that isn't blank
  std::vector<std::pair<std::uint64_t, std::uint32_t>> behind;   // sector number and batch, written after the end
};

std::uint64_t file_offset(std::uint64_t stream_offset) {
  return (1 + stream_offset / log_sector_capacity) * log_sector_bytes + stream_offset % log_sector_capacity;
}

Refusal damage_at(std::uint64_t offset, const std::string& what) {
  return damage("is damaged at byte " + std::to_string(offset) + ": " + what);
}

Result<Sectors, Refusal> read_sectors(std::string_view file, std::uint64_t segment) {
  Sectors result;
  bool ended = false;
  for (std::uint64_t number = 1; number * log_sector_bytes < file.size(); ++number) {
    const auto sector = examine_sector(file.substr(number * log_sector_bytes, log_sector_bytes), segment, number);
    if (sector.state == SectorState::damaged && !PARLEY_MUTANT(damage_taken_for_a_torn_tail)) {
      return damage_at(number * log_sector_bytes, "the checksum of the sector does not fit");
    }
    if (sector.state != SectorState::blank) result.last_used = number;
    if (sector.state != SectorState::written) {
      ended = true;
    } else if (ended) {
      result.behind.emplace_back(number, sector.batch);
    } else {
      if (!result.batches.empty() && sector.batch < result.batches.back()) {
        return damage_at(number * log_sector_bytes, "the sector is older than the one before it");
      }
      result.stream += sector.bytes;
      result.batches.push_back(sector.batch);
      result.first_records.push_back(sector.first_record);
      ended = sector.bytes.size() < log_sector_capacity;
    }
  }
  return result;
}

// Where the first record of each sector begins, by the records; compared with what the sectors say.
void note_begin(std::vector<std::uint16_t>& first_records, std::uint64_t stream_offset) {
  auto& first = first_records[stream_offset / log_sector_capacity];
  if (first == no_record_begins) first = static_cast<std::uint16_t>(stream_offset % log_sector_capacity);
}

// Reads the stream batch by batch; stops before the first incomplete one.
Result<Nothing, Refusal> read_batches(const Sectors& sectors, SegmentScan& scan) {
  std::vector<std::uint16_t> begins(sectors.batches.size(), no_record_begins);
  std::vector<LogRecord> batch;
  std::uint64_t at = 0;
  std::uint64_t chain = scan.header.chain;
  while (at < sectors.stream.size()) {
    ReadRecord read = read_record(std::string_view(sectors.stream).substr(at), chain);
    if (read.outcome == ReadRecord::Outcome::damaged) return damage_at(file_offset(at), read.what);
    note_begin(begins, at);
    if (read.outcome == ReadRecord::Outcome::cut_short) break;
    if (scan.sealed) return damage_at(file_offset(at), "a record follows the end of the segment");
    at += read.size;
    chain = read.chain;
    const bool last = read.record.last_of_batch;
    batch.push_back(std::move(read.record));
    if (!last || (PARLEY_MUTANT(last_batch_is_cut_off) && at == sectors.stream.size())) continue;
    scan.sealed = batch.back().kind == RecordKind::seal;
    std::move(batch.begin(), batch.end(), std::back_inserter(scan.records));
    batch.clear();
    ++scan.cursor.batch;
    scan.cursor.end = at;
    scan.cursor.chain = chain;
    if (sectors.batches[(at - 1) / log_sector_capacity] < scan.cursor.batch) {
      return damage_at(file_offset(at - 1), "the sector is older than the batch it ends");
    }
  }
  if (begins != sectors.first_records) {
    return damage_at(log_sector_bytes, "the sectors disagree with the records in them");
  }
  return Nothing{};
}

// An unfinished batch is torn, and may go, only if it is the last thing that was ever written here: the next one was
// not begun before this one was synced. Anything newer proves that it had been complete: then it is damage.
std::optional<Refusal> not_merely_torn(const Sectors& sectors, const SegmentScan& scan) {
  const std::uint32_t unfinished = scan.cursor.batch + 1;
  const auto newer = [&](std::uint64_t number, std::uint32_t batch) {
    return damage_at(number * log_sector_bytes, "batch " + std::to_string(batch) + " was written here, but batch " +
                                                 std::to_string(unfinished) + " before it is incomplete");
  };
  for (std::size_t i = 0; i < sectors.batches.size(); ++i) {
    if (sectors.batches[i] > unfinished) return newer(i + 1, sectors.batches[i]);
    const bool holds_unfinished = std::min<std::uint64_t>((i + 1) * log_sector_capacity, sectors.stream.size()) >
                                  scan.cursor.end;
    if (holds_unfinished && sectors.batches[i] < unfinished) {
      return damage_at((i + 1) * log_sector_bytes, "a record is missing its end");
    }
  }
  for (const auto& [number, batch] : sectors.behind) {
    if (batch > unfinished) return newer(number, batch);
    if (batch < unfinished) return damage_at(number * log_sector_bytes, "a sector before this one was lost");
  }
  const bool anything_left = sectors.last_used * log_sector_bytes >= file_offset(scan.cursor.end);
  if (scan.sealed && anything_left) {
    return damage_at(file_offset(scan.cursor.end), "something follows the segment's end");
  }
  return std::nullopt;
}

// The complete batches' sectors as they would stand had the unfinished one never been begun.
void keep_complete(std::string_view file, const Sectors& sectors, SegmentScan& scan) {
  const std::uint64_t whole = scan.cursor.end / log_sector_capacity;   // sectors
  scan.sectors = file.substr(log_sector_bytes, whole * log_sector_bytes);
  const auto rest = std::string_view(sectors.stream).substr(whole * log_sector_capacity,
                                                            scan.cursor.end - whole * log_sector_capacity);
  if (rest.empty()) return;
  scan.cursor.open_sector = rest;
  const std::uint16_t first = sectors.first_records[whole];
  scan.cursor.first_record = first < rest.size() ? first : no_record_begins;
  append_sector(scan.sectors, {rest, scan.cursor.batch, scan.cursor.first_record}, scan.header.number, whole + 1);
}

void keep_torn(std::string_view file, const Sectors& sectors, SegmentScan& scan) {
  const std::uint64_t first = 1 + scan.cursor.end / log_sector_capacity;
  const bool shared_grew = sectors.stream.size() > scan.cursor.end;
  if (!shared_grew && sectors.last_used * log_sector_bytes < file_offset(scan.cursor.end)) return;
  scan.torn_offset = first * log_sector_bytes;
  scan.torn = file.substr(scan.torn_offset, (sectors.last_used + 1 - first) * log_sector_bytes);
}

Result<std::string, Refusal> read_file(Disk& disk, const std::string& path) {
  const auto file = disk.open(path, OpenMode::read);
  const std::uint64_t size = file->size();
  if (size > segment_bytes_max) return damage("is longer than any segment");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  bytes.resize(file->read_at(0, bytes.data(), bytes.size()));
  return bytes;
}

}  // namespace

Result<SegmentScan, Refusal> scan_segment(Disk& disk, const std::string& path) {
  const auto file = read_file(disk, path);
  if (!file.ok()) return file.error();
  const auto header = decode_segment_header(std::string_view(*file).substr(0, log_sector_bytes));
  if (!header.ok()) return header.error();
  if (file->size() != header->bytes) {
    return damage("has " + std::to_string(file->size()) + " bytes, its header says " + std::to_string(header->bytes));
  }
  const auto sectors = read_sectors(*file, header->number);
  if (!sectors.ok()) return sectors.error();

  SegmentScan scan;
  scan.header = *header;
  scan.cursor.chain = header->chain;
  const auto read = read_batches(*sectors, scan);
  if (!read.ok()) return read.error();
  if (const auto error = not_merely_torn(*sectors, scan)) return *error;
  if (scan.cursor.batch == 0) return damage_at(log_sector_bytes, "the segment lacks its beginning");
  keep_complete(*file, *sectors, scan);
  keep_torn(*file, *sectors, scan);
  return scan;
}

std::uint64_t first_segment(const SegmentScan& last) {
  std::uint64_t first = last.header.begins;
  for (const auto& record : last.records) {
    if (record.kind == RecordKind::trim) first = std::max(first, first_segment_of(record).value_or(0));
  }
  return first;
}

std::vector<std::uint64_t> segment_numbers(Disk& disk, const std::string& directory) {
  std::vector<std::uint64_t> numbers;
  for (const auto& name : disk.list(directory)) {
    const bool digits_only = name.find_first_not_of("0123456789") == name.find(".wal");
    if (name.size() < 5 || name.size() > 20 || !name.ends_with(".wal") || !digits_only) continue;
    const std::uint64_t number = std::stoull(name);
    if (directory + "/" + name == segment_path(directory, number)) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace parley::store
