#include "sim/lost_write.hpp"

#include <gtest/gtest.h>

#include "node/data_directory.hpp"
#include "store/write_ahead_log.hpp"

namespace parley::sim {
namespace {

constexpr ServerId candidate{NodeId(2), Incarnation(0xa2)};

raft::PersistBatch entry_at(std::uint64_t index) {
  raft::PersistBatch batch;
  batch.number = 1;
  batch.entries.push_back({{Term(1), Index(index)}, LogTime{1}, SharedBytes(std::string(300, 'x'))});
  return batch;
}

raft::PersistBatch vote_in(std::uint64_t term, std::optional<ServerId> vote) {
  raft::PersistBatch batch;
  batch.number = 1;
  batch.hard_state = raft::HardState{Term(term), vote, Index(0)};
  return batch;
}

class LostWriteTest : public ::testing::Test {
 protected:
  LostWriteTest() {
    auto opened = store::WriteAheadLog::open(disk_, node::log_directory, {});
    log_ = std::move(opened->log);
    log_->append(vote_in(1, std::nullopt));
    for (std::uint64_t index = 1; index <= 5; ++index) log_->append(entry_at(index));
  }
  // What a start finds after that.
  raft::Durable without(std::size_t most) {
    const auto lost = without_last_votes(disk_, most);
    EXPECT_TRUE(lost.has_value());
    const auto copy = disk_.clone();
    if (lost) copy->overwrite(lost->path, lost->bytes);
    auto opened = store::WriteAheadLog::open(*copy, node::log_directory, {});
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return std::move(opened->durable);
  }
  store::MemoryDisk disk_;
  std::unique_ptr<store::WriteAheadLog> log_;
};

TEST_F(LostWriteTest, TheLastVoteIsGoneAndEverythingElseIsThere) {
  log_->append(vote_in(2, std::nullopt));
  log_->append(vote_in(2, candidate));
  const auto one = without(1);
  EXPECT_EQ(one.hard_state.current_term, Term(2));
  EXPECT_EQ(one.hard_state.voted_for, std::nullopt);
  const auto both = without(2);
  EXPECT_EQ(both.hard_state.current_term, Term(1));
  for (const auto& durable : {one, both, without(9)}) EXPECT_EQ(durable.entries.size(), 5U);
}

TEST_F(LostWriteTest, WhatHoldsEntriesOrMadeTheSegmentIsNeverLost) {
  EXPECT_FALSE(without_last_votes(disk_, 9)) << "the last batch is an entry";
  store::MemoryDisk fresh;
  auto opened = store::WriteAheadLog::open(fresh, node::log_directory, {});
  EXPECT_FALSE(without_last_votes(fresh, 9)) << "nothing but the batch that every segment begins with";
  EXPECT_FALSE(without_last_votes(store::MemoryDisk(), 9));
}

}  // namespace
}  // namespace parley::sim
