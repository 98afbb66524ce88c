#include "store/log_recovery.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "store/log_scan.hpp"

namespace parley::store {
namespace {

Refusal refused(const Disk& disk, const std::string& path, const std::string& what) {
  return damage(disk.describe(path) + " " + what);
}

// Applies the records of one segment to what the segments before it gave.
class Replay {
 public:
  // What is wrong, if the records contradict each other. The last of `spans` is told of truncations.
  std::optional<std::string> add(const SegmentScan& scan, bool first, SegmentSpans& spans) {
    for (std::size_t i = 0; i < scan.records.size(); ++i) {
      const LogRecord& record = scan.records[i];
      if ((i == 0) != (record.kind == RecordKind::base)) return "lacks its base record, or has a second one";
      const auto wrong = i == 0 ? add_base(record, scan.header.version, first) : add(record);
      if (wrong) return "is damaged: it holds " + *wrong;
      if (record.kind == RecordKind::truncation) spans.truncated(record.id.index);
    }
    return std::nullopt;
  }

  LogShape shape;
  std::vector<raft::Entry> entries;

 private:
  std::optional<std::string> add(const LogRecord& record) {
    switch (record.kind) {
      case RecordKind::entry: return add_entry(record);
      case RecordKind::hard_state: return add_hard_state(record);
      case RecordKind::truncation: return add_truncation(record);
      case RecordKind::seal:
        if (record.id != shape.last()) return "a seal that does not name the last entry";
        return std::nullopt;
      case RecordKind::trim:   // has been obeyed already: the reading began with the segment it names, or a later one
        if (!first_segment_of(record)) return "a malformed trim";
        return std::nullopt;
      case RecordKind::base: break;
    }
    return "a record of unknown kind";
  }

  std::optional<std::string> add_entry(const LogRecord& record) {
    auto entry = entry_of(record);
    if (!entry) return "a malformed entry " + std::to_string(record.id.index.value);
    if (auto wrong = shape.append(*entry)) return wrong;
    entries.push_back(std::move(*entry));
    return std::nullopt;
  }

  std::optional<std::string> add_hard_state(const LogRecord& record) {
    const auto hard_state = hard_state_of(record);
    if (!hard_state) return "a malformed hard state";
    return shape.set_hard_state(*hard_state);
  }

  std::optional<std::string> add_truncation(const LogRecord& record) {
    if (auto wrong = shape.truncate(record.id.index)) return wrong;
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(record.id.index - shape.base().id.index - 1),
                  entries.end());
    return std::nullopt;
  }

  std::optional<std::string> add_base(const LogRecord& record, std::uint32_t version, bool first) {
    const auto base = base_of(record, version);
    if (!base) return "a malformed base record";
    if (first) {
      shape = LogShape(*base);
      return std::nullopt;
    }
    const raft::LogBase expected = shape.base_of_next();
    bool fits = base->id == expected.id && raft::same(base->configuration, expected.configuration);
    if (version > 1) fits = fits && base->time == expected.time;
    if (!fits) return "a base record that does not fit the segment before";
    return std::nullopt;
  }
};

// The chain as it stands after the seal that ends `scan`, present or still to be written.
std::uint64_t chain_after_seal(const SegmentScan& scan, const LogShape& shape) {
  if (scan.sealed) return scan.cursor.chain;
  std::vector<LogRecord> seal{seal_record(shape.last())};
  return encode_batch(scan.cursor, scan.header.number, seal).after.chain;
}

std::string keep_torn(Disk& disk, const std::string& directory, const SegmentScan& scan) {
  const std::string path = segment_path(directory, scan.header.number);
  const std::string aside = path + ".torn";
  disk.remove(aside);   // one is kept for each segment: the latest
  const auto file = disk.open(aside, OpenMode::create);
  file->write_at(0, scan.torn);
  file->sync();
  disk.sync_directory(directory);
  return disk.describe(path) + ": batch " + std::to_string(scan.cursor.batch + 1) +
         " was never completed (its node lost power or was killed while writing it, and had acknowledged nothing of "
         "it); cut at byte " + std::to_string(scan.torn_offset) + ", " + std::to_string(scan.torn.size()) +
         " bytes kept aside in " + disk.describe(aside);
}

// A file whose last sync may have failed can't be trusted although it reads well: the cache shows what the disk never
// got (RELIABILITY.md section 3). A copy in a new file, synced, can; and it has zeros behind its end.
LogSegment rewrite(Disk& disk, const std::string& directory, const SegmentScan& scan) {
  return LogSegment::create(disk, directory, scan.header, scan.sectors, scan.cursor);
}

class Recovery {
 public:
  Recovery(Disk& disk, std::string directory) : disk_(disk), directory_(std::move(directory)) {}

  Result<RecoveredLog, Refusal> run() {
    const auto numbers = segment_numbers(disk_, directory_);
    if (numbers.empty()) return std::move(result_);
    auto last = scan(numbers.back());
    if (!last.ok()) return last.error();
    const std::uint64_t first = first_segment(*last);
    if (first > numbers.back()) return missing(first);
    const auto begin = std::lower_bound(numbers.begin(), numbers.end(), first);
    for (auto at = begin; at != numbers.end(); ++at) {
      const std::uint64_t expected = first + static_cast<std::uint64_t>(at - begin);
      if (*at != expected) return missing(expected);
    }
    for (std::uint64_t number = first; number < numbers.back(); ++number) {
      auto segment = scan(number);
      if (!segment.ok()) return segment.error();
      if (auto error = read(std::move(*segment), number == first, false)) return std::move(*error);
    }
    if (auto error = read(std::move(*last), first == numbers.back(), true)) return std::move(*error);
    if (last_.sealed) return missing(numbers.back() + 1);
    make_fit();
    remove_leftovers({numbers.begin(), begin});
    const raft::LogBase& base = replay_.shape.base();
    result_.durable = {replay_.shape.hard_state(), base.id,   base.configuration,
                       std::move(replay_.entries), base.time, base.configuration_index};
    result_.shape = std::move(replay_.shape);
    return std::move(result_);
  }

 private:
  Refusal missing(std::uint64_t number) const {
    return refused(disk_, segment_path(directory_, number), "is missing: the log has segments after it or needs it");
  }

  Result<SegmentScan, Refusal> scan(std::uint64_t number) const {
    const std::string path = segment_path(directory_, number);
    auto scan = scan_segment(disk_, path);
    if (!scan.ok()) return Refusal{{disk_.describe(path) + " " + scan.error().message}, scan.error().damaged};
    if (scan->header.number != number) {
      return refused(disk_, path, "says that it is segment " + std::to_string(scan->header.number));
    }
    return scan;
  }

  std::optional<Refusal> read(SegmentScan scan, bool is_first, bool is_last) {
    const std::string path = segment_path(directory_, scan.header.number);
    if (!is_first) {
      if (auto error = join(scan, is_last)) return error;
    }
    result_.spans.add(span_of(scan.header));
    result_.spans.ends(scan.header.number, scan.cursor.end);
    if (auto wrong = replay_.add(scan, is_first, result_.spans)) return refused(disk_, path, *wrong);
    if (scan.header.first_index != Index(scan.records.front().id.index.next())) {
      return refused(disk_, path, "is damaged: its header and its base record disagree");
    }
    before_ = std::exchange(last_, std::move(scan));
    return std::nullopt;
  }

  // The segment before must have been ended for good. One exception: a node that stopped between making a new
  // segment and sealing the old one; then the new one holds its first batch only.
  std::optional<Refusal> join(const SegmentScan& next, bool is_last) {
    const std::string path = segment_path(directory_, last_.header.number);
    if (!last_.sealed && !(is_last && next.cursor.batch == 1)) {
      return refused(disk_, path, "is damaged at its end: it is not sealed although a segment follows it");
    }
    if (next.header.chain != chain_after_seal(last_, replay_.shape)) {
      return refused(disk_, segment_path(directory_, next.header.number),
                     "does not continue the segment before it: their checksums differ");
    }
    return std::nullopt;
  }

  void make_fit() {
    // The second batch of a segment proves that the seal before it was synced. Without one, the node may have stopped
    // before it wrote the seal, or between writing and syncing it: in the cache it would look written.
    if (result_.spans.all().size() > 1 && last_.cursor.batch == 1) {
      LogSegment before = rewrite(disk_, directory_, before_);
      if (!before_.sealed) before.write({seal_record(last_.records.front().id)});
      result_.spans.ends(before.header().number, before.cursor().end);
    }
    if (!last_.torn.empty()) result_.notes.push_back(keep_torn(disk_, directory_, last_));
    result_.tail = rewrite(disk_, directory_, last_);
  }

  // Of a trim or a reset that was cut short. The segment that says so is durable by now.
  void remove_leftovers(const std::vector<std::uint64_t>& numbers) {
    if (numbers.empty()) return;
    for (const auto number : numbers) disk_.remove(segment_path(directory_, number));
    disk_.sync_directory(directory_);
  }

  Disk& disk_;
  std::string directory_;
  Replay replay_;
  SegmentScan before_;   // the two segments read last
  SegmentScan last_;
  RecoveredLog result_;
};

}  // namespace

Result<RecoveredLog, Refusal> recover_log(Disk& disk, const std::string& directory) {
  return Recovery(disk, directory).run();
}

}  // namespace parley::store
