// Requests on their way through a scripted consensus side: duplicates, failovers, losses; and what the archive gets.

#include <gmock/gmock.h>

#include "node/machine_fixture.hpp"
#include "wire/command_codec.hpp"

namespace parley::node::test {
namespace {

using namespace std::chrono_literals;

std::string outcome(const json::object& answer) {
  if (answer.contains("result")) return "done";
  const auto& data = answer.at("error").at("data").as_object();
  return std::string(data.at("outcome").as_string()) + " " + std::string(data.at("reason").as_string());
}
json::object note(std::uint64_t at, const std::string& text) {
  return {{"to", "@ann"}, {"text", text}, {"seq", at}, {"first", 1}};
}

class ProposalsTest : public MachineTest {
 public:
  ProposalsTest() {
    start();
    ann.emplace(member("ann"));
  }
  std::size_t notes() {  // how many messages there are in the end
    return ann->result("history", {{"in", "@ann"}}).at("messages").as_array().size();
  }
  std::optional<TestClient> ann;
};

// -- exactly once ----------------------------------------------------------------------------------------------------

TEST_F(ProposalsTest, ARequestUnderWayThatIsRepeatedJoinsTheFirstAndEntersTheLogOnce) {
  replication->commit_at_once = false;
  const auto at = ann->next;
  auto other = connect();
  other.result("resume", {{"token", ann->token()}});
  other.result("client.attach", {{"client", ann->client}, {"key", "ann-has-a-key-of-enough-length"}});
  const auto before = replication->last();
  const auto first = ann->send("send", note(at, "once"));
  run_for(50ms);
  const auto second = other.send("send", note(at, "once"));
  run_for(50ms);
  EXPECT_EQ(replication->last() - before, 1u);
  EXPECT_FALSE(ann->answer(first));
  replication->commit_all();
  EXPECT_EQ(ann->wait(first).at("result"), other.wait(second).at("result"));
}

// R15: of two requests under one number, the one that is under way here may be the one that comes too late.
TEST_F(ProposalsTest, ANumberIsSaidToBeUsedForAnotherRequestOnlyOnceItIs) {
  replication->commit_at_once = false;
  const auto at = ann->next;
  const auto first = ann->send("send", note(at, "here first"));
  run_for(50ms);
  const auto second = ann->send("send", note(at, "another text"));
  EXPECT_EQ(outcome(ann->wait(second)), "later busy") << "a refusal would be final";
  replication->commit_all();
  EXPECT_TRUE(ann->wait(first).contains("result"));
  const auto third = ann->send("send", note(at, "another text"));
  EXPECT_EQ(outcome(ann->wait(third)), "refused conflict");
}

TEST_F(ProposalsTest, PipelinedRequestsReachTheLogInTheOrderOfTheirNumbers) {
  replication->submit_delay = 5ms;
  const auto at = ann->next;
  const auto before = replication->submitted.size();
  std::vector<std::uint64_t> ids;
  for (std::uint64_t i = 0; i < 20; ++i) ids.push_back(ann->send("send", note(at + i, std::to_string(i))));
  for (const auto id : ids) EXPECT_EQ(outcome(ann->wait(id)), "done");
  ASSERT_EQ(replication->submitted.size() - before, 20u);
  for (std::uint64_t i = 0; i < 20; ++i) {
    const auto command = wire::decode_command(replication->submitted[before + i].view());
    EXPECT_EQ(std::get<chat::Sequenced>(*command).sequence.value, at + i);
  }
}

TEST_F(ProposalsTest, ASlowPreparationIsNotOvertakenByTheNextRequest) {
  const auto at = ann->next;
  const json::object bob{{"name", "bob"}, {"password", "long enough"}, {"seq", at}, {"first", 1}};
  const auto slow = ann->send("account.register", bob);
  const auto fast = ann->send("send", note(at + 1, "after"));
  EXPECT_EQ(outcome(ann->wait(slow)), "done");
  EXPECT_EQ(outcome(ann->wait(fast)), "done");
}

TEST_F(ProposalsTest, WhatALostLeaderHadIsProposedAgainAndTheClientSeesNothingOfIt) {
  replication->commit_at_once = false;
  const auto at = ann->next;
  std::vector<std::uint64_t> ids;
  for (std::uint64_t i = 0; i < 5; ++i) ids.push_back(ann->send("send", note(at + i, std::to_string(i))));
  run_for(50ms);
  replication->lose_uncommitted();
  replication->commit_at_once = true;
  replication->new_term();
  for (const auto id : ids) EXPECT_EQ(outcome(ann->wait(id)), "done");
  EXPECT_EQ(notes(), 5u);
}

TEST_F(ProposalsTest, APartLostAndAPartKeptStillComesOutOnceAndInOrder) {
  replication->commit_at_once = false;
  const auto at = ann->next;
  std::vector<std::uint64_t> ids;
  for (std::uint64_t i = 0; i < 6; ++i) ids.push_back(ann->send("send", note(at + i, std::to_string(i))));
  run_for(50ms);
  replication->commit_through(Index{replication->last().value - 3});
  run_for(50ms);
  replication->lose_uncommitted();
  replication->new_term();
  run_for(50ms);
  replication->commit_at_once = true;
  replication->commit_all();
  for (const auto id : ids) EXPECT_EQ(outcome(ann->wait(id)), "done");
  const auto messages = ann->result("history", {{"in", "@ann"}}).at("messages").as_array();
  ASSERT_EQ(messages.size(), 6u);
  for (std::uint64_t i = 0; i < 6; ++i) EXPECT_EQ(messages[i].at("text").as_string(), std::to_string(i));
}

TEST_F(ProposalsTest, AnAnswerThatNeverCameFromTheLeaderIsAskedForAgainAndCarriedOutOnce) {
  for (const bool appended : {false, true}) {
    replication->append_when_unknown = appended;
    replication->outcomes = {Submitted::Outcome::unknown};
    const auto answer = ann->ask("send", note(ann->next++, "once"));
    EXPECT_EQ(outcome(answer), "done") << appended;
  }
  EXPECT_EQ(notes(), 2u);
}

TEST_F(ProposalsTest, ABusyLeaderIsAskedAgain) {
  replication->outcomes = {Submitted::Outcome::busy, Submitted::Outcome::busy, Submitted::Outcome::busy};
  EXPECT_EQ(outcome(ann->ask("send", note(ann->next++, "once"))), "done");
}

TEST_F(ProposalsTest, ALeaderWithoutSpaceIsAskedAgainAsAnotherOneMayLeadSoon) {
  replication->outcomes = {Submitted::Outcome::disk_full, Submitted::Outcome::disk_full};
  EXPECT_EQ(outcome(ann->ask("send", note(ann->next++, "once"))), "done");
}

TEST_F(ProposalsTest, WithoutSpaceForTooLongItIsLaterAndNothingHappened) {
  replication->outcomes.assign(1000, Submitted::Outcome::disk_full);
  const auto at = ann->next;
  EXPECT_EQ(outcome(ann->ask("send", note(at, "a"))), "later disk_full");
  replication->outcomes.clear();
  run_for(1s);
  EXPECT_EQ(notes(), 0u);
  EXPECT_EQ(outcome(ann->ask("send", note(at, "a"))), "done") << "the number is still free";
}

// -- honest outcomes -------------------------------------------------------------------------------------------------

TEST_F(ProposalsTest, WithoutALeaderARequestWaitsForOneAndIsDoneOnceThereIsOne) {
  replication->no_leader();
  const auto id = ann->send("send", note(ann->next++, "patience"));
  run_for(2s);
  EXPECT_FALSE(ann->answer(id));
  replication->new_term();
  const auto before = world.now();
  EXPECT_EQ(outcome(ann->wait(id)), "done");
  EXPECT_LT(world.now() - before, 20ms) << "rung, not polled";
}

TEST_F(ProposalsTest, WithoutALeaderForTooLongItIsLaterAndNothingHappened) {
  replication->no_leader();
  const auto at = ann->next;
  const auto first = ann->send("send", note(at, "a"));
  const auto second = ann->send("send", note(at + 1, "b"));
  EXPECT_EQ(outcome(ann->wait(first)), "later no_leader");
  EXPECT_EQ(outcome(ann->wait(second)), "later no_leader");
  replication->new_term();
  run_for(1s);
  EXPECT_EQ(notes(), 0u);
  EXPECT_EQ(outcome(ann->ask("send", note(at, "a"))), "done") << "the number is still free";
}

TEST_F(ProposalsTest, WhatIsInTheLogAndNotCommittedInTimeIsUnknown) {
  replication->commit_at_once = false;
  const auto at = ann->next++;
  const auto before = world.now();
  EXPECT_EQ(outcome(ann->ask("send", note(at, "a"))), "unknown leadership_lost");
  EXPECT_GE(world.now() - before, 5s);
  replication->commit_at_once = true;
  replication->commit_all();
  run_for(50ms);
  EXPECT_EQ(outcome(ann->ask("send", note(at, "a"))), "done") << "the first answer, on asking again";
  EXPECT_EQ(notes(), 1u);
}

TEST_F(ProposalsTest, AfterAnAnswerThatNeverCameItIsUnknownNotLater) {
  replication->outcomes = {Submitted::Outcome::unknown};
  replication->submit_delay = 10ms;
  const auto id = ann->send("send", note(ann->next++, "a"));
  run_for(12ms);
  replication->no_leader();
  EXPECT_EQ(outcome(ann->wait(id)), "unknown leadership_lost");
}

TEST_F(ProposalsTest, ANumberThatEndedElsewhereIsAnsweredFromThatEntry) {
  // The same request, forwarded by another node to which the client had said it first.
  replication->commit_at_once = false;
  const auto at = ann->next++;
  const auto id = ann->send("send", note(at, "a"));
  run_for(50ms);
  const auto mine = replication->submitted.back();
  replication->lose_uncommitted();
  replication->append(mine);  // under another place in the log
  replication->commit_all();
  EXPECT_EQ(outcome(ann->wait(id)), "done");
}

TEST_F(ProposalsTest, StoppingSettlesWhatIsUnderWayAndSaysFarewell) {
  replication->no_leader();
  const auto waiting = ann->send("send", note(ann->next++, "a"));
  run_for(50ms);
  stop();
  EXPECT_EQ(outcome(*ann->answer(waiting)), "later no_leader");
  EXPECT_EQ(ann->notifications("closing").at(0).at("reason").as_string(), "node_stopping");
  EXPECT_TRUE(ann->connection().closed());
}

// -- facts about old messages (R17) ----------------------------------------------------------------------------------

TEST_F(ProposalsTest, FactsThatGrowOldOnTheirWayAreReadAgainByTheNode) {
  const auto id = number(ann->do_result("send", {{"to", "@ann"}, {"text", "v1"}}), "id");
  auto other = connect();
  other.open("second-key-0123456789012345");
  other.result("resume", {{"token", ann->token()}});
  replication->commit_at_once = false;
  const auto one = ann->send("edit", ann->sequenced({{"message", id}, {"text", "v2"}}));
  const auto two = other.send("edit", other.sequenced({{"message", id}, {"text", "v3"}}));
  run_for(50ms);  // both were read before either is applied
  replication->commit_at_once = true;
  replication->commit_all();
  EXPECT_EQ(outcome(ann->wait(one)), "done");
  EXPECT_EQ(outcome(other.wait(two)), "done");
  EXPECT_EQ(ann->result("history", {{"in", "@ann"}}).at("messages").at(0).at("text").as_string(), "v3");
}

// -- the archive -----------------------------------------------------------------------------------------------------

TEST_F(ProposalsTest, AReaderSeesWhatIsNotArchivedYet) {
  replication->persisted = replication->last();  // nothing more may go into the archive (R9)
  run_for(1s);
  const auto archived = number(ann->result("status"), "archived");
  ann->do_result("send", {{"to", "@ann"}, {"text", "only in memory"}});
  run_for(1s);
  EXPECT_EQ(number(ann->result("status"), "archived"), archived);
  EXPECT_EQ(notes(), 1u);
  EXPECT_EQ(ann->result("sync", {{"generation", 1}, {"cursor", 0}}).at("messages").as_array().size(), 1u);
  EXPECT_EQ(ann->result("search", {{"text", "memory"}}).at("messages").as_array().size(), 1u);
  EXPECT_TRUE(ann->result("outcome", {{"client", ann->client}, {"seq", ann->next - 1}}).at("sent").as_bool());
  replication->persisted.reset();
  run_for(1s);
  EXPECT_GT(number(ann->result("status"), "archived"), archived);
  EXPECT_EQ(notes(), 1u);
}

TEST_F(ProposalsTest, AtTheLagLimitNewRequestsComeLater) {
  kill();
  cluster.archive_lag_max = 3;
  start();
  auto again = connect();
  again.result("resume", {{"token", ann->token()}});
  again.result("client.attach", {{"client", ann->client}, {"key", "ann-has-a-key-of-enough-length"}});
  replication->persisted = replication->last();
  const auto at = ann->next;
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(outcome(again.ask("send", note(at + i, "x"))), "done");
  EXPECT_EQ(outcome(again.ask("send", note(at + 3, "x"))), "later busy");
  replication->persisted.reset();
  run_for(1s);
  EXPECT_EQ(outcome(again.ask("send", note(at + 3, "x"))), "done");
}

TEST_F(ProposalsTest, AtTheLagLimitOfBytesToo) {
  kill();
  cluster.archive_lag_bytes_max = 3000;
  start();
  auto again = connect();
  again.result("resume", {{"token", ann->token()}});
  again.result("client.attach", {{"client", ann->client}, {"key", "ann-has-a-key-of-enough-length"}});
  run_for(1s);
  replication->persisted = replication->last();
  const auto at = ann->next;
  const std::string text(1000, 'x');
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(outcome(again.ask("send", note(at + i, text))), "done");
  EXPECT_EQ(outcome(again.ask("send", note(at + 3, text))), "later busy");
  replication->persisted.reset();
  run_for(1s);
  EXPECT_EQ(outcome(again.ask("send", note(at + 3, text))), "done");
}

TEST_F(ProposalsTest, ANodeWhoseArchiveDoesNotFollowAppliesOnlySoMuchMore) {
  kill();
  cluster.archive_lag_max = 5;
  start();
  replication->persisted = replication->last();
  run_for(1s);
  const auto before = replication->applied();
  for (int i = 0; i < 100; ++i) replication->append(replication->submitted.back());  // by other nodes' clients
  run_for(1s);
  auto reader = connect();
  EXPECT_EQ(number(reader.result("status"), "applied"), before.value + 10);
  replication->persisted.reset();
  run_for(1s);
  EXPECT_EQ(number(reader.result("status"), "applied"), before.value + 100);
  replication->persisted = replication->last();
  for (int i = 0; i < 100; ++i) replication->append(replication->submitted.back());
  run_for(1s);
  stop();
}

TEST_F(ProposalsTest, AStoppedMachineFindsEverythingInItsArchiveAndTheSameDigests) {
  ann->do_result("send", {{"to", "@ann"}, {"text", "kept"}});
  const auto before = ann->result("status");
  stop();
  start();
  EXPECT_GE(machine().checkpointed().value, number(before, "applied"));
  auto again = connect();
  again.result("resume", {{"token", ann->token()}});
  const auto after = again.result("status");
  EXPECT_EQ(after.at("digest"), before.at("digest"));
  EXPECT_EQ(after.at("chain"), before.at("chain"));
  EXPECT_EQ(again.result("history", {{"in", "@ann"}}).at("messages").at(0).at("text").as_string(), "kept");
}

TEST_F(ProposalsTest, AKilledMachineReplaysTheLogFromItsArchive) {
  run_for(1s);
  replication->persisted = replication->last();
  for (int i = 0; i < 3; ++i) ann->do_result("send", {{"to", "@ann"}, {"text", "x"}});
  const auto before = ann->result("status");
  kill();
  run_for(5s);   // the time of an entry is the one it carries, whenever it is applied (R13, R14)
  replication->persisted.reset();
  start();
  auto again = connect();
  again.result("resume", {{"token", ann->token()}});
  const auto after = again.result("status");
  EXPECT_EQ(after.at("digest"), before.at("digest"));
  EXPECT_EQ(after.at("chain"), before.at("chain"));
  EXPECT_EQ(number(again.result("unread").at("places").at(0).as_object(), "last"), 3u);
}

TEST_F(ProposalsTest, WhatCanNotBeDecodedIsAppliedAsNothingAndLoudly) {
  const auto before = number(ann->result("status"), "applied");
  replication->append(SharedBytes("\x7f from the future"));
  run_for(50ms);
  EXPECT_EQ(number(ann->result("status"), "applied"), before + 1);
  EXPECT_THAT(log_lines, testing::Contains(testing::HasSubstr("command_unreadable")));
  EXPECT_EQ(outcome(ann->ask("send", note(ann->next++, "life goes on"))), "done");
}

TEST_F(ProposalsTest, ItsDigestIsToldAtTheFirstEntryInEachFewSecondsTheSameOneAfterAKill) {
  run_for(6s);
  const auto before = replication->digests_told.size();
  ann->do_result("send", {{"to", "@ann"}, {"text", "one"}});
  ASSERT_EQ(replication->digests_told.size(), before + 1);
  ann->do_result("send", {{"to", "@ann"}, {"text", "two, in the same span"}});
  ASSERT_EQ(replication->digests_told.size(), before + 1);
  const auto told = replication->digests_told.back();
  kill();
  replication->digests_told.clear();
  start();
  run_for(1s);
  EXPECT_THAT(replication->digests_told, testing::Contains(told)) << "it is applied again from the log";
}

TEST_F(ProposalsTest, TheArchiveKnowsTheLatestConfiguration) {
  raft::Configuration configuration;
  raft::Member member;
  member.id = ServerId{NodeId{1}, Incarnation{7}};
  configuration.members.push_back(member);
  replication->append_configuration(configuration);
  const auto index = replication->last();
  run_for(1s);
  stop();
  auto opened = store::Archive::open(disk, "archive");
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->position.configuration_index, index);
  EXPECT_EQ(opened->position.configuration, configuration);
  EXPECT_EQ(opened->position.state_digest_at, opened->position.applied.index);
}

// Everything is in the database file, and one bit of each page but the first is wrong.
class DamagedArchive : public ProposalsTest {
 public:
  DamagedArchive() {
    for (int i = 0; i < 20; ++i) ann->do_result("send", {{"to", "@ann"}, {"text", "x" + std::to_string(i)}});
    run_for(1s);
    const auto token = ann->token();
    const auto client = ann->client;
    const auto next = ann->next;
    stop();
    start();
    ann.emplace(connect());
    ann->result("resume", {{"token", token}});
    ann->result("client.attach", {{"client", client}, {"key", "ann-has-a-key-of-enough-length"}});
    ann->client = client;
    ann->next = next;
    const auto pages = disk.contents("archive").size() / 4096;
    EXPECT_GT(pages, 2U);
    for (std::size_t page = 1; page < pages; ++page) disk.flip("archive", (page * 4096 + 100) * 8);
  }
  void write() {   // the archive's turn comes later
    ann->do_result("send", {{"to", "@ann"}, {"text", "one more"}});
  }
};

TEST_F(DamagedArchive, EndsTheNodeThatWritesToIt) {
  EXPECT_THROW(
      {
        write();
        run_for(2s);
      },
      store::ArchiveDamaged);
}

TEST_F(DamagedArchive, EndsNobodyWhenASnapshotIsAboutToTakeItsPlace) {
  write();
  machine().archive_is_replaced();   // before the write that this leads to is done
  stop();
  EXPECT_THAT(log_lines, testing::Contains(testing::HasSubstr("archive_damaged")));
}

}  // namespace
}  // namespace parley::node::test
