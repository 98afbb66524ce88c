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

// What a new segment is made of. It begins with enough to do without the segments before it.
struct NewSegment {
  std::uint64_t number = 1;
  std::uint64_t begins = 1;      // the segment with which the log begins
  std::uint64_t chain = 0;
  std::uint64_t bytes = 0;       // at least
  std::uint64_t room = 0;        // stream bytes for the batch that comes next
  Index base;
  std::vector<LogRecord> opening;
};

LogSegment create_segment(Disk& disk, const std::string& directory, NewSegment made) {
  SegmentHeader header;
  header.number = made.number;
  header.begins = made.begins;
  header.bytes = std::max(made.bytes, segment_bytes_for(stream_bytes(made.opening) + made.room));
  PARLEY_ASSERT(header.bytes <= segment_bytes_max, "a batch within one segment");
  header.first_index = made.base.next();
  header.chain = made.chain;
  SegmentCursor empty;
  empty.chain = made.chain;
  EncodedBatch opening = encode_batch(empty, made.number, made.opening);
  return LogSegment::create(disk, directory, header, opening.sectors, std::move(opening.after));
}

LogSegment create_first_segment(Disk& disk, const std::string& directory, std::uint64_t bytes) {
  NewSegment first;
  first.bytes = bytes;
  first.opening = {base_record({}), hard_state_record({})};
  return create_segment(disk, directory, std::move(first));
}

class SegmentedLog final : public WriteAheadLog {
 public:
  SegmentedLog(Disk& disk, std::string directory, LogOptions options, RecoveredLog recovered)
      : disk_(disk), directory_(std::move(directory)), options_(options), shape_(std::move(recovered.shape)),
        segment_(std::move(*recovered.tail)), spans_(std::move(recovered.spans)) {
    if (spans_.all().empty()) spans_.add(span_of(segment_.header()));
  }

  void append(const raft::PersistBatch& batch) override {
    once_sound([&] { batch.reset ? begin_anew(batch) : write(records_of(batch), batch); });
  }

  std::size_t trim(Index through, std::size_t segments_max) override {
    std::size_t removed = 0;
    once_sound([&] { removed = trim_segments(through, segments_max); });
    return removed;
  }

  Usage usage() const override {
    return {spans_.bytes(), static_cast<std::uint32_t>(spans_.all().size()), spans_.all().front().number,
            shape_.base().id.index};
  }

  Index begin_segment() override {
    once_sound([this] { rotate(0); });
    return shape_.last_index();
  }

  ScrubbedPart scrub_part(ScrubPlace from) override {
    std::vector<SegmentSpan> spans = spans_.all();
    spans.back().end = segment_.cursor().end;
    return scrub_log_part(disk_, directory_, spans, from);
  }

 private:
  template <class Work>
  void once_sound(Work work) {
    if (poison_) throw *poison_;
    try {
      work();
    } catch (const DiskError& error) {
      poison_ = error;   // nobody knows what the disk holds now: nothing may be acknowledged any more
      if (!PARLEY_MUTANT(failed_sync_is_passed_over)) throw;
    }
  }

  void write(std::vector<LogRecord> records, const raft::PersistBatch& batch) {
    if (records.empty()) return;
    if (!segment_.fits(records)) rotate(stream_bytes(records));
    follow(batch);
    segment_.write(std::move(records));
  }

  // Checked before anything is written: a log that contradicts itself could never be opened again.
  void follow(const raft::PersistBatch& batch) {
    if (batch.truncate_from) {
      must(shape_.truncate(*batch.truncate_from));
      spans_.truncated(*batch.truncate_from);
    }
    for (const auto& entry : batch.entries) must(shape_.append(entry));
    if (batch.hard_state) must(shape_.set_hard_state(*batch.hard_state));
  }
  static void must(const std::optional<std::string>& wrong) { PARLEY_ASSERT(!wrong, *wrong); }

  // The new segment first, the seal of the old one second: a sealed segment promises that another follows.
  void rotate(std::uint64_t batch_bytes) {
    std::vector<LogRecord> seal{seal_record(shape_.last())};
    NewSegment made;
    made.number = segment_.header().number + 1;
    made.begins = spans_.all().front().number;
    made.chain = encode_batch(segment_.cursor(), segment_.header().number, seal).after.chain;
    made.bytes = options_.segment_bytes;
    made.room = batch_bytes;
    made.base = shape_.last_index();
    made.opening = {base_record(shape_.base_of_next()), hard_state_record(shape_.hard_state())};
    LogSegment next = create_segment(disk_, directory_, std::move(made));
    segment_.write(std::move(seal));
    spans_.ends(segment_.header().number, segment_.cursor().end);
    segment_ = std::move(next);
    spans_.add(span_of(segment_.header()));
  }

  // One segment that says that the log begins with it: when its name is on the disk, all others mean nothing.
  void begin_anew(const raft::PersistBatch& batch) {
    PARLEY_ASSERT(!batch.truncate_from, "a log that begins anew has nothing to cut");
    PARLEY_ASSERT(batch.reset->id.index >= shape_.hard_state().commit_index, "what is committed is never dropped");
    raft::HardState hard_state = batch.hard_state.value_or(shape_.hard_state());
    hard_state.commit_index = std::max(hard_state.commit_index, batch.reset->id.index);
    LogShape shape(*batch.reset);
    for (const auto& entry : batch.entries) must(shape.append(entry));
    PARLEY_ASSERT(hard_state.current_term >= shape_.hard_state().current_term, "the current term never falls");
    PARLEY_ASSERT(hard_state.current_term >= shape.last().term, "no entry is of a term to come");
    must(shape.set_hard_state(hard_state));

    NewSegment made;
    made.number = segment_.header().number + 1;
    made.begins = made.number;
    made.bytes = options_.segment_bytes;
    made.base = batch.reset->id.index;
    made.opening.push_back(base_record(*batch.reset));
    for (const auto& entry : batch.entries) made.opening.push_back(entry_record(entry));
    made.opening.push_back(hard_state_record(hard_state));
    segment_ = create_segment(disk_, directory_, std::move(made));
    shape_ = std::move(shape);
    const auto gone = spans_.all();
    spans_.clear();
    spans_.add(span_of(segment_.header()));
    remove_segments(gone.begin(), gone.end());
  }

  // The record first: from then on the segments before mean nothing, so it doesn't matter which of them a power cut
  // leaves. A segment that is missing without such a record is damage.
  std::size_t trim_segments(Index through, std::size_t segments_max) {
    const std::size_t count = spans_.without(std::min(through, shape_.last_index()), segments_max);
    if (count == 0) return 0;
    const auto gone = spans_.all();
    const auto first = gone.begin() + static_cast<std::ptrdiff_t>(count);
    raft::HardState hard_state = shape_.hard_state();
    hard_state.commit_index = std::max(hard_state.commit_index, first->base);
    const std::vector<LogRecord> records{trim_record(shape_.id_at(first->base), first->number),
                                         hard_state_record(hard_state)};
    if (!segment_.fits(records)) rotate(stream_bytes(records));
    must(shape_.begin_after(first->base));
    must(shape_.set_hard_state(hard_state));
    segment_.write(records);
    spans_.drop_oldest(count);
    remove_segments(gone.begin(), first);
    return count;
  }

  template <class Span>
  void remove_segments(Span begin, Span end) {
    for (; begin != end; ++begin) disk_.remove(segment_path(directory_, begin->number));
    disk_.sync_directory(directory_);
  }

  Disk& disk_;
  std::string directory_;
  LogOptions options_;
  LogShape shape_;
  LogSegment segment_;
  SegmentSpans spans_;
  std::optional<DiskError> poison_;
};

}  // namespace

Result<WriteAheadLog::Opened, Refusal> WriteAheadLog::open(Disk& disk, std::string directory, LogOptions options) {
  PARLEY_ASSERT(options.segment_bytes % log_sector_bytes == 0 && options.segment_bytes <= segment_bytes_max,
                "a segment of whole sectors within segment_bytes_max");
  try {
    disk.make_directory(directory);
    auto recovered = recover_log(disk, directory);
    if (!recovered.ok()) return recovered.error();
    if (!recovered->tail && options.must_exist) {
      return damage(disk.describe(directory) + " holds no log although this node has been a member of its cluster: " +
                    "what it voted and acknowledged is gone");
    }
    if (!recovered->tail) {
      recovered->tail = create_first_segment(disk, directory, options.segment_bytes);
    }
    Opened opened;
    opened.durable = std::move(recovered->durable);
    opened.notes = std::move(recovered->notes);
    opened.log = std::make_unique<SegmentedLog>(disk, std::move(directory), options, std::move(*recovered));
    return opened;
  } catch (const DiskError& error) {
    if (error.is_full()) throw;   // may be cured by waiting
    return refusal({error.what()});
  }
}

}  // namespace parley::store
