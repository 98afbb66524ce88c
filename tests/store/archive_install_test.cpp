#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "store/archive_connection.hpp"
#include "store/archive_copies.hpp"
#include "store/archive_incoming.hpp"
#include "store/archive_install.hpp"
#include "store/archive_sample.hpp"
#include "store/log_script.hpp"
#include "store/memory_disk.hpp"
#include "store/page_checksum.hpp"
#include "store/posix_disk.hpp"
#include "store/temporary_directory.hpp"

// Another node's archive arrives and takes the place of this one's (W16, decision 0010), and what a crash at any
// point of it leaves.
namespace parley::store {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string file = "archive.db";
constexpr LogOptions small{4096, false};
constexpr std::uint64_t bytes_max = 1 << 30;

// The copy that the leader sends, and what is in it.
struct Sent {
  ArchiveCopy copy;
  std::string bytes;
  ArchiveModel model;

  explicit Sent(int batches, const std::string& sql = "") {
    MemoryDisk disk;
    auto opened = *Archive::open(disk, file);
    SampleWorkload workload(1);
    for (int i = 0; i < batches; ++i) opened.archive->write(workload.next(4));
    model = workload.model();
    if (!sql.empty()) ArchiveConnection(disk, file, ArchiveConnection::Use::write).database().exec(sql);
    ArchiveCopies copies(disk);
    copy = *copies.make(*opened.archive, std::nullopt);
    bytes = *copies.read(copy.id, 0, copy.id.bytes);
  }
};

const Sent& sent() {
  static const Sent one(30);   // entries 1 to 120
  return one;
}

// Receives what is missing; false: the disk failed.
bool receive(Disk& disk, const Sent& from, std::size_t chunk = 10'000) {
  auto incoming = IncomingArchive::open(disk, file, from.copy.id, bytes_max);
  if (!incoming.ok()) return false;
  while (!incoming->complete()) {
    const auto part = from.bytes.substr(incoming->offset(), chunk);
    if (!incoming->write(incoming->offset(), part).ok()) return false;
  }
  return incoming->sync().ok();
}

Result<ArchivePosition> prepare(Disk& disk, const Sent& from = sent()) {
  return prepare_archive(disk, file, from.copy.id, Generation(1));
}

// -- receiving --------------------------------------------------------------------------------------------------

TEST(IncomingArchive, TakesWhatComesInOrderAndNothingElse) {
  MemoryDisk disk;
  auto incoming = IncomingArchive::open(disk, file, sent().copy.id, bytes_max);
  ASSERT_TRUE(incoming.ok()) << incoming.error().message;
  EXPECT_EQ(incoming->offset(), 0U);
  EXPECT_TRUE(incoming->write(0, sent().bytes.substr(0, 5000)).ok());
  EXPECT_EQ(incoming->offset(), 5000U);
  const auto again = incoming->write(0, sent().bytes.substr(0, 5000));
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(again.error().message, HasSubstr("but 5000 is the next of"));
  EXPECT_FALSE(incoming->write(6000, "x").ok());
  EXPECT_FALSE(incoming->write(5000, std::string(sent().bytes.size(), 'x')).ok()) << "more than there is";
  EXPECT_EQ(incoming->offset(), 5000U);
  EXPECT_FALSE(incoming->complete());
}

TEST(IncomingArchive, RefusesMoreThanIsAllowed) {
  MemoryDisk disk;
  const auto refused = IncomingArchive::open(disk, file, sent().copy.id, sent().copy.id.bytes - 1);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("more than the"));
  EXPECT_THAT(disk.list(""), IsEmpty());
}

TEST(IncomingArchive, GoesOnWhereARestartOrAPowerCutInterruptedIt) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    MemoryDisk disk;
    Random random(seed);
    std::uint64_t written = 0;
    {
      auto incoming = IncomingArchive::open(disk, file, sent().copy.id, bytes_max);
      for (std::uint64_t n = random.below(12); n > 0; --n) {
        const auto part = sent().bytes.substr(incoming->offset(), 1 + random.below(9000));
        ASSERT_TRUE(incoming->write(incoming->offset(), part).ok());
        if (random.chance(0.3)) {
          ASSERT_TRUE(incoming->sync().ok());
        }
      }
      written = incoming->offset();
    }
    if (seed % 3 == 0) disk.kill();
    else disk.crash(random);
    const auto found = IncomingArchive::found(disk, file);
    if (found) {
      EXPECT_EQ(*found, sent().copy.id);
    }
    auto incoming = IncomingArchive::open(disk, file, sent().copy.id, bytes_max);
    ASSERT_TRUE(incoming.ok()) << incoming.error().message;
    EXPECT_LE(incoming->offset(), written);
    if (seed % 3 == 0) {
      EXPECT_GE(incoming->offset() + page_size, written) << "only a broken page is asked for again";
    }
    ASSERT_TRUE(receive(disk, sent()));
    const auto prepared = prepare(disk);
    ASSERT_TRUE(prepared.ok()) << prepared.error().message;
    EXPECT_TRUE(*prepared == sent().model.position);
  }
}

TEST(IncomingArchive, AnotherCopyBeginsAnew) {
  const Sent newer(31);
  MemoryDisk disk;
  auto incoming = IncomingArchive::open(disk, file, sent().copy.id, bytes_max);
  ASSERT_TRUE(incoming->write(0, sent().bytes.substr(0, 40'000)).ok());
  auto other = IncomingArchive::open(disk, file, newer.copy.id, bytes_max);
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->offset(), 0U);
  EXPECT_EQ(IncomingArchive::found(disk, file), newer.copy.id);
  ASSERT_TRUE(receive(disk, newer));
  EXPECT_TRUE(prepare(disk, newer).ok());
  ASSERT_TRUE(IncomingArchive::discard(disk, file).ok());
  EXPECT_EQ(IncomingArchive::found(disk, file), std::nullopt);
}

// -- verifying --------------------------------------------------------------------------------------------------

// What is wrong with a copy whose sender says that it is right.
std::string refusal_of(const Sent& from, std::optional<Generation> generation = Generation(1)) {
  MemoryDisk disk;
  EXPECT_TRUE(receive(disk, from));
  const auto prepared = prepare_archive(disk, file, from.copy.id, generation);
  EXPECT_EQ(disk.list("").size(), prepared.ok() ? 1U : 0U) << "nothing else is left";
  return prepared.ok() ? "(none)" : prepared.error().message;
}

Sent altered(std::string bytes) {
  Sent other = sent();
  other.bytes = std::move(bytes);
  other.copy.id.digest = digest(other.bytes);
  other.copy.id.bytes = other.bytes.size();
  return other;
}

TEST(PrepareArchive, RefusesWhatIsNotTheCopyThatWasOffered) {
  EXPECT_EQ(refusal_of(sent()), "(none)");
  Sent wrong = sent();
  wrong.copy.id.digest = digest("another");
  EXPECT_THAT(refusal_of(wrong), HasSubstr("the sender's copy"));
  wrong = sent();
  wrong.copy.id.applied.index = Index(121);
  EXPECT_THAT(refusal_of(wrong), HasSubstr("stands for entry 120 of term 3, offered as entry 121 of term 3"));
  EXPECT_THAT(refusal_of(sent(), Generation(2)), HasSubstr("is of generation 1, the cluster is in 2"));
  EXPECT_EQ(refusal_of(sent(), std::nullopt), "(none)");
}

TEST(PrepareArchive, RefusesDamageThatTheSenderHadAlready) {
  std::string bytes = sent().bytes;
  bytes[page_size * 5 + 100] ^= 1;
  EXPECT_THAT(refusal_of(altered(bytes)), HasSubstr("page 6 is damaged"));
  EXPECT_THAT(refusal_of(altered(sent().bytes.substr(0, page_size * 7))), HasSubstr("archive.db-prepared"));
  EXPECT_THAT(refusal_of(altered(std::string(page_size * 3, '\0'))), HasSubstr("page 1 is damaged"));
  EXPECT_THAT(refusal_of(Sent(30, "PRAGMA user_version = 7")), HasSubstr("written by a newer program"));
  EXPECT_THAT(refusal_of(Sent(30, "PRAGMA application_id = 7")), HasSubstr("is not a Parley archive"));
  EXPECT_THAT(refusal_of(Sent(30, "PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE name = "
                                  "'message_by_number'")), HasSubstr("integrity check found"));
}

TEST(PrepareArchive, WithNothingReceivedIsAnError) {
  MemoryDisk disk;
  const auto prepared = prepare(disk);
  ASSERT_FALSE(prepared.ok());
  EXPECT_THAT(prepared.error().message, HasSubstr("nothing was received"));
}

TEST(PrepareArchive, WhatIsStillIncompleteIsRefused) {
  MemoryDisk disk;
  auto incoming = IncomingArchive::open(disk, file, sent().copy.id, bytes_max);
  ASSERT_TRUE(incoming->write(0, sent().bytes.substr(0, page_size * 4)).ok());
  EXPECT_FALSE(prepare(disk).ok());
}

// -- installing -------------------------------------------------------------------------------------------------

// A follower that stands at some entry of its own, with a log and an archive that differ from the leader's.
class Follower {
 public:
  explicit Follower(Disk& disk) : disk_(disk) {}

  // Writes an archive up to entry 40, and a log up to 60 of which 40 is committed, in terms that the leader never saw.
  void live() {
    auto archive = open_archive();
    SampleWorkload workload(9);
    for (int i = 0; i < 10; ++i) {
      archive.archive->write(workload.next(4));
      if (i == 6) archive.archive->checkpoint();
    }
    own_model = workload.model();
    auto log = open_log();
    for (int i = 0; i < 12; ++i) {
      log.log->append(testing::batch_of(own_log, std::vector<raft::Content>(5, SharedBytes(std::string(100, 'x'))),
                                        Term(1)));
    }
    raft::PersistBatch vote;
    vote.number = 1;
    vote.hard_state = raft::HardState{Term(6), ServerId{NodeId(2), Incarnation(3)}, Index(40)};
    testing::apply_batch(own_log, vote);
    log.log->append(vote);
  }

  Archive::Opened open_archive() {
    auto opened = Archive::open(disk_, file);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return std::move(*opened);
  }
  WriteAheadLog::Opened open_log() {
    auto opened = WriteAheadLog::open(disk_, "log", small);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return std::move(*opened);
  }

  // All that a node does with an offered copy, in a process of its own. Stops where the disk does.
  void install() {
    auto archive = open_archive();
    auto log = WriteAheadLog::open(disk_, "log", small);
    if (!log.ok() || !receive(disk_, sent())) return;
    const auto position = prepare(disk_);
    if (!position.ok()) return;
    archive = {};
    install_archive(disk_, file);
    archive = open_archive();
    join_log(archive, *log->log, log->durable);
  }

  Disk& disk_;
  ArchiveModel own_model;
  raft::Durable own_log;
};

TEST(InstallArchive, TheCopyTakesTheArchivesPlaceAndTheLogBeginsAboveIt) {
  MemoryDisk disk;
  Follower follower(disk);
  follower.live();
  follower.install();
  disk.crash_losing_all_unsynced();
  auto archive = follower.open_archive();
  EXPECT_FALSE(archive.installed);
  EXPECT_EQ(difference(archive, sent().model), "");
  auto log = follower.open_log();
  EXPECT_EQ(log.durable.base, sent().model.position.applied);
  EXPECT_EQ(log.durable.base_time, sent().model.position.time);
  EXPECT_EQ(log.durable.base_configuration_index, Index(10));
  ASSERT_NE(log.durable.base_configuration, nullptr);
  EXPECT_EQ(*log.durable.base_configuration, *sent().model.position.configuration);
  EXPECT_TRUE(log.durable.entries.empty());
  EXPECT_EQ(log.durable.hard_state, (raft::HardState{Term(6), ServerId{NodeId(2), Incarnation(3)}, Index(120)}));
  SampleWorkload workload(1);
  for (int i = 0; i < 30; ++i) workload.next(4);
  archive.archive->write(workload.next(4));   // it goes on
  archive.archive->checkpoint();
  EXPECT_TRUE(archive.archive->scrub().ok());
}

TEST(InstallArchive, TheSwapLeavesNoOldCompanionBesideTheNewFile) {
  MemoryDisk disk;
  Follower follower(disk);
  follower.live();
  ASSERT_FALSE(disk.contents(file + "-wal").empty());
  ASSERT_TRUE(disk.exists(file + "-mark"));
  ASSERT_TRUE(receive(disk, sent()));
  ASSERT_TRUE(prepare(disk).ok());
  install_archive(disk, file);
  std::vector<std::string> left = disk.list("");
  std::erase(left, "log");
  EXPECT_EQ(left, std::vector<std::string>{file});
  const auto archive = follower.open_archive();
  EXPECT_TRUE(archive.installed);
  EXPECT_EQ(difference(archive, sent().model), "");
}

TEST(InstallArchive, AnArchiveThatWasNotJoinedIsNeitherWrittenNorCopied) {
  MemoryDisk disk;
  ASSERT_TRUE(receive(disk, sent()));
  ASSERT_TRUE(prepare(disk).ok());
  install_archive(disk, file);
  auto archive = *Archive::open(disk, file);
  ArchiveCopies copies(disk);
  const auto copy = copies.make(*archive.archive, std::nullopt);
  ASSERT_FALSE(copy.ok());
  EXPECT_THAT(copy.error().message, HasSubstr("is not joined by the log yet"));
  SampleWorkload workload(1);
  EXPECT_DEATH(archive.archive->write(workload.next(200)), "is joined by the log before it goes on");
  archive.archive->joined();
  EXPECT_TRUE(copies.make(*archive.archive, std::nullopt).ok());
}

TEST(InstallArchiveDeath, AnArchiveThatSomebodyHasOpenIsNotReplaced) {
  MemoryDisk disk;
  const auto archive = *Archive::open(disk, file);
  ASSERT_TRUE(receive(disk, sent()));
  ASSERT_TRUE(prepare(disk).ok());
  EXPECT_DEATH(install_archive(disk, file), "the archive is closed before it is replaced");
}

// -- joining ----------------------------------------------------------------------------------------------------

// The log of a node, whose archive was installed at entry 120 of term 3.
struct Joining {
  Joining() {
    EXPECT_TRUE(receive(disk, sent()));
    EXPECT_TRUE(prepare(disk).ok());
    install_archive(disk, file);
    archive = *Archive::open(disk, file);
    log = *WriteAheadLog::open(disk, "log", small);
  }
  void fill(std::uint64_t through, Term term) {
    std::vector<raft::Content> entries(through - testing::last_index(log.durable), SharedBytes("x"));
    log.log->append(testing::batch_of(log.durable, std::move(entries), term));
  }

  MemoryDisk disk;
  Archive::Opened archive;
  WriteAheadLog::Opened log;
};

TEST(JoinLog, ALogThatHoldsTheEntryOfTheArchiveStaysAsItIs) {
  Joining node;
  node.fill(150, Term(3));
  const raft::Durable before = node.log.durable;
  EXPECT_FALSE(base_to_join(node.archive, node.log.durable));
  EXPECT_FALSE(join_log(node.archive, *node.log.log, node.log.durable));
  EXPECT_TRUE(testing::same(node.log.durable, before));
  EXPECT_FALSE(node.archive.installed);
  node.archive = {};
  node.disk.kill();
  EXPECT_FALSE(Archive::open(node.disk, file)->installed);
}

TEST(JoinLog, ALogThatEndsBelowOrHasAnotherTermThereBeginsAnew) {
  for (const std::uint64_t last : {0U, 119U, 120U, 150U}) {
    Joining node;
    if (last > 0) node.fill(last, Term(2));
    EXPECT_TRUE(join_log(node.archive, *node.log.log, node.log.durable));
    EXPECT_EQ(node.log.durable.base, (raft::EntryId{Term(3), Index(120)}));
    EXPECT_EQ(node.log.durable.hard_state.current_term, Term(3)) << "no entry is of a term to come";
    node.disk.crash_losing_all_unsynced();
    EXPECT_TRUE(testing::same(WriteAheadLog::open(node.disk, "log", small)->durable, node.log.durable));
  }
}

// Decision 0010: only what was installed may go beyond the log.
TEST(JoinLog, AnArchiveOfTheNodesOwnMakingIsNeverTheBase) {
  Joining node;
  node.archive.archive->joined();
  node.archive = *Archive::open(node.disk, file);
  EXPECT_FALSE(node.archive.installed);
  node.fill(50, Term(2));
  const raft::Durable before = node.log.durable;
  EXPECT_FALSE(join_log(node.archive, *node.log.log, node.log.durable));
  EXPECT_TRUE(testing::same(node.log.durable, before));
}

TEST(JoinLog, TwoThatContradictEachOtherAreLeftToBeRefused) {
  Joining node;
  node.fill(150, Term(2));
  raft::PersistBatch committed;
  committed.number = 1;
  committed.hard_state = raft::HardState{Term(3), {}, Index(140)};   // 120 among them, but of another term
  testing::apply_batch(node.log.durable, committed);
  node.log.log->append(committed);
  EXPECT_FALSE(join_log(node.archive, *node.log.log, node.log.durable));
  EXPECT_TRUE(node.archive.installed) << "the mark stays";
}

// -- crashes ----------------------------------------------------------------------------------------------------

// After whatever happened: either all of the old, or the new archive with a log that begins with it.
void expect_old_or_new(MemoryDisk& disk, const Follower& before, bool& became_new) {
  Follower after(disk);
  auto archive = after.open_archive();
  auto log = after.open_log();
  ASSERT_NE(archive.archive, nullptr);
  ASSERT_NE(log.log, nullptr);
  join_log(archive, *log.log, log.durable);
  EXPECT_FALSE(archive.installed);
  EXPECT_EQ(log.durable.hard_state.current_term, Term(6));
  EXPECT_EQ(log.durable.hard_state.voted_for, before.own_log.hard_state.voted_for);
  became_new = archive.position.applied == sent().model.position.applied;
  if (became_new) {
    EXPECT_EQ(difference(archive, sent().model), "");
    EXPECT_EQ(log.durable.base, sent().model.position.applied);
    EXPECT_TRUE(log.durable.entries.empty());
  } else {
    EXPECT_EQ(difference(archive, before.own_model), "");
    EXPECT_TRUE(testing::same(log.durable, before.own_log));
  }
  const auto scrubbed = archive.archive->scrub();
  EXPECT_TRUE(scrubbed.ok()) << scrubbed.error().message;
}

// How many changes of the disk a whole installation makes, and the disk before it.
struct Rehearsal {
  MemoryDisk disk;
  Follower follower{disk};
  std::uint64_t changes = 0;
  std::uint64_t to_receive = 0;   // of them; the rest verifies, swaps and joins

  Rehearsal() {
    follower.live();
    disk.crash_losing_all_unsynced();
    auto archive = follower.open_archive();   // what the crash left of it is the old state from here on
    follower.own_model = state_of(archive);
    archive.archive->checkpoint();
    archive = {};
    disk.kill();
    const auto rehearsed = disk.clone();
    const std::uint64_t before = rehearsed->changes();
    Follower(*rehearsed).install();
    changes = rehearsed->changes() - before;
  }

  // The workload's state at the archive's position.
  static ArchiveModel state_of(const Archive::Opened& archive) {
    SampleWorkload workload(9);
    while (workload.model().position.applied < archive.position.applied) workload.next(4);
    return workload.model();
  }
};

void install_until_the_disk_stops(MemoryDisk& disk) {
  try {
    Follower(disk).install();
  } catch (const DiskError&) {
  }
}

TEST(InstallArchiveCrash, APowerCutAtAnyChangeLeavesTheOldOrTheNewNeverAMix) {
  const Rehearsal rehearsal;
  Random random(3);
  std::size_t old_ones = 0;
  std::size_t new_ones = 0;
  for (std::uint64_t cut = 0; cut <= rehearsal.changes; ++cut) {
    for (int again = 0; again < 4; ++again) {
      SCOPED_TRACE("cut " + std::to_string(cut) + " of " + std::to_string(rehearsal.changes));
      const auto disk = rehearsal.disk.clone();
      disk->stop_after(cut, random.below(4097));
      install_until_the_disk_stops(*disk);
      if (again == 3) disk->kill();
      else disk->crash(random);
      bool became_new = false;
      ASSERT_NO_FATAL_FAILURE(expect_old_or_new(*disk, rehearsal.follower, became_new));
      ASSERT_FALSE(::testing::Test::HasFailure());
      ++(became_new ? new_ones : old_ones);
    }
  }
  EXPECT_GT(old_ones, 40U);
  EXPECT_GT(new_ones, 40U);
}

TEST(InstallArchiveCrash, APowerCutDuringTheRecoveryFromAPowerCutIsRecoveredFromInTurn) {
  const Rehearsal rehearsal;
  Random random(4);
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const auto disk = rehearsal.disk.clone();
    disk->stop_after(rehearsal.changes - random.below(std::min<std::uint64_t>(rehearsal.changes, 60)));
    install_until_the_disk_stops(*disk);
    disk->crash(random);
    for (int again = 0; again < 3; ++again) {
      disk->stop_after(random.below(20), random.below(4097));
      try {
        Follower node(*disk);
        auto archive = Archive::open(*disk, file);
        auto log = WriteAheadLog::open(*disk, "log", small);
        if (archive.ok() && log.ok()) join_log(*archive, *log->log, log->durable);
      } catch (const DiskError&) {
      }
      disk->crash(random);
    }
    bool became_new = false;
    ASSERT_NO_FATAL_FAILURE(expect_old_or_new(*disk, rehearsal.follower, became_new));
    ASSERT_FALSE(::testing::Test::HasFailure());
  }
}

// ENOSPC and EIO at any call while the copy arrives and is verified: nothing has happened, it can be tried again.
TEST(InstallArchiveFaults, AFailingDiskBeforeTheSwapLeavesArchiveAndLogAsTheyWere) {
  using Operation = MemoryDisk::Operation;
  const Rehearsal rehearsal;
  std::size_t failed = 0;
  for (const auto operation : {Operation::write, Operation::sync, Operation::create, Operation::rename,
                               Operation::remove, Operation::sync_directory, Operation::truncate, Operation::read}) {
    for (std::uint64_t nth = 1;; nth += nth < 8 ? 1 : 13) {
      const auto disk = rehearsal.disk.clone();
      Follower node(*disk);
      auto archive = node.open_archive();
      auto log = node.open_log();
      disk->fail({operation, nth, operation == Operation::write ? ENOSPC : EIO, "", 50});
      const bool done = receive(*disk, sent()) && prepare(*disk).ok();
      if (done) break;
      ++failed;
      EXPECT_EQ(difference(archive, rehearsal.follower.own_model), "");
      archive.archive->checkpoint();
      ASSERT_TRUE(receive(*disk, sent())) << "the fault is over: it is tried again";
      const auto prepared = prepare(*disk);
      ASSERT_TRUE(prepared.ok()) << prepared.error().message;
    }
  }
  EXPECT_GT(failed, 25U);
}

// After the decision a failure ends the process; the next start finds the new archive, or the old one untouched.
TEST(InstallArchiveFaults, AFailingDiskInTheSwapIsMadeGoodByTheNextStart) {
  using Operation = MemoryDisk::Operation;
  const Rehearsal rehearsal;
  std::size_t failed = 0;
  Random random(5);
  for (const auto operation : {Operation::rename, Operation::remove, Operation::sync_directory}) {
    for (std::uint64_t nth = 1; nth <= 3; ++nth) {
      const auto disk = rehearsal.disk.clone();
      ASSERT_TRUE(receive(*disk, sent()));
      ASSERT_TRUE(prepare(*disk).ok());
      disk->fail({operation, nth, EIO, "", 0});
      try {
        install_archive(*disk, file);
      } catch (const DiskError&) {
        ++failed;
      }
      disk->crash(random);
      bool became_new = false;
      ASSERT_NO_FATAL_FAILURE(expect_old_or_new(*disk, rehearsal.follower, became_new));
    }
  }
  EXPECT_GT(failed, 5U);
}

TEST(InstallArchive, WorksOnARealDisk) {
  TemporaryDirectory temporary;
  {
    PosixDisk disk(temporary.path());
    Follower follower(disk);
    follower.live();
    follower.install();
  }
  PosixDisk disk(temporary.path());
  Follower follower(disk);
  EXPECT_EQ(difference(follower.open_archive(), sent().model), "");
  EXPECT_EQ(follower.open_log().durable.base, sent().model.position.applied);
}

}  // namespace
}  // namespace parley::store
