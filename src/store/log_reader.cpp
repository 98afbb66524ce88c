#include "store/log_reader.hpp"

#include <optional>

#include "store/log_scan.hpp"
#include "store/log_shape.hpp"

namespace parley::store {
namespace {

std::optional<SegmentScan> scan(Disk& disk, const std::string& path, std::uint64_t number, const LogVisitor& visitor) {
  auto scanned = scan_segment(disk, path);
  if (!scanned.ok()) {
    visitor.damage(disk.describe(path) + " " + scanned.error().message);
    return std::nullopt;
  }
  if (scanned->header.number != number) {
    visitor.damage(disk.describe(path) + " says that it is segment " + std::to_string(scanned->header.number));
    return std::nullopt;
  }
  return std::move(*scanned);
}

}  // namespace

void read_log(Disk& disk, const std::string& directory, const LogVisitor& visitor) {
  const auto numbers = segment_numbers(disk, directory);
  if (numbers.empty()) return visitor.note(disk.describe(directory) + " holds no log");
  std::uint64_t first = numbers.front();
  const std::string last = segment_path(directory, numbers.back());
  if (const auto scanned = scan_segment(disk, last); scanned.ok()) first = first_segment(*scanned);
  std::uint64_t expected = first;   // what is wrong with the last one is told in its turn
  for (const auto number : numbers) {
    const std::string path = segment_path(directory, number);
    if (number < first) {
      visitor.note(disk.describe(path) + " was given up and means nothing");
      continue;
    }
    for (; expected < number; ++expected) {
      visitor.damage(disk.describe(segment_path(directory, expected)) + " is missing");
    }
    ++expected;
    const auto scanned = scan(disk, path, number, visitor);
    if (!scanned) continue;
    visitor.segment(disk.describe(path), scanned->header);
    for (const auto& record : scanned->records) visitor.record(record, scanned->header);
    if (scanned->torn.empty()) continue;
    visitor.note(disk.describe(path) + ": from byte " + std::to_string(scanned->torn_offset) + " on " +
                 std::to_string(scanned->torn.size()) + " bytes of a batch that was never completed");
  }
}

Result<raft::EntryId> last_entry(Disk& disk, const std::string& directory) {
  std::optional<LogShape> shape;
  std::optional<std::string> wrong;
  LogVisitor visitor;
  visitor.segment = [](const auto&, const auto&) {};
  visitor.note = [](const auto&) {};
  visitor.damage = [&wrong](const std::string& what) { wrong = what; };
  visitor.record = [&](const LogRecord& record, const SegmentHeader& header) {
    std::optional<std::string> odd;
    const bool begins = record.kind == RecordKind::base && !shape;
    if (begins) shape.emplace(base_of(record, header.version).value_or(raft::LogBase{}));
    if (record.kind == RecordKind::truncation && shape) odd = shape->truncate(record.id.index);
    if (record.kind == RecordKind::entry && shape) odd = shape->append(entry_of(record).value_or(raft::Entry{}));
    if (odd) wrong = disk.describe(directory) + " holds " + *odd;
  };
  read_log(disk, directory, visitor);
  if (wrong) return Error{*wrong};
  if (!shape) return Error{disk.describe(directory) + " holds no log"};
  return shape->last();
}

}  // namespace parley::store
