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
const std::string current = "1";
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

void write_directory(Disk& disk) {
  save_identity(disk, golden_identity());
  auto opened = WriteAheadLog::open(disk, "log", small);
  ASSERT_TRUE(opened.ok());
  for (const auto& batch : golden_script().batches) opened->log->append(batch);
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Golden, EveryReleasedDirectoryOpensWithAllThatIsInIt) {
  for (unsigned version = 1; version <= std::stoul(current); ++version) {
    const auto released = golden / std::to_string(version);
    SCOPED_TRACE(released.string());
    TemporaryDirectory temporary;   // opening a log copies its last segment
    std::filesystem::copy(released, temporary.path(), std::filesystem::copy_options::recursive);
    PosixDisk disk(temporary.path());
    const auto identity = load_identity(disk);
    ASSERT_TRUE(identity.ok()) << identity.error().message;
    ASSERT_TRUE(identity->has_value());
    EXPECT_EQ(**identity, golden_identity());
    const auto opened = WriteAheadLog::open(disk, "log", small);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_TRUE(same(opened->durable, golden_script().states.back()));
    EXPECT_EQ(opened->log->usage().segments, 4U);
  }
}

TEST(Golden, ThisVersionWritesTheCurrentDirectoryByteForByte) {
  MemoryDisk disk;
  ASSERT_NO_FATAL_FAILURE(write_directory(disk));
  EXPECT_EQ(disk.contents(identity_file), bytes_of(golden / current / identity_file));
  for (const auto& name : disk.list("log")) {
    EXPECT_TRUE(disk.contents("log/" + name) == bytes_of(golden / current / "log" / name)) << name;
  }
}

TEST(Golden, DISABLED_WriteTheCurrentDirectory) {
  ASSERT_FALSE(std::filesystem::exists(golden / current)) << "it is there already; a released one stays as it is";
  PosixDisk disk(golden / current);
  ASSERT_NO_FATAL_FAILURE(write_directory(disk));
}

}  // namespace
}  // namespace parley::store
