// Recovery of the write-ahead log, in three ways that the first byte of the input chooses: segment files of any bytes;
// files with checksums that fit around any records; and a log that was written properly, then damaged as disks do.
// It never crashes, and either refuses with a text or gives back what was written: in the last case exactly what the
// log held after one of its batches, snapshots or trims (docs/DISK.md), and it can be continued from there.
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "fuzz/damage.hpp"
#include "fuzz/input.hpp"
#include "fuzz/raft_values.hpp"
#include "store/log_script.hpp"
#include "store/log_segment.hpp"
#include "store/memory_disk.hpp"
#include "store/write_ahead_log.hpp"

namespace parley::fuzz {
namespace {

using namespace store;
using store::testing::same;

constexpr LogOptions small{2048, false};
constexpr std::size_t damages_max = 6;

// What was recovered, or nothing where it was refused.
std::optional<raft::Durable> recover(MemoryDisk& disk) {
  auto opened = WriteAheadLog::open(disk, "log", small);
  if (opened.ok()) return std::move(opened->durable);
  PARLEY_ASSERT(!opened.error().message.empty(), "a refusal has a text");
  return std::nullopt;
}

void recovers_the_same_again(MemoryDisk& disk, const raft::Durable& first) {
  disk.crash_losing_all_unsynced();   // what it returned as durable is
  const auto again = recover(disk);
  PARLEY_ASSERT(again && same(*again, first), "a recovered log is recovered again as the same");
}

// -- any bytes ------------------------------------------------------------------------------------------------------

void any_bytes(Input in) {
  MemoryDisk disk;
  const auto files = 1 + in.below(2);
  for (std::uint64_t number = 1; number <= files; ++number) {
    disk.overwrite(segment_path("log", number), number == files ? std::string(in.rest()) : in.text(1024));
  }
  if (const auto found = recover(disk)) recovers_the_same_again(disk, *found);
}

// -- checksums that fit ---------------------------------------------------------------------------------------------

class Forger {
 public:
  explicit Forger(Input in) : in_(in) {}

  void run() {
    MemoryDisk disk;
    const auto files = 1 + in_.below(3);
    std::uint64_t chain = in_.below(16) == 0 ? in_.u64() : 0;
    for (std::uint64_t number = 1; number <= files; ++number) {
      disk.overwrite(segment_path("log", number), segment(number, chain, number == files));
    }
    const auto found = recover(disk);
    if (!found) return;
    Index before = found->base.index;
    for (const auto& entry : found->entries) {
      PARLEY_ASSERT(entry.id.index == before.next() && was_written(entry), "no entry is invented");
      before = entry.id.index;
    }
    recovers_the_same_again(disk, *found);
  }

 private:
  bool was_written(const raft::Entry& entry) const {
    return std::ranges::any_of(written_, [&](const auto& one) { return wire::testing::same(one, entry); });
  }

  std::string segment(std::uint64_t number, std::uint64_t& chain, bool last) {
    SegmentHeader header{in_.below(32) == 0 ? in_.u64() : number, 0, last_.index.next(), chain};
    if (in_.below(16) == 0) header.begins = in_.below(number + 2);
    if (in_.below(16) == 0) header.version = 1;
    SegmentCursor cursor;
    cursor.chain = chain;
    std::string sectors;
    add(sectors, cursor, header.number, {base_record({last_, time_, configuration_, Index(0)})});
    for (auto batches = in_.below(5); batches > 0; --batches) {
      std::vector<LogRecord> records;
      for (auto count = 1 + in_.below(3); count > 0; --count) records.push_back(record());
      add(sectors, cursor, header.number, std::move(records));
    }
    if (last == (in_.below(16) == 0)) add(sectors, cursor, header.number, {seal_record(last_)});
    chain = cursor.chain;
    header.bytes = log_sector_bytes + sectors.size() + log_sector_bytes * in_.below(3);
    if (in_.below(32) == 0) header.first_index = Index(in_.any_number());
    std::string file = encode(header) + sectors;
    file.resize(header.bytes, '\0');
    return file;
  }

  static void add(std::string& sectors, SegmentCursor& cursor, std::uint64_t segment, std::vector<LogRecord> records) {
    auto batch = encode_batch(cursor, segment, records);
    sectors.resize(batch.offset - log_sector_bytes);
    sectors += batch.sectors;
    cursor = std::move(batch.after);
  }

  // Mostly what may follow; sometimes anything.
  LogRecord record() {
    switch (in_.below(16)) {
      case 0: return {RecordKind(1 + in_.below(6)), false, any_entry_id(in_), in_.text(80)};
      case 1: return base_record(any_base(in_));
      case 2: {
        const auto id = any_entry_id(in_);
        return in_.boolean() ? seal_record(id) : trim_record(id, in_.below(5));
      }
      case 3: {
        auto entry = any_entry(in_);
        written_.push_back(entry);
        return entry_record(entry);
      }
      case 4: {
        const Index from(in_.below(last_.index.value + 2));
        last_.index = from.previous();
        return truncation_record(from);
      }
      case 5:
      case 6: {
        raft::HardState state{last_.term, std::nullopt, Index(in_.below(last_.index.value + 2))};
        if (in_.boolean()) state.voted_for = any_server(in_);
        return hard_state_record(state);
      }
      default: return next_entry();
    }
  }

  LogRecord next_entry() {
    raft::Entry entry = any_entry(in_);
    last_ = {last_.term + in_.below(2), last_.index.next()};
    entry.id = last_;
    entry.time = time_ = std::max(time_, LogTime{in_.u16()});
    if (const auto* held = std::get_if<raft::ConfigurationPtr>(&entry.content)) configuration_ = *held;
    written_.push_back(entry);
    return entry_record(entry);
  }

  Input in_;
  raft::EntryId last_;
  LogTime time_;
  raft::ConfigurationPtr configuration_;
  std::vector<raft::Entry> written_;
};

// -- a log that was written, then damaged ---------------------------------------------------------------------------

// Batches, snapshots installed and old segments removed, and the files and the state after each.
struct Life {
  using Files = std::vector<std::pair<std::string, std::string>>;
  std::vector<Files> files;
  std::vector<raft::Durable> states;

  explicit Life(std::uint64_t seed) {
    Random random(seed);
    MemoryDisk disk;
    raft::Durable model;
    auto opened = WriteAheadLog::open(disk, "log", small);
    note(disk, model);
    for (int step = 0; step < 20; ++step) {
      const bool anew = random.chance(0.1);
      opened->log->append(anew ? store::testing::random_reset(random, model)
                               : store::testing::random_batch(random, model));
      note(disk, model);
      if (!random.chance(0.2) || opened->log->trim(model.hard_state.commit_index) == 0) continue;
      model = store::testing::seen_from(opened->log->usage().base, std::move(model));
      note(disk, model);
    }
  }

 private:
  void note(MemoryDisk& disk, const raft::Durable& model) {
    Files held;
    for (const auto& name : disk.list("log")) held.emplace_back(name, disk.contents("log/" + name));
    files.push_back(std::move(held));
    states.push_back(model);
  }
};

const Life& life(std::size_t number) {
  static const std::array<Life, 4> lives{Life(1), Life(2), Life(3), Life(4)};
  return lives[number % lives.size()];
}

std::string content_of(const Life::Files& files, const std::string& name) {
  const auto found = std::ranges::find(files, name, &std::pair<std::string, std::string>::first);
  return found == files.end() ? std::string() : found->second;
}

void goes_on_from(MemoryDisk& disk, raft::Durable model) {
  {
    auto opened = WriteAheadLog::open(disk, "log", small);
    PARLEY_ASSERT(opened.ok(), "a recovered log is recovered again");
    opened->log->append(store::testing::batch_of(model, {SharedBytes("more"), raft::Noop{}},
                                                 model.hard_state.current_term.next()));
  }
  recovers_the_same_again(disk, model);
}

void damaged(Input in) {
  const Life& lived = life(in.below(4));
  const std::size_t moment = in.below(lived.files.size());
  auto files = lived.files[moment];
  Damage damage(in, log_sector_bytes);
  for (std::size_t i = 0; i < damages_max && !in.empty(); ++i) {
    auto& [name, bytes] = files[in.below(files.size())];
    damage.once(bytes, content_of(lived.files[in.below(moment + 1)], name));
  }
  MemoryDisk disk;
  for (const auto& [name, bytes] : files) disk.overwrite("log/" + name, bytes);
  const auto found = recover(disk);
  if (!found) return;
  const bool was_so = std::any_of(lived.states.begin(), lived.states.begin() + static_cast<std::ptrdiff_t>(moment) + 1,
                                  [&found](const raft::Durable& state) { return same(state, *found); });
  PARLEY_ASSERT(was_so, "what is recovered is what the log held at some moment");
  recovers_the_same_again(disk, *found);
  goes_on_from(disk, *found);
}

}  // namespace
}  // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parley::fuzz::Input in(data, size);
  switch (in.below(3)) {
    case 0: parley::fuzz::any_bytes(in); break;
    case 1: parley::fuzz::Forger(in).run(); break;
    default: parley::fuzz::damaged(in);
  }
  return 0;
}
