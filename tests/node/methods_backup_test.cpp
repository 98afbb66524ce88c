// Backups by the methods of docs/PROTOCOL.md section 6, and what becomes of them: a new cluster from the file (R19).
#include <gmock/gmock.h>

#include "chat/queries.hpp"
#include "chat/state.hpp"
#include "node/backups.hpp"
#include "node/data_directory.hpp"
#include "node/machine_fixture.hpp"
#include "node/restore.hpp"
#include "wire/binary_text.hpp"

namespace parley::node::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

class BackupTest : public MachineTest {
 protected:
  void SetUp() override {
    start();
    ann_ = std::make_unique<TestClient>(member("ann"));
    ann_->do_result("room.create", {{"room", "#ops"}});
  }
  void write(int count) {
    for (int i = 0; i < count; ++i) {
      ann_->do_result("send", {{"to", "#ops"}, {"text", "message " + std::to_string(++written_)}});
    }
  }
  TestClient boss() {
    auto token = disk.contents("operator.token");
    token.pop_back();
    auto client = connect();
    client.result("operator", {{"token", token}});
    return client;
  }
  std::vector<std::string> copies() {
    return disk.exists("backup") ? disk.list("backup") : std::vector<std::string>();
  }
  // As `parley backup` does it.
  store::BackupAbout carry_away(TestClient& client, store::Disk& to, std::size_t limit = 50'000) {
    const auto begun = client.result("backup.begin");
    store::BackupAbout about;
    about.node = NodeId(static_cast<std::uint32_t>(number(begun, "node")));
    about.cluster = ClusterId(number(begun, "cluster"));
    about.generation = Generation(number(begun, "generation"));
    about.time = LogTime{static_cast<std::int64_t>(number(begun, "time"))};
    about.chain = *wire::digest_from_hex(text(begun, "chain"));
    about.state = *wire::digest_from_hex(text(begun, "state"));
    about.copy = {{Term(number(begun, "term")), Index(number(begun, "index"))},
                  *wire::digest_from_hex(text(begun, "backup")),
                  number(begun, "bytes")};
    auto writer = store::BackupWriter::begin(to, "b", about, true);
    while (!writer->complete()) {
      const auto page = client.result("backup.page", {{"backup", text(begun, "backup")},
                                                      {"offset", writer->offset()}, {"limit", limit}});
      EXPECT_TRUE(writer->add(*wire::from_base64(text(page, "bytes"))).ok());
    }
    client.result("backup.end", {{"backup", text(begun, "backup")}});
    const auto finished = writer->finish();
    EXPECT_TRUE(finished.ok()) << finished.error().message;
    return about;
  }

  std::unique_ptr<TestClient> ann_;
  int written_ = 0;
};

TEST_F(BackupTest, NobodyWithoutTheTokenOrAnAdministratorsLoginGetsOne) {
  auto stranger = connect();
  const json::object page{{"backup", std::string(64, 'a')}, {"offset", 0}};
  const json::object end{{"backup", std::string(64, 'a')}};
  for (TestClient* client : {&stranger, ann_.get()}) {
    EXPECT_EQ(client->reason("backup.begin"), "forbidden");
    EXPECT_EQ(client->reason("backup.page", page), "forbidden");
    EXPECT_EQ(client->reason("backup.end", end), "forbidden");
  }
  EXPECT_THAT(copies(), IsEmpty());
  auto operator_client = boss();
  operator_client.open("an-operators-key-0123456789");
  operator_client.do_result("admin.admin", {{"account", "ann"}, {"administrator", true}});
  ann_->result("backup.begin");
}

TEST_F(BackupTest, HoldsAllThatWasAcknowledgedBeforeItWasAskedForWhileWritesGoOn) {
  auto client = boss();
  write(20);
  const auto applied = number(client.result("hello", {{"protocol", 1}}), "cursor");
  const auto id = client.send("backup.begin", {});
  write(5);
  const auto begun = client.wait(id).at("result").as_object();
  EXPECT_GE(number(begun, "index"), applied);
  EXPECT_FALSE(begun.contains("stale"));
  EXPECT_THAT(copies(), ElementsAre(HasSubstr(text(begun, "backup"))));
}

TEST_F(BackupTest, IsNotBegunWhereItWouldTakeWhatTheNodeLivesOn) {
  auto client = boss();
  const std::uint64_t least = ClusterConfig().disk_free_min_mb * 1024 * 1024;
  disk.set_free_bytes(least + 1000);
  const auto error = client.error("backup.begin");
  EXPECT_EQ(text(error.at("data").as_object(), "reason"), "backup_failed");
  EXPECT_THAT(text(error, "message"), HasSubstr("are to stay free"));
  EXPECT_THAT(copies(), IsEmpty());
  disk.set_free_bytes(2 * least);
  client.result("backup.begin");
}

TEST_F(BackupTest, OnlyOneAtATimeAndAnAbandonedOneGoesByItself) {
  auto client = boss();
  const auto begun = client.result("backup.begin");
  EXPECT_EQ(client.reason("backup.begin"), "busy");
  run_for(25s);
  client.result("backup.page", {{"backup", text(begun, "backup")}, {"offset", 0}});
  run_for(25s);   // it is still wanted
  EXPECT_EQ(client.reason("backup.begin"), "busy");
  run_for(Backups::idle_max);
  EXPECT_THAT(copies(), IsEmpty());
  EXPECT_EQ(client.reason("backup.page", {{"backup", text(begun, "backup")}, {"offset", 0}}), "no_such_backup");
  client.result("backup.end", {{"backup", text(begun, "backup")}});
  client.result("backup.begin");
}

TEST_F(BackupTest, AnotherConnectionMayGoOnWithIt) {
  const auto begun = boss().result("backup.begin");
  const auto page = boss().result("backup.page", {{"backup", text(begun, "backup")}, {"offset", 4096}, {"limit", 10}});
  EXPECT_EQ(wire::from_base64(text(page, "bytes"))->size(), 10U);
}

TEST_F(BackupTest, ItsCopyIsGoneWhenItEndsAndAfterARestart) {
  auto client = boss();
  store::MemoryDisk other;
  carry_away(client, other);
  EXPECT_THAT(copies(), IsEmpty());
  client.result("backup.begin");
  kill();
  EXPECT_FALSE(copies().empty());
  start();
  EXPECT_THAT(copies(), IsEmpty());
}

TEST_F(BackupTest, AFullDiskIsToldAndHarmsNothing) {
  auto client = boss();
  write(3);
  disk.fail({store::MemoryDisk::Operation::write, 1, ENOSPC, "backup/", 0});
  const auto error = client.error("backup.begin");
  EXPECT_EQ(text(error.at("data").as_object(), "reason"), "backup_failed");
  EXPECT_THAT(text(error, "message"), HasSubstr("No space left on device"));
  write(3);
  client.result("backup.begin");
}

TEST_F(MachineTest, ANodeWithoutAnythingHasNothingToBackUp) {
  start();
  auto token = disk.contents("operator.token");
  token.pop_back();
  auto client = connect();
  client.result("operator", {{"token", token}});
  EXPECT_EQ(client.reason("backup.begin"), "backup_failed");
}

TEST_F(BackupTest, WrongParametersNameThemselves) {
  auto client = boss();
  EXPECT_THAT(text(client.error("backup.page", {{"backup", "abc"}, {"offset", 0}}), "message"), HasSubstr("backup"));
  EXPECT_THAT(text(client.error("backup.page", {{"backup", std::string(64, 'a')}}), "message"), HasSubstr("offset"));
  EXPECT_THAT(text(client.error("backup.end", {{"backup", std::string(64, 'X')}}), "message"), HasSubstr("backup"));
  EXPECT_EQ(client.reason("backup.page", {{"backup", std::string(64, 'a')}, {"offset", 0}}), "no_such_backup");
}

// -- restore ------------------------------------------------------------------------------------------------------

class RestoreTest : public BackupTest {
 protected:
  void SetUp() override {
    BackupTest::SetUp();
    for (std::uint32_t id = 1; id <= 3; ++id) {
      NodeConfig node;
      node.id = NodeId(id);
      node.peer.listen = node.peer.advertise = "host" + std::to_string(id) + ":7101";
      node.client.listen = node.client.advertise = "host" + std::to_string(id) + ":7201";
      config.nodes.push_back(std::move(node));
    }
    config.log_segment_bytes = 64 * 1024;
    write(30);
    auto client = boss();
    about = carry_away(client, backups);
  }
  Result<Restored> restore(store::Disk& to, std::uint64_t seed = 7) {
    sim::SimEntropy entropy(seed);
    return restore_directory(to, config, NodeId(2), backups, "b", entropy);
  }
  // As its node finds it.
  void expect_restored(store::Disk& to) {
    sim::SimEntropy entropy(1);
    auto opened = open_data_directory(to, NodeId(2), entropy);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_NE(opened->identity.cluster, about.cluster);
    EXPECT_NE(opened->identity.cluster, ClusterId());
    const auto& position = opened->archive.position;
    EXPECT_EQ(position.applied, about.copy.applied);
    EXPECT_EQ(position.chain, about.chain);
    EXPECT_GT(position.generation, about.generation);
    EXPECT_EQ(opened->durable.base, about.copy.applied);
    ASSERT_TRUE(opened->durable.base_configuration);
    const auto& members = *opened->durable.base_configuration;
    EXPECT_EQ(members.voters(), 1U);
    EXPECT_EQ(members.members.size(), 3U);
    EXPECT_TRUE(members.is_voter(ServerId{NodeId(2), opened->identity.incarnation}));
    auto state = chat::State::load(opened->archive.records);
    ASSERT_TRUE(state.ok());
    EXPECT_EQ(state->digest(), position.state_digest);
    EXPECT_EQ(chat::generation(*state), position.generation);
    EXPECT_FALSE(chat::find_client(*state, chat::ClientId(ann_->client))) << "client sessions end";
    const auto rows = opened->archive.archive->reader()->page(chat::MessageId(), 1000);
    ASSERT_EQ(rows.size(), 30U);
    EXPECT_EQ(rows.back().text, "message 30");
    EXPECT_EQ(rows.back().number, chat::Number(30));
  }

  ClusterConfig config;
  store::MemoryDisk backups;
  store::BackupAbout about;
};

TEST_F(RestoreTest, MakesADirectoryThatItsNodeOpensInANewClusterAndGeneration) {
  store::MemoryDisk to;
  const auto restored = restore(to);
  ASSERT_TRUE(restored.ok()) << restored.error().message;
  EXPECT_TRUE(restored->from == about);
  to.crash_losing_all_unsynced();
  expect_restored(to);
}

TEST_F(RestoreTest, TwoRestoresOfOneBackupAreTwoClustersAndTwoGenerations) {
  store::MemoryDisk one, two;
  const auto first = restore(one, 1);
  const auto second = restore(two, 2);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->cluster, second->cluster);
  EXPECT_NE(first->generation, second->generation);
  EXPECT_NE(first->cluster, about.cluster);
  EXPECT_GT(first->generation, about.generation);
  EXPECT_GT(second->generation, about.generation);
}

TEST_F(RestoreTest, WhatIsThereIsNeverOverwritten) {
  store::MemoryDisk to;
  to.overwrite("archive.db", "somebody's");
  const auto refused = restore(to);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("is not empty"), HasSubstr("archive.db")));
  EXPECT_EQ(to.contents("archive.db"), "somebody's");
  store::MemoryDisk twice;
  ASSERT_TRUE(restore(twice).ok());
  EXPECT_FALSE(restore(twice).ok());
  expect_restored(twice);
}

TEST_F(RestoreTest, ADamagedBackupIsRefusedAndNothingIsMade) {
  const std::string whole = backups.contents("b");
  const auto refusal = [&] {
    store::MemoryDisk to;
    const auto refused = restore(to);
    EXPECT_FALSE(refused.ok());
    const auto left = to.list("");
    for (const auto& name : left) EXPECT_EQ(name, lock_file);
    return refused.ok() ? std::string() : refused.error().message;
  };
  backups.flip("b", 8 * whole.size() / 2);
  EXPECT_THAT(refusal(), HasSubstr("is damaged at byte"));
  backups.overwrite("b", whole.substr(0, whole.size() - 100));
  EXPECT_THAT(refusal(), HasSubstr("is cut short"));
  backups.overwrite("b", "%PDF-1.7 and so on");
  EXPECT_THAT(refusal(), HasSubstr("is not a backup of Parley"));
}

TEST_F(RestoreTest, AHeaderThatLiesAboutTheStateIsRefused) {
  const std::string archive = backups.contents("b").substr(store::backup_header_bytes);
  auto lie = about;
  lie.state = digest("another state");
  backups.overwrite("b", store::encode(lie) + archive);
  store::MemoryDisk to;
  const auto refused = restore(to);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("the state in the backup has the digest"));
  EXPECT_FALSE(to.exists(store::identity_file));
  backups.overwrite("b", store::encode(about) + archive);
  ASSERT_TRUE(restore(to).ok()) << "the directory can be used again";
  expect_restored(to);
}

TEST_F(RestoreTest, APowerCutAtAnyMomentLeavesARestoredNodeOrOneThatDoesNotStart) {
  std::uint64_t changes = 0;
  {
    store::MemoryDisk whole;
    ASSERT_TRUE(restore(whole).ok());
    changes = whole.changes();
  }
  std::size_t unfinished = 0;
  for (std::uint64_t at = 0; at <= changes; at += at + 40 < changes ? 1 + at % 3 : 1) {
    store::MemoryDisk to;
    Random random(at);
    to.stop_after(at);
    try {
      static_cast<void>(restore(to));
    } catch (const store::DiskError&) {
    }
    to.crash(random);
    sim::SimEntropy entropy(1);
    if (to.exists(store::identity_file)) {   // born
      expect_restored(to);
      continue;
    }
    const bool begun = to.exists(archive_file) || to.exists(log_directory);
    if (begun) {
      const auto opened = open_data_directory(to, NodeId(2), entropy);
      ASSERT_FALSE(opened.ok()) << "cut at change " << at;
      EXPECT_THAT(opened.error().message, HasSubstr("run `parley restore` again"));
      ++unfinished;
    }
    const auto again = restore(to);
    ASSERT_TRUE(again.ok()) << "cut at change " << at << ": " << again.error().message;
    expect_restored(to);
  }
  EXPECT_GT(unfinished, 3U);
}

}  // namespace
}  // namespace parley::node::test
