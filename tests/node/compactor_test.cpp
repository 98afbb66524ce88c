// How much of the log stays (W15, R12).
#include "node/compactor.hpp"

#include <gtest/gtest.h>

#include <string>

namespace parley::node {
namespace {

raft::Log log_of(std::size_t entries, std::size_t payload) {
  raft::Durable durable;
  raft::Log log(durable);
  for (std::size_t i = 1; i <= entries; ++i) {
    raft::Entry entry;
    entry.id = {Term(1), Index(i)};
    entry.content = SharedBytes(std::string(payload, 'x'));
    log.append(std::move(entry));
  }
  return log;
}

raft::PeerStatus filled_from(std::uint64_t index) {
  raft::PeerStatus peer;
  peer.needs_snapshot = true;
  peer.snapshot_offered = Index(index);
  return peer;
}

constexpr KeptLog much{100, 1'000'000'000};

TEST(CompactorTest, AMarginStaysBelowTheCheckpoint) {
  const auto log = log_of(1000, 10);
  EXPECT_EQ(dispensable(log, {}, Index(700), much), Index(600));
  EXPECT_EQ(dispensable(log, {}, Index(100), much), Index(0));
  EXPECT_EQ(dispensable(log, {}, Index(0), much), Index(0));
}

TEST(CompactorTest, NothingGoesThatTheCheckpointLacks) {
  const auto log = log_of(1000, 1000);
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{10'000}, much.bytes}) {
    for (const std::uint64_t margin : {0U, 1U, 100U, 5000U}) {
      for (const std::uint64_t checkpointed : {0U, 1U, 99U, 500U, 1000U}) {
        EXPECT_LE(dispensable(log, {}, Index(checkpointed), {margin, bytes}), Index(checkpointed));
        EXPECT_LE(dispensable(log, {filled_from(900)}, Index(checkpointed), {margin, bytes}), Index(checkpointed));
      }
    }
  }
}

TEST(CompactorTest, WhoIsFilledFindsTheLogGoingOnAboveItsSnapshot) {
  const auto log = log_of(5000, 10);
  EXPECT_EQ(dispensable(log, {filled_from(3300)}, Index(4000), much), Index(3300)) << "seven margins";
  EXPECT_EQ(dispensable(log, {filled_from(3200)}, Index(4000), much), Index(3900)) << "eight are too many";
  raft::PeerStatus not_yet = filled_from(0);
  EXPECT_EQ(dispensable(log, {not_yet}, Index(4000), much), Index(3900));
}

TEST(CompactorTest, ALogOfLongTextsIsBoundedInBytesWhoeverIsFilled) {
  const auto log = log_of(1000, 1000);
  const std::size_t each = raft::weight(log.at(Index(1)));
  const KeptLog kept{500, 10 * each};
  EXPECT_EQ(dispensable(log, {}, Index(900), kept), Index(890));
  EXPECT_EQ(dispensable(log, {filled_from(450)}, Index(900), kept), Index(890));
  EXPECT_EQ(dispensable(log, {}, Index(900), {500, 0}), Index(900));
}

TEST(CompactorTest, TheLogKnowsItsBytesWhateverBecomesOfIt) {
  auto log = log_of(100, 1000);
  const std::size_t each = raft::weight(log.at(Index(1)));
  EXPECT_EQ(log.bytes(), 100 * each);
  log.compact(Index(30));
  EXPECT_EQ(log.bytes(), 70 * each);
  log.truncate_from(Index(91));
  EXPECT_EQ(log.bytes(), 60 * each);
  log.reset({});
  EXPECT_EQ(log.bytes(), 0U);
}

}  // namespace
}  // namespace parley::node
