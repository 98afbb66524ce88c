// The last resort (R19): a survivor goes on alone with all that its log holds.
#include "node/recover.hpp"

#include <gmock/gmock.h>

#include "chat/queries.hpp"
#include "node/birth.hpp"
#include "sim/seams.hpp"
#include "store/archive_copies.hpp"
#include "store/memory_disk.hpp"
#include "wire/command_codec.hpp"

namespace parley::node {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const NodeId self{2};
const ClusterId cluster{77};
const Digest login = digest("zoe's token");

raft::Configuration three_voters(Incarnation own) {
  raft::Configuration members;
  for (std::uint32_t id = 1; id <= 3; ++id) {
    const std::string host = "host" + std::to_string(id);
    members.members.push_back({ServerId{NodeId(id), Incarnation(40 + id)}, true, host + ":7101", host + ":7201"});
    if (NodeId(id) == self) members.members.back().id.incarnation = own;
  }
  return members;
}

chat::Sequenced by_zoe(std::uint64_t sequence, chat::Request request) {
  chat::Sequenced command;
  command.client = chat::ClientId(3);
  command.sequence = command.first_outstanding = chat::Sequence(sequence);
  command.payload = digest("payload " + std::to_string(sequence));
  if (sequence > 2) command.login = login;
  command.request = std::move(request);
  return command;
}

// The log of a follower: founded, then a leader of term 2 and some commands, of which it knows three as committed. Its
// archive is empty: a crash lost what was not checkpointed.
class RecoverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    sim::SimEntropy entropy(5);
    auto directory = open_data_directory(disk, self, entropy, options);
    ASSERT_TRUE(directory.ok());
    before = directory->identity;
    before.cluster = cluster;
    before.founding = three_voters(before.incarnation);
    directory->log->append(founding_batch(before.founding));
    raft::PersistBatch batch;
    batch.number = 2;
    add(batch, raft::Noop{});
    add(batch, chat::OpenClient{digest("key")});
    add(batch, by_zoe(1, chat::Register{"zoe", "$argon2id$of-zoe", std::nullopt}));
    add(batch, by_zoe(2, chat::Login{chat::AccountId(4), 1, login}));
    for (std::uint64_t i = 0; i < 20; ++i) {
      add(batch, by_zoe(3 + i, chat::SendDirect{"zoe", "note " + std::to_string(i)}));
    }
    batch.hard_state = raft::HardState{Term(3), ServerId{NodeId(1), Incarnation(41)}, Index(3)};
    last = batch.entries.back().id;
    directory->log->append(batch);
    store::save_identity(disk, before);
  }

  static void add(raft::PersistBatch& batch, raft::Content content) {
    raft::Entry entry;
    entry.id = {Term(2), Index(2 + batch.entries.size())};
    entry.time = LogTime{1'700'000'000'000 + static_cast<std::int64_t>(batch.entries.size())};
    entry.content = std::move(content);
    batch.entries.push_back(std::move(entry));
  }
  static void add(raft::PersistBatch& batch, chat::Command command) {
    add(batch, raft::Content(SharedBytes(wire::encode(command))));
  }

  Result<Recovered> recover(store::Disk& to, std::uint64_t seed = 9) {
    sim::SimEntropy entropy(seed);
    return recover_directory(to, self, entropy, options);
  }

  void expect_recovered(store::Disk& to) {
    sim::SimEntropy entropy(1);
    auto opened = open_data_directory(to, self, entropy, options);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_NE(opened->identity.cluster, cluster);
    EXPECT_NE(opened->identity.incarnation, before.incarnation);
    EXPECT_TRUE(opened->identity.founding.members.empty()) << "nobody is taken for a founder of it";
    EXPECT_EQ(opened->archive.position.applied, last);
    EXPECT_GT(opened->archive.position.generation, Generation(1));
    EXPECT_EQ(opened->durable.base, last);
    EXPECT_TRUE(opened->durable.entries.empty());
    EXPECT_FALSE(opened->durable.hard_state.voted_for.has_value());
    ASSERT_TRUE(opened->durable.base_configuration);
    const auto& members = *opened->durable.base_configuration;
    EXPECT_EQ(members.voters(), 1U);
    EXPECT_EQ(members.members.size(), 3U);
    EXPECT_TRUE(members.is_voter(ServerId{self, opened->identity.incarnation}));
    auto state = chat::State::load(opened->archive.records);
    ASSERT_TRUE(state.ok());
    EXPECT_EQ(state->digest(), opened->archive.position.state_digest);
    EXPECT_TRUE(chat::find_account(*state, chat::AccountId(4)));
    EXPECT_FALSE(chat::find_client(*state, chat::ClientId(3)));
    const auto rows = opened->archive.archive->reader()->page(chat::MessageId(), 100);
    ASSERT_EQ(rows.size(), 20U);
    EXPECT_EQ(rows.back().text, "note 19");
    EXPECT_EQ(rows.back().number, chat::Number(20));
  }

  store::MemoryDisk disk;
  store::LogOptions options{8192, false};
  store::Identity before;
  raft::EntryId last;
};

TEST_F(RecoverTest, AllThatTheLogHoldsIsInANewClusterWithOneVoter) {
  const auto recovered = recover(disk);
  ASSERT_TRUE(recovered.ok()) << recovered.error().message;
  EXPECT_EQ(recovered->last, last);
  EXPECT_EQ(recovered->committed, Index(3));
  disk.crash_losing_all_unsynced();
  expect_recovered(disk);
}

TEST_F(RecoverTest, WhatWasBeforeIsWrittenBeside) {
  ASSERT_TRUE(recover(disk).ok());
  EXPECT_THAT(disk.contents("recovered-from-1.txt"),
              AllOf(HasSubstr("cluster      77\n"), HasSubstr("term         3\n"), HasSubstr("voted for    node 1\n"),
                    HasSubstr("committed    3 "), HasSubstr("host3:7101")));
}

TEST_F(RecoverTest, NoCopyOfTheOldGenerationIsLeftToBeOffered) {
  store::ArchiveCopies copies(disk);
  {
    auto archive = store::Archive::open(disk, archive_file);
    ASSERT_TRUE(archive.ok());
    ASSERT_TRUE(copies.make(*archive->archive, std::nullopt).ok());
  }
  ASSERT_EQ(copies.list().size(), 1U);
  ASSERT_TRUE(recover(disk).ok());
  disk.crash_losing_all_unsynced();
  EXPECT_TRUE(copies.list().empty());
  expect_recovered(disk);
}

TEST_F(RecoverTest, APowerCutAtAnyMomentLeavesTheOldNodeOneThatDoesNotStartOrTheNewOne) {
  std::uint64_t changes = 0;
  {
    const auto whole = disk.clone();
    ASSERT_TRUE(recover(*whole).ok());
    changes = whole->changes();
  }
  std::size_t old = 0, unfinished = 0, recovered = 0;
  for (std::uint64_t at = 0; at <= changes; ++at) {
    const auto cut = disk.clone();
    Random random(at);
    cut->stop_after(at);
    static_cast<void>(recover(*cut));
    cut->crash(random);
    sim::SimEntropy entropy(1);
    const auto opened = open_data_directory(*cut, self, entropy, options);
    if (!opened.ok()) {
      EXPECT_THAT(opened.error().message, HasSubstr("run `parley recover` again")) << "cut at change " << at;
      ++unfinished;
    } else if (opened->identity.cluster != cluster) {
      ++recovered;
      continue;
    } else {   // not begun: nothing of the new generation may be in it
      EXPECT_EQ(opened->archive.position.generation, Generation(1));
      EXPECT_EQ(opened->archive.position.applied.index, Index(0)) << "cut at change " << at;
      EXPECT_EQ(opened->durable.hard_state.voted_for, (ServerId{NodeId(1), Incarnation(41)}));
      ++old;
    }
    cut->kill();   // what was opened here is closed
    const auto again = recover(*cut);
    ASSERT_TRUE(again.ok()) << "cut at change " << at << ": " << again.error().message;
    expect_recovered(*cut);
  }
  EXPECT_GT(old, 0U);
  EXPECT_GT(unfinished, 3U);
  EXPECT_GT(recovered, 0U);
}

TEST_F(RecoverTest, WhatIsNoMembersDirectoryIsRefusedAndLeftAsItIs) {
  store::MemoryDisk empty;
  const auto no_node = recover(empty);
  ASSERT_FALSE(no_node.ok());
  EXPECT_THAT(no_node.error().message, HasSubstr("is not the data directory of a node"));
  store::MemoryDisk unborn;
  sim::SimEntropy entropy(5);
  ASSERT_TRUE(open_data_directory(unborn, self, entropy, options).ok());
  const auto no_cluster = recover(unborn);
  ASSERT_FALSE(no_cluster.ok());
  EXPECT_THAT(no_cluster.error().message, HasSubstr("belongs to no cluster"));
  const auto other = recover_directory(disk, NodeId(1), entropy, options);
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.error().message, HasSubstr("of node 2, not of node 1"));
}

TEST_F(RecoverTest, ADirectoryInUseIsRefused) {
  const auto lock = disk.lock(lock_file);
  const auto refused = recover(disk);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("used by another process"));
}

}  // namespace
}  // namespace parley::node
