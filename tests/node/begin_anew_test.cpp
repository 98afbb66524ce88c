#include "node/begin_anew.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "node/birth.hpp"
#include "node/data_directory.hpp"
#include "sim/seams.hpp"
#include "store/memory_disk.hpp"
#include "store/set_aside.hpp"

// Damaged data directories are begun anew, whatever crashes meanwhile (decision 0024).

namespace parley::node {
namespace {

using ::testing::HasSubstr;

constexpr NodeId self{2};
constexpr Incarnation former{7};
constexpr ClusterId cluster{9};
const std::string first_segment = "log/0000000001.wal";

store::LogOptions small_log() {
  store::LogOptions options;
  options.segment_bytes = 8 * 1024;
  return options;
}

raft::Configuration members(std::vector<std::uint32_t> voters, std::vector<std::uint32_t> learners = {}) {
  raft::Configuration configuration;
  const auto add = [&configuration](std::uint32_t id, bool voter) {
    raft::Member member;
    member.id = ServerId{NodeId(id), NodeId(id) == self ? former : Incarnation(100 + id)};
    member.voter = voter;
    configuration.members.push_back(member);
  };
  for (const auto id : voters) add(id, true);
  for (const auto id : learners) add(id, false);
  std::ranges::sort(configuration.members, {}, [](const raft::Member& member) { return member.id; });
  return configuration;
}

raft::PersistBatch batch_of(std::uint64_t index, raft::Content content, std::uint64_t commit) {
  raft::PersistBatch batch;
  batch.number = index;
  raft::Entry entry;
  entry.id = raft::EntryId{Term(1), Index(index)};
  entry.content = std::move(content);
  batch.entries.push_back(std::move(entry));
  raft::HardState state;
  state.current_term = Term(1);
  state.commit_index = Index(commit);
  batch.hard_state = state;
  return batch;
}

raft::PersistBatch change(std::uint64_t index, const raft::Configuration& configuration, std::uint64_t commit) {
  return batch_of(index, std::make_shared<const raft::Configuration>(configuration), commit);
}

// The directory of a founder whose log goes on with these batches and an entry.
std::unique_ptr<store::MemoryDisk> member_disk(const std::vector<raft::PersistBatch>& batches = {},
                                               const raft::Configuration& founding = members({1, 2, 3})) {
  auto disk = std::make_unique<store::MemoryDisk>();
  store::Identity identity;
  identity.node = self;
  identity.incarnation = former;
  identity.cluster = cluster;
  identity.founding = founding;
  store::save_identity(*disk, identity);
  auto opened = store::WriteAheadLog::open(*disk, log_directory, small_log());
  opened->log->append(founding_batch(founding));
  for (const auto& batch : batches) opened->log->append(batch);
  const Index committed = batches.empty() ? Index(1) : batches.back().hard_state->commit_index;
  opened->log->append(batch_of(2 + batches.size(), SharedBytes(std::string(600, 'x')), committed.value));
  return disk;
}

// In the middle of the last entry.
void damage_log(store::MemoryDisk& disk) {
  const std::string bytes = disk.contents(first_segment);
  const auto place = bytes.find(std::string(50, 'x'));
  disk.flip(first_segment, (place == std::string::npos ? store::sector_size + 8 : place) * 8);
}

// As Node::open() does it.
Result<store::Identity> start(store::Disk& disk, net::Entropy& entropy) {
  {
    const auto opened = open_data_directory(disk, self, entropy, small_log());
    if (opened.ok()) return opened->identity;
    if (!opened.error().damaged) return opened.error();
  }
  const auto aside = set_damaged_data_aside(disk, entropy);
  if (!aside.ok()) return aside.error();
  const auto opened = open_data_directory(disk, self, entropy, small_log());
  if (!opened.ok()) return opened.error();
  EXPECT_EQ(log_was_begun(opened->durable), opened->identity.cluster != ClusterId());
  EXPECT_TRUE(opened->durable.entries.empty());
  return opened->identity;
}

class BeginAnew : public ::testing::Test {
 protected:
  // Starts with the power failing before each change in turn, and again in what the next start does about it. A start
  // that succeeds is of the cluster; at last one does, and `look` sees what there is then.
  void at_every_power_cut(const std::function<std::unique_ptr<store::MemoryDisk>()>& make,
                          const std::function<void(store::MemoryDisk&, const store::Identity&)>& look) {
    const auto whole = make();
    const std::uint64_t before = whole->changes();
    ASSERT_TRUE(start(*whole, entropy_).ok());
    const std::uint64_t changes = whole->changes() - before;
    ASSERT_GT(changes, 10U);
    for (std::uint64_t first = 0; first <= changes; ++first) {
      for (std::uint64_t second = 0; second <= changes; second += 11) {
        const auto disk = make();
        for (const auto cut : {first, second}) {
          disk->stop_after(cut);
          start_until_the_power_fails(*disk);
          disk->crash(random_);
        }
        const auto identity = start(*disk, entropy_);
        ASSERT_TRUE(identity.ok()) << identity.error().message;
        EXPECT_EQ(identity->cluster, cluster) << first << " " << second;
        look(*disk, *identity);
        if (HasFailure()) return;
      }
    }
  }

  void start_until_the_power_fails(store::MemoryDisk& disk) {
    try {
      const auto identity = start(disk, entropy_);
      EXPECT_TRUE(!identity.ok() || identity->cluster == cluster);
    } catch (const store::DiskError&) {
    }
  }

  std::unique_ptr<store::MemoryDisk> damaged_disk() {
    auto disk = member_disk();
    damage_log(*disk);
    return disk;
  }

  sim::SimEntropy entropy_{1};
  Random random_{3};
};

TEST_F(BeginAnew, WhoBelongedToAClusterStaysInItAsAnotherIncarnationWhateverCrashes) {
  at_every_power_cut([this] { return damaged_disk(); }, [](store::MemoryDisk& disk, const store::Identity& identity) {
    EXPECT_NE(identity.incarnation, former);
    EXPECT_TRUE(identity.founding.members.empty());
    const auto aside = store::identity_set_aside(disk);
    ASSERT_TRUE(aside.ok() && *aside);
    EXPECT_EQ((*aside)->incarnation, former);
    EXPECT_NE(disk.contents(first_segment + ".aside").find(std::string(50, 'x')), std::string::npos);
    EXPECT_TRUE(store::is_unfilled(disk, identity.incarnation));
  });
}

TEST_F(BeginAnew, WhatWasNeverFilledIsDiscardedAndWhatWasSetAsideBeforeItStaysWhateverCrashes) {
  std::string aside;
  const auto twice = [&] {
    auto disk = damaged_disk();
    const auto identity = start(*disk, entropy_);
    EXPECT_TRUE(identity.ok());
    aside = disk->contents(first_segment + ".aside");
    disk->flip(first_segment, (store::sector_size + 8) * 8);
    return disk;
  };
  at_every_power_cut(twice, [&](store::MemoryDisk& disk, const store::Identity& identity) {
    EXPECT_EQ(disk.contents(first_segment + ".aside"), aside);
    EXPECT_EQ((*store::identity_set_aside(disk))->incarnation, former);
    EXPECT_TRUE(store::is_unfilled(disk, identity.incarnation));
  });
}

// Two nodes' directories were exchanged while one of them was being set aside.
TEST_F(BeginAnew, AnotherNodeRefusesWhatIsBeingSetAsideAndChangesNothing) {
  const auto whole = damaged_disk();
  const std::uint64_t before = whole->changes();
  ASSERT_TRUE(start(*whole, entropy_).ok());
  const std::uint64_t changes = whole->changes() - before;
  for (std::uint64_t cut = 0; cut <= changes; ++cut) {
    const auto disk = damaged_disk();
    disk->stop_after(cut);
    start_until_the_power_fails(*disk);
    disk->crash(random_);
    const std::uint64_t at = disk->changes();
    const auto wrong = open_data_directory(*disk, NodeId(self.value + 1), entropy_, small_log());
    ASSERT_FALSE(wrong.ok()) << cut;
    EXPECT_FALSE(wrong.error().damaged);
    EXPECT_THAT(wrong.error().message, HasSubstr("is the data directory of node " + std::to_string(self.value)));
    EXPECT_EQ(disk->changes(), at) << "after " << cut;
    const auto right = start(*disk, entropy_);
    ASSERT_TRUE(right.ok()) << right.error().message;
    EXPECT_EQ(right->cluster, cluster);
  }
}

TEST_F(BeginAnew, WhatWasFilledIsSetAsideInItsTurn) {
  auto disk = damaged_disk();
  const auto first = start(*disk, entropy_);
  ASSERT_TRUE(first.ok());
  store::mark_filled(*disk);
  disk->flip(first_segment, (store::sector_size + 8) * 8);
  const auto second = start(*disk, entropy_);
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ((*store::identity_set_aside(*disk))->incarnation, first->incarnation);
  EXPECT_EQ(second->cluster, cluster);
}

TEST_F(BeginAnew, ADirectoryThatWasNeverOfAClusterMayStillFoundOne) {
  store::MemoryDisk disk;
  ASSERT_TRUE(start(disk, entropy_).ok());
  disk.flip(first_segment, (store::sector_size + 8) * 8);
  const auto identity = start(disk, entropy_);
  ASSERT_TRUE(identity.ok()) << identity.error().message;
  EXPECT_EQ(identity->cluster, ClusterId());
}

TEST_F(BeginAnew, EveryKindOfDamageOfTheLogIsSetAside) {
  const std::vector<std::function<void(store::MemoryDisk&)>> kinds = {
      damage_log,
      [](store::MemoryDisk& disk) { disk.remove(first_segment); },
      [](store::MemoryDisk& disk) { disk.overwrite(first_segment, disk.contents(first_segment).substr(0, 700)); },
      [](store::MemoryDisk& disk) { disk.overwrite(first_segment, ""); },
      [](store::MemoryDisk& disk) { disk.overwrite("archive.db", std::string(4096, 'z')); },
      [](store::MemoryDisk& disk) { disk.overwrite("archive.db-mark", "without an archive"); },
  };
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto disk = member_disk();
    kinds[i](*disk);
    const auto identity = start(*disk, entropy_);
    ASSERT_TRUE(identity.ok()) << i << ": " << identity.error().message;
    EXPECT_EQ(identity->cluster, cluster) << i;
    EXPECT_NE(identity->incarnation, former) << i;
  }
}

TEST_F(BeginAnew, WhoseClusterCanNotBeKnownIsRefused) {
  auto disk = damaged_disk();
  store::set_aside(*disk);
  disk->flip("identity.aside", 200);
  const auto identity = start(*disk, entropy_);
  ASSERT_FALSE(identity.ok());
  EXPECT_THAT(identity.error().message, HasSubstr("which cluster this directory belonged to"));
}

TEST_F(BeginAnew, ADamagedIdentityIsNotSetAside) {
  auto disk = member_disk();
  disk->flip("identity", 200);
  const auto identity = start(*disk, entropy_);
  ASSERT_FALSE(identity.ok());
  EXPECT_THAT(identity.error().message, HasSubstr("is damaged"));
  EXPECT_TRUE(disk->exists("identity"));
}

// The archive knows nothing, and the damaged segment is the only one: what stands before and behind the damage counts.
TEST_F(BeginAnew, WhoIsTheOnlyVoterIsReadAroundTheDamage) {
  const auto filler = [](std::uint64_t index) {
    return batch_of(index, SharedBytes(std::string(600, 'y')), index - 1);
  };
  const auto alone = change(2, members({2}, {1, 3}), 2);
  const auto not_alone = [](std::uint64_t index) { return change(index, members({1, 2}, {3}), index); };
  for (const bool goes_on_alone : {true, false}) {
    for (const auto& hidden : {std::string(50, 'x'), std::string(50, 'y')}) {   // behind what matters, and before it
      std::vector<raft::PersistBatch> batches{alone, filler(3)};
      if (!goes_on_alone) batches.push_back(not_alone(4));
      const auto disk = member_disk(batches);
      const auto place = disk->contents(first_segment).find(hidden);
      ASSERT_NE(place, std::string::npos);
      disk->flip(first_segment, place * 8);
      EXPECT_EQ(start(*disk, entropy_).ok(), !goes_on_alone) << goes_on_alone << hidden;
    }
  }
}

TEST_F(BeginAnew, TheOnlyVoterKeepsWhatItHas) {
  struct Case {
    const char* what;
    std::unique_ptr<store::MemoryDisk> disk;
    bool keeps;
  };
  std::vector<Case> cases;
  cases.push_back({"a cluster of one", member_disk({}, members({2})), true});
  cases.push_back({"one of three", member_disk(), false});
  cases.push_back({"it went on alone", member_disk({change(2, members({2}, {1, 3}), 2)}), true});
  cases.push_back({"it is about to", member_disk({change(2, members({2}, {1, 3}), 1)}), true});
  cases.push_back({"another one did", member_disk({change(2, members({1}, {2, 3}), 2)}), false});
  cases.push_back({"it was alone, and is not any more",
                   member_disk({change(2, members({2}, {1}), 2), change(3, members({1, 2}), 3)}), false});
  cases.push_back({"perhaps it is not any more",
                   member_disk({change(2, members({2}, {1}), 2), change(3, members({1, 2}), 2)}), true});
  for (auto& one : cases) {
    // The damage is in a second file, so that all of the first can be read.
    one.disk->overwrite("log/0000000002.wal", "no segment");
    const auto identity = start(*one.disk, entropy_);
    EXPECT_EQ(identity.ok(), !one.keeps) << one.what;
    if (identity.ok()) continue;
    EXPECT_THAT(identity.error().message, HasSubstr("only voter")) << one.what;
    EXPECT_THAT(identity.error().message, HasSubstr("parley recover")) << one.what;
    EXPECT_FALSE(one.disk->exists("identity.aside")) << one.what;
    EXPECT_TRUE(one.disk->exists(first_segment)) << one.what;
  }
}

}  // namespace
}  // namespace parley::node
