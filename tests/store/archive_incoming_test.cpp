#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "store/archive_transfer.hpp"
#include "store/page_checksum.hpp"

// Another node's archive arrives, is gone on with after a restart, and is verified.
namespace parley::store {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::prepare;
using testing::receive;
using testing::Sent;
using testing::sent;

const std::string& file = testing::archive_file;

TEST(IncomingArchive, TakesWhatComesInOrderAndNothingElse) {
  MemoryDisk disk;
  auto incoming = IncomingArchive::open(disk, file, sent().copy.id, testing::archive_bytes_max);
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
      auto incoming = IncomingArchive::open(disk, file, sent().copy.id, testing::archive_bytes_max);
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
    auto incoming = IncomingArchive::open(disk, file, sent().copy.id, testing::archive_bytes_max);
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
  auto incoming = IncomingArchive::open(disk, file, sent().copy.id, testing::archive_bytes_max);
  ASSERT_TRUE(incoming->write(0, sent().bytes.substr(0, 40'000)).ok());
  auto other = IncomingArchive::open(disk, file, newer.copy.id, testing::archive_bytes_max);
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
  auto incoming = IncomingArchive::open(disk, file, sent().copy.id, testing::archive_bytes_max);
  ASSERT_TRUE(incoming->write(0, sent().bytes.substr(0, page_size * 4)).ok());
  EXPECT_FALSE(prepare(disk).ok());
}

}  // namespace
}  // namespace parley::store
