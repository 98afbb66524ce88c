#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "store/archive_copies.hpp"
#include "store/archive_sample.hpp"
#include "store/hook_disk.hpp"
#include "store/memory_disk.hpp"
#include "store/page_checksum.hpp"
#include "store/posix_disk.hpp"
#include "store/temporary_directory.hpp"

// Copies that a node makes of its archive for others (R12).
namespace parley::store {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

const std::string file = "archive.db";

class ArchiveCopying : public testing::Test {
 protected:
  ArchiveCopying() : opened_(*Archive::open(disk_, file)) { write(30); }

  void write(int batches) {
    for (int i = 0; i < batches; ++i) archive().write(workload_.next(4));
  }
  Archive& archive() { return *opened_.archive; }

  ArchiveCopy make(std::optional<ArchiveCopyId> in_use = std::nullopt) {
    auto copy = copies_.make(archive(), in_use);
    EXPECT_TRUE(copy.ok()) << copy.error().message;
    return *copy;
  }

  std::string all_of(const ArchiveCopyId& id) {
    auto bytes = copies_.read(id, 0, id.bytes);
    EXPECT_TRUE(bytes.ok()) << bytes.error().message;
    return *bytes;
  }

  // What somebody has who was sent these bytes.
  static std::string difference_of(const std::string& bytes, const ArchiveModel& model) {
    MemoryDisk other;
    other.overwrite(file, bytes);
    const auto opened = Archive::open(other, file);
    if (!opened) return opened.error().message;
    if (!opened->archive->scrub().ok()) return "a page is damaged";
    return difference(*opened, model);
  }

  // The archive is as it was, and goes on.
  void expect_archive_well() {
    const auto before = workload_.model();
    write(1);
    archive().checkpoint();
    opened_.archive.reset();
    disk_.crash_losing_all_unsynced();
    auto again = Archive::open(disk_, file);
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(difference(*again, workload_.model()), "");
    opened_ = std::move(*again);
  }

  MemoryDisk disk_;
  Archive::Opened opened_;
  SampleWorkload workload_{1};
  ArchiveCopies copies_{disk_};
};

TEST_F(ArchiveCopying, HoldsExactlyTheStateOfItsPosition) {
  const ArchiveModel model = workload_.model();
  const ArchiveCopy copy = make();
  write(5);
  EXPECT_EQ(copy.id.applied, model.position.applied);
  EXPECT_TRUE(copy.position == model.position);
  const std::string bytes = all_of(copy.id);
  EXPECT_EQ(bytes.size(), copy.id.bytes);
  EXPECT_EQ(digest(bytes), copy.id.digest);
  EXPECT_EQ(difference_of(bytes, model), "");
}

TEST_F(ArchiveCopying, IsWholeWithoutACheckpointAndWithAWriteAheadFileThatOnlyTheSourceHas) {
  archive().checkpoint();
  write(3);
  ASSERT_FALSE(disk_.contents(file + "-wal").empty());
  const ArchiveModel model = workload_.model();
  EXPECT_EQ(difference_of(all_of(make().id), model), "");
}

TEST_F(ArchiveCopying, SurvivesAPowerCutWithItsName) {
  const ArchiveModel model = workload_.model();
  const ArchiveCopy copy = make();
  opened_.archive.reset();
  disk_.crash_losing_all_unsynced();
  ArchiveCopies after(disk_);
  ASSERT_THAT(after.list(), SizeIs(1));
  EXPECT_EQ(after.list().front(), copy.id);
  const auto bytes = after.read(copy.id, 0, copy.id.bytes);
  ASSERT_TRUE(bytes.ok()) << bytes.error().message;
  EXPECT_EQ(difference_of(*bytes, model), "");
}

TEST_F(ArchiveCopying, IsReadInAnyRanges) {
  const ArchiveCopy copy = make();
  const std::string bytes = all_of(copy.id);
  Random random(2);
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t offset = random.below(bytes.size() + 10);
    const std::size_t size = random.below(20'000);
    const auto part = copies_.read(copy.id, offset, size);
    ASSERT_TRUE(part.ok()) << part.error().message;
    ASSERT_EQ(*part, offset < bytes.size() ? bytes.substr(offset, size) : "") << offset << " " << size;
  }
  EXPECT_EQ(*copies_.read(copy.id, ~0ULL, ~0ULL), "");
  EXPECT_EQ(*copies_.read(copy.id, 100, ~0ULL), bytes.substr(100));
}

TEST_F(ArchiveCopying, OneWithADamagedPageIsNotSentAndGoes) {
  const ArchiveCopy copy = make();
  const std::string path = "snapshot/" + disk_.list("snapshot").front();
  disk_.flip(path, page_size * 8 + 77);
  const auto first = copies_.read(copy.id, 0, page_size);
  EXPECT_TRUE(first.ok());
  const auto second = copies_.read(copy.id, 5000, 10);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message, HasSubstr("page 2 is damaged"));
  const auto third = copies_.read(copy.id, 0, page_size);
  ASSERT_FALSE(third.ok());
  EXPECT_THAT(third.error().message, HasSubstr("there is no such copy any more"));
}

TEST_F(ArchiveCopying, AtMostTwoAreKeptAndTheOneInUseIsAmongThem) {
  const ArchiveCopy first = make();
  write(1);
  const ArchiveCopy second = make();
  EXPECT_THAT(copies_.list(), testing::ElementsAre(first.id, second.id));
  write(1);
  const ArchiveCopy third = make();
  EXPECT_THAT(copies_.list(), testing::ElementsAre(second.id, third.id));
  write(1);
  const ArchiveCopy fourth = make(second.id);
  EXPECT_THAT(copies_.list(), testing::ElementsAre(second.id, fourth.id));
  copies_.remove_all_but(fourth.id);
  EXPECT_THAT(copies_.list(), testing::ElementsAre(fourth.id));
}

TEST_F(ArchiveCopying, OtherFilesInTheDirectoryAreNotTakenForCopies) {
  make();
  for (const char* name : {"copy.db.new", "notes", "00000000000000000001-00000000000000000001-zz.db", "x.db"}) {
    disk_.overwrite("snapshot/" + std::string(name), "something else");
  }
  EXPECT_THAT(copies_.list(), SizeIs(1));
}

TEST_F(ArchiveCopying, StopsWhenAskedAndLeavesNothing) {
  std::stop_source stop;
  stop.request_stop();
  const auto copy = copies_.make(archive(), std::nullopt, stop.get_token());
  ASSERT_FALSE(copy.ok());
  EXPECT_THAT(copy.error().message, HasSubstr("stopped"));
  EXPECT_THAT(disk_.list("snapshot"), SizeIs(0));
  expect_archive_well();
}

// ENOSPC and EIO at every call: the archive and the copies there are stay as they were.
TEST_F(ArchiveCopying, AFailingDiskLeavesTheArchiveAsItWas) {
  using Operation = MemoryDisk::Operation;
  const ArchiveCopy kept = make();
  write(1);
  std::size_t failed = 0;
  for (const auto operation : {Operation::write, Operation::sync, Operation::create, Operation::truncate,
                               Operation::rename, Operation::sync_directory}) {
    for (std::uint64_t nth = 1;; nth += nth < 6 ? 1 : 17) {
      disk_.fail({operation, nth, operation == Operation::write ? ENOSPC : EIO, "snapshot", 100});
      const auto copy = copies_.make(archive(), kept.id);
      if (copy.ok()) break;
      ++failed;
      EXPECT_THAT(copy.error().message, HasSubstr("copying the archive failed"));
      EXPECT_THAT(copies_.read(kept.id, 0, 1).ok(), true);
      write(1);   // it goes on
    }
    disk_.kill();   // forgets a fault that was not met
    opened_ = *Archive::open(disk_, file);
    copies_.remove_all_but(kept.id);
  }
  EXPECT_GT(failed, 10U);
  expect_archive_well();
}

TEST_F(ArchiveCopying, AnUnreadablePageOfTheArchiveItselfIsSaid) {
  archive().checkpoint();
  disk_.flip(file, (page_size * 3 + 9) * 8);
  EXPECT_THROW(static_cast<void>(copies_.make(archive(), std::nullopt)), ArchiveDamaged);
  EXPECT_THAT(copies_.list(), SizeIs(0));
}

// R9, R12: what a checkpoint in the middle of a copy says is on the disk is there, although it could not do its last
// step; and the copy stays the state it began with.
TEST(ArchiveCopyingMeanwhile, ACheckpointIsDurableAndTheCopyStaysOneState) {
  int interrupted = 0;
  for (int at = 0;; at += 3) {
    SCOPED_TRACE("at write " + std::to_string(at));
    MemoryDisk memory;
    SampleWorkload workload(4);
    Archive::Opened opened;
    int writes = 0;
    std::unique_ptr<MemoryDisk> cut;
    ArchiveModel at_checkpoint;
    HookDisk disk(memory, "snapshot/", [&] {
      if (++writes != at + 1) return;
      for (int i = 0; i < 3; ++i) opened.archive->write(workload.next(4));
      opened.archive->checkpoint();
      at_checkpoint = workload.model();
      cut = memory.clone();
      opened.archive->write(workload.next(4));
    });
    opened = *Archive::open(disk, file);
    for (int i = 0; i < 30; ++i) {
      opened.archive->write(workload.next(4));
      if (i == 20) opened.archive->checkpoint();
    }
    const ArchiveModel model = workload.model();
    ArchiveCopies copies(disk);
    const auto copy = copies.make(*opened.archive, std::nullopt);
    ASSERT_TRUE(copy.ok()) << copy.error().message;
    if (cut == nullptr) break;   // the copy has not so many writes
    ++interrupted;
    MemoryDisk other;
    other.overwrite(file, *copies.read(copy->id, 0, copy->id.bytes));
    EXPECT_EQ(difference(*Archive::open(other, file), model), "");
    cut->crash_losing_all_unsynced();
    auto after = Archive::open(*cut, file);
    ASSERT_TRUE(after.ok()) << after.error().message;
    EXPECT_EQ(difference(*after, at_checkpoint), "");
    opened.archive->checkpoint();
    EXPECT_EQ(memory.contents(file + "-wal"), "") << "nobody copies any more";
  }
  EXPECT_GT(interrupted, 8);
}

// R12: at full speed beside the writer; each copy is one of the states between two writes, checkpoints or not.
TEST(ArchiveCopyingThreads, WritesAndCheckpointsGoOnMeanwhileAndEachCopyIsOneState) {
  TemporaryDirectory temporary;
  PosixDisk disk(temporary.path());
  auto opened = *Archive::open(disk, file);
  SampleWorkload workload(3);
  std::vector<ArchiveModel> models;
  const auto write = [&] {
    opened.archive->write(workload.next(4));
    models.push_back(workload.model());
  };
  for (int i = 0; i < 40; ++i) write();
  std::atomic<bool> done = false;
  std::vector<std::pair<ArchiveCopy, std::string>> made;
  std::thread copier([&] {
    ArchiveCopies copies(disk);
    while (!done || made.size() < 3) {
      auto copy = copies.make(*opened.archive, std::nullopt);
      ASSERT_TRUE(copy.ok()) << copy.error().message;
      auto bytes = copies.read(copy->id, 0, copy->id.bytes);
      ASSERT_TRUE(bytes.ok()) << bytes.error().message;
      made.emplace_back(*copy, std::move(*bytes));
      if (made.size() > 12) return;
    }
  });
  for (int i = 0; i < 60; ++i) {
    write();
    if (i % 7 == 3) opened.archive->checkpoint();
  }
  done = true;
  copier.join();
  opened.archive->checkpoint();
  EXPECT_EQ(std::filesystem::file_size(temporary.path() / (file + "-wal")), 0U) << "nobody copies any more";
  ASSERT_GE(made.size(), 3U);
  for (const auto& [copy, bytes] : made) {
    EXPECT_EQ(digest(bytes), copy.id.digest);
    MemoryDisk other;
    other.overwrite(file, bytes);
    auto there = Archive::open(other, file);
    ASSERT_TRUE(there.ok()) << there.error().message;
    const auto model = std::find_if(models.begin(), models.end(), [&, &copy = copy](const ArchiveModel& state) {
      return state.position.applied == copy.id.applied;
    });
    ASSERT_NE(model, models.end());
    EXPECT_EQ(difference(*there, *model), "");
  }
}

}  // namespace
}  // namespace parley::store
