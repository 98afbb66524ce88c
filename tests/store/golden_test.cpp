#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "store/identity.hpp"
#include "store/log_script.hpp"
#include "store/memory_disk.hpp"
#include "store/posix_disk.hpp"
#include "store/temporary_directory.hpp"
#include "store/write_ahead_log.hpp"

// A data directory of each format that was ever released lies in tests/store/golden/<version>, and every later build
// opens it (DESIGN.md R8). To write the one of a new format, raise `current` and run
//   write_ahead_log_test --gtest_also_run_disabled_tests --gtest_filter=Golden.DISABLED_WriteTheCurrentDirectory
// then commit it. A directory that was released is never written again.
namespace parley::store {
namespace {

using testing::same;
using testing::Script;

const std::filesystem::path golden = PARLEY_GOLDEN_DIRECTORY;
const unsigned current = 2;
constexpr LogOptions small{4096, false};

raft::ConfigurationPtr three_members() {
  raft::Configuration configuration;
  for (std::uint32_t node = 1; node <= 3; ++node) {
    const std::string number = std::to_string(node);
    configuration.members.push_back({{NodeId(node), Incarnation(0x1000 + node)}, node != 3,
                                     "127.0.0.1:700" + number, "127.0.0.1:800" + number});
  }
  return std::make_shared<const raft::Configuration>(std::move(configuration));
}

Identity golden_identity() { return {NodeId(2), Incarnation(0x1002), ClusterId(0xc1), *three_members()}; }

// Every kind of record, in four segments, the last one larger than the others.
Script golden_script() {
  Script script;
  raft::Durable model;
  script.add(testing::batch_of(model, {three_members()}, Term(1)), model);
  script.add(testing::batch_of(model, {raft::Noop{}, SharedBytes("hello"), SharedBytes("")}, Term(2)), model);
  raft::PersistBatch vote;
  vote.number = 3;
  vote.hard_state = raft::HardState{Term(4), ServerId{NodeId(3), Incarnation(0x1003)}, Index(2)};
  testing::apply_batch(model, vote);
  script.add(vote, model);
  script.add(testing::batch_of(model, {SharedBytes(std::string(3000, '\0'))}, Term(4)), model);
  raft::PersistBatch overwrite;
  overwrite.number = 5;
  overwrite.truncate_from = Index(4);
  overwrite.entries.push_back({{Term(5), Index(4)}, LogTime{1'700'000'000'000}, SharedBytes("instead")});
  overwrite.hard_state = raft::HardState{Term(5), {}, Index(3)};
  testing::apply_batch(model, overwrite);
  script.add(overwrite, model);
  script.add(testing::batch_of(model, {SharedBytes(std::string(3500, 'x'))}, Term(5)), model);
  return script;
}

// Since version 2 a log loses its beginning...
raft::Durable after_trim(WriteAheadLog* log) {
  raft::Durable model = golden_script().states.back();
  const auto append = [&](const raft::PersistBatch& batch) {
    if (log != nullptr) log->append(batch);
  };
  for (int i = 0; i < 3; ++i) append(testing::batch_of(model, {SharedBytes(std::string(3000, 'y'))}, Term(6)));
  raft::PersistBatch committed;
  committed.number = 1;
  committed.hard_state = raft::HardState{Term(6), {}, Index(7)};
  testing::apply_batch(model, committed);
  append(committed);
  if (log != nullptr) {
    EXPECT_GT(log->trim(Index(6)), 0U);
  }
  append(testing::batch_of(model, {SharedBytes("after the trim")}, Term(7)));
  return model;
}

// ...or begins anew.
raft::Durable after_reset(WriteAheadLog* log) {
  raft::Durable model = golden_script().states.back();
  raft::PersistBatch reset;
  reset.number = 1;
  reset.reset = raft::LogBase{{Term(5), Index(90)}, LogTime{1'700'000'000'090}, three_members(), Index(80)};
  testing::apply_batch(model, reset);
  if (log != nullptr) log->append(reset);
  const auto batch = testing::batch_of(model, {SharedBytes("after the snapshot")}, Term(6));
  if (log != nullptr) log->append(batch);
  return model;
}

void write_directory(Disk& disk) {
  save_identity(disk, golden_identity());
  for (const char* directory : {"log", "log-anew"}) {
    auto opened = WriteAheadLog::open(disk, directory, small);
    ASSERT_TRUE(opened.ok());
    for (const auto& batch : golden_script().batches) opened->log->append(batch);
    directory == std::string("log") ? after_trim(opened->log.get()) : after_reset(opened->log.get());
  }
}

void expect_log(Disk& disk, const std::string& directory, const raft::Durable& model, unsigned segments) {
  const auto opened = WriteAheadLog::open(disk, directory, small);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_TRUE(same(opened->durable, testing::seen_from(opened->durable.base.index, model))) << directory;
  EXPECT_EQ(opened->log->usage().segments, segments) << directory;
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Golden, EveryReleasedDirectoryOpensWithAllThatIsInIt) {
  for (unsigned version = 1; version <= current; ++version) {
    const auto released = golden / std::to_string(version);
    SCOPED_TRACE(released.string());
    TemporaryDirectory temporary;   // opening a log copies its last segment
    std::filesystem::copy(released, temporary.path(), std::filesystem::copy_options::recursive);
    PosixDisk disk(temporary.path());
    const auto identity = load_identity(disk);
    ASSERT_TRUE(identity.ok()) << identity.error().message;
    ASSERT_TRUE(identity->has_value());
    EXPECT_EQ(**identity, golden_identity());
    if (version == 1) {
      expect_log(disk, "log", golden_script().states.back(), 4);
    } else {
      expect_log(disk, "log", after_trim(nullptr), 3);
      expect_log(disk, "log-anew", after_reset(nullptr), 1);
    }
  }
}

// An upgrade: the old segments are continued, followed by new ones, and trimmed once a new one can begin the log.
TEST(Golden, ALogOfVersion1IsContinuedAndTrimmed) {
  TemporaryDirectory temporary;
  std::filesystem::copy(golden / "1", temporary.path(), std::filesystem::copy_options::recursive);
  raft::Durable model = golden_script().states.back();
  PosixDisk disk(temporary.path());
  {
    auto opened = WriteAheadLog::open(disk, "log", small);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_EQ(opened->log->trim(Index(4)), 0U) << "version 1 does not say the log time of a segment's base";
    for (int i = 0; i < 5; ++i) {
      opened->log->append(testing::batch_of(model, {SharedBytes(std::string(2500, 'z'))}, Term(6)));
    }
    EXPECT_GE(opened->log->trim(Index(8)), 4U);
  }
  const auto again = WriteAheadLog::open(disk, "log", small);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_GT(again->durable.base.index, Index(4));
  EXPECT_TRUE(same(again->durable, testing::seen_from(again->durable.base.index, model)));
}

TEST(Golden, ThisVersionWritesTheCurrentDirectoryByteForByte) {
  MemoryDisk disk;
  ASSERT_NO_FATAL_FAILURE(write_directory(disk));
  EXPECT_EQ(disk.contents(identity_file), bytes_of(golden / std::to_string(current) / identity_file));
  for (const std::string directory : {"log", "log-anew"}) {
    for (const auto& name : disk.list(directory)) {
      const auto released = golden / std::to_string(current) / directory / name;
      EXPECT_TRUE(disk.contents(directory + "/" + name) == bytes_of(released)) << released;
    }
  }
}

TEST(Golden, DISABLED_WriteTheCurrentDirectory) {
  const auto directory = golden / std::to_string(current);
  ASSERT_FALSE(std::filesystem::exists(directory)) << "it is there already; a released one stays as it is";
  PosixDisk disk(directory);
  ASSERT_NO_FATAL_FAILURE(write_directory(disk));
}

}  // namespace
}  // namespace parley::store
