#include "store/write_ahead_log.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/assert.hpp"
#include "base/mutant.hpp"
#include "store/log_recovery.hpp"
#include "store/log_segment.hpp"
#include "store/log_shape.hpp"

namespace parley::store {
namespace {

std::vector<LogRecord> records_of(const raft::PersistBatch& batch) {
  std::vector<LogRecord> records;
  records.reserve(batch.entries.size() + 2);
  const bool truncates = batch.truncate_from && !PARLEY_MUTANT(truncation_is_not_logged);
  if (truncates) records.push_back(truncation_record(*batch.truncate_from));
  for (const auto& entry : batch.entries) records.push_back(entry_record(entry));
  if (batch.hard_state) records.push_back(hard_state_record(*batch.hard_state));
  return records;
}

// What every segment begins with: enough to do without the segments before it.
std::vector<LogRecord> opening_records(const LogShape& shape) {
  return {base_record(shape.last(), shape.configuration()), hard_state_record(shape.hard_state())};
}

LogSegment create_segment(Disk& disk, const std::string& directory, std::uint64_t number, std::uint64_t chain,
                          std::uint64_t segment_bytes, std::uint64_t batch_bytes, const LogShape& shape) {
  auto records = opening_records(shape);
  SegmentHeader header;
  header.number = number;
  header.bytes = std::max(segment_bytes, segment_bytes_for(stream_bytes(records) + batch_bytes));
  PARLEY_ASSERT(header.bytes <= segment_bytes_max, "a batch within one segment");
  header.first_index = shape.last().index.next();
  header.chain = chain;
  SegmentCursor empty;
  empty.chain = chain;
  EncodedBatch opening = encode_batch(empty, number, records);
  return LogSegment::create(disk, directory, header, opening.sectors, std::move(opening.after));
}

class SegmentedLog final : public WriteAheadLog {
 public:
  SegmentedLog(Disk& disk, std::string directory, LogOptions options, RecoveredLog recovered)
      : disk_(disk), directory_(std::move(directory)), options_(options), shape_(std::move(recovered.shape)),
        segment_(std::move(*recovered.tail)), sealed_bytes_(recovered.sealed_bytes),
        sealed_segments_(recovered.sealed_segments) {}

  void append(const raft::PersistBatch& batch) override {
    if (poison_) throw *poison_;
    try {
      write(records_of(batch), batch);
    } catch (const DiskError& error) {
      poison_ = error;   // nobody knows what the disk holds now: nothing may be acknowledged any more
      if (!PARLEY_MUTANT(failed_sync_is_passed_over)) throw;
    }
  }

  Usage usage() const override {
    return {sealed_bytes_ + segment_.header().bytes, sealed_segments_ + 1};
  }

 private:
  void write(std::vector<LogRecord> records, const raft::PersistBatch& batch) {
    if (records.empty()) return;
    if (!segment_.fits(records)) rotate(stream_bytes(records));
    follow(batch);
    segment_.write(std::move(records));
  }

  // Checked before anything is written: a log that contradicts itself could never be opened again.
  void follow(const raft::PersistBatch& batch) {
    if (batch.truncate_from) must(shape_.truncate(*batch.truncate_from));
    for (const auto& entry : batch.entries) must(shape_.append(entry));
    if (batch.hard_state) must(shape_.set_hard_state(*batch.hard_state));
  }
  static void must(const std::optional<std::string>& wrong) { PARLEY_ASSERT(!wrong, *wrong); }

  // The new segment first, the seal of the old one second: a sealed segment promises that another follows.
  void rotate(std::uint64_t batch_bytes) {
    std::vector<LogRecord> seal{seal_record(shape_.last())};
    const std::uint64_t number = segment_.header().number;
    const std::uint64_t chain = encode_batch(segment_.cursor(), number, seal).after.chain;
    LogSegment next =
        create_segment(disk_, directory_, number + 1, chain, options_.segment_bytes, batch_bytes, shape_);
    segment_.write(std::move(seal));
    sealed_bytes_ += segment_.header().bytes;
    ++sealed_segments_;
    segment_ = std::move(next);
  }

  Disk& disk_;
  std::string directory_;
  LogOptions options_;
  LogShape shape_;
  LogSegment segment_;
  std::uint64_t sealed_bytes_;
  std::uint32_t sealed_segments_;
  std::optional<DiskError> poison_;
};

}  // namespace

Result<WriteAheadLog::Opened> WriteAheadLog::open(Disk& disk, std::string directory, LogOptions options) {
  PARLEY_ASSERT(options.segment_bytes % log_sector_bytes == 0 && options.segment_bytes <= segment_bytes_max,
                "a segment of whole sectors within segment_bytes_max");
  try {
    disk.make_directory(directory);
    auto recovered = recover_log(disk, directory);
    if (!recovered.ok()) return recovered.error();
    if (!recovered->tail && options.must_exist) {
      return Error{disk.describe(directory) + " holds no log although this node has been a member of its cluster: " +
                   "what it voted and acknowledged is gone. Restore the directory, or move the node's whole data "
                   "directory aside and start it again: it joins as a new incarnation"};
    }
    if (!recovered->tail) {
      recovered->tail = create_segment(disk, directory, 1, 0, options.segment_bytes, 0, recovered->shape);
    }
    Opened opened;
    opened.durable = std::move(recovered->durable);
    opened.notes = std::move(recovered->notes);
    opened.log = std::make_unique<SegmentedLog>(disk, std::move(directory), options, std::move(*recovered));
    return opened;
  } catch (const DiskError& error) {
    return Error{error.what()};
  }
}

}  // namespace parley::store
