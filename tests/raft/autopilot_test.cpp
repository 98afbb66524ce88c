// Dynamic quorum: what can be borne, and the policy by itself.
#include <gtest/gtest.h>

#include "raft/autopilot.hpp"
#include "raft/cluster.hpp"

namespace parley::raft::test {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start_of_time{std::chrono::hours(1)};

// -- what can be borne ------------------------------------------------------------------------------------------------

TEST(Resilience, OfThreeOneMayDieOfTwoTheFollowerOfFiveAnyTwo) {
  EXPECT_EQ(Resilience::of(3, 3, 1).bearable, 1u);
  EXPECT_EQ(Resilience::of(2, 2, 1).bearable, 1u);
  EXPECT_EQ(Resilience::of(5, 5, 1).bearable, 2u);
  EXPECT_EQ(Resilience::of(4, 4, 1).bearable, 2u) << "half of four goes on as three (R2)";
  EXPECT_EQ(Resilience::of(1, 1, 1).bearable, 0u);
}

TEST(Resilience, WithMinVotersTwoHalfOfTwoIsNotEnough) {
  EXPECT_EQ(Resilience::of(2, 2, 2).bearable, 0u);
  EXPECT_EQ(Resilience::of(4, 4, 2).bearable, 2u);
}

TEST(Resilience, FewerThanAMajorityCanNotWrite) {
  EXPECT_FALSE(Resilience::of(2, 1, 1).usable);
  EXPECT_TRUE(Resilience::of(3, 2, 1).usable);
}

// -- the policy -------------------------------------------------------------------------------------------------------

// A leader's status, as the test likes it.
struct Scene {
  Status status;
  std::vector<PeerLink> links;
  Now now{start_of_time, WallTime{0}};

  explicit Scene(std::uint32_t voters, std::uint32_t learners = 0) {
    status.role = Role::leader;
    status.term = Term(2);
    status.last_index = Index(1000);
    status.configuration = configuration_of(voters, learners);
    for (const Member& member : status.configuration->members) {
      if (member.id.node == NodeId(1)) continue;
      PeerStatus peer;
      peer.id = member.id;
      peer.match_index = Index(1000);
      peer.replicating = peer.recently_heard = true;
      peer.heard_at = now.steady;
      status.peers.push_back(peer);
    }
  }
  PeerStatus& peer(std::uint32_t node) { return status.peers.at(node - 2); }
  void pass(Duration duration) {   // those who are heard go on being heard
    now.steady += duration;
    for (auto& one : status.peers) {
      if (one.recently_heard) one.heard_at = now.steady;
    }
  }
  void silence(std::uint32_t node) { peer(node).recently_heard = false; }
  void refuse(std::uint32_t node) {
    silence(node);
    links.push_back({NodeId(node), now.steady, std::nullopt});
  }
  std::optional<Configuration> ask(Autopilot& autopilot) { return autopilot.decide(status, links, now); }
};

bool votes(const std::optional<Configuration>& configuration, std::uint32_t node) {
  return configuration && configuration->is_voter(server(node));
}

// Until it has acknowledged its own promotion nothing else can be committed.
TEST(Autopilot, ALearnerWhosePortRefusesOrThatSaidItStopsIsNotMadeAVoterThoughItWasHeardJustNow) {
  Scene scene(1, 1);
  Autopilot autopilot;
  EXPECT_FALSE(scene.ask(autopilot));
  scene.pass(400ms);
  EXPECT_FALSE(scene.ask(autopilot));
  scene.links.push_back({NodeId(2), scene.now.steady, std::nullopt});
  scene.pass(100ms);
  EXPECT_FALSE(scene.ask(autopilot)) << "its process is gone";
  scene.links = {{NodeId(2), std::nullopt, scene.now.steady + 60s}};
  scene.pass(600ms);
  EXPECT_FALSE(scene.ask(autopilot)) << "it stops on purpose";
  scene.links.clear();
  EXPECT_FALSE(scene.ask(autopilot)) << "it has to be steady anew";
  scene.pass(500ms);
  EXPECT_TRUE(votes(scene.ask(autopilot), 2));
}

TEST(Autopilot, ARefusalFromBeforeItsOwnStandstillIsNotHeldAgainstAnybody) {
  Scene scene(3);
  Autopilot autopilot;
  scene.refuse(3);
  scene.pass(10s);   // in which this process stood still
  autopilot.woke(scene.now.steady);
  EXPECT_FALSE(scene.ask(autopilot));
  scene.pass(100ms);
  EXPECT_TRUE(scene.ask(autopilot)) << "it refuses still";
}

TEST(Autopilot, WhoseProcessIsGoneLosesItsVoteWithinATenthOfASecond) {
  Scene scene(3);
  Autopilot autopilot;
  scene.refuse(3);
  EXPECT_FALSE(scene.ask(autopilot));
  EXPECT_EQ(autopilot.next_look(), scene.now.steady + 100ms);
  scene.pass(100ms);
  const auto next = scene.ask(autopilot);
  ASSERT_TRUE(next);
  EXPECT_TRUE(votes(next, 1) && votes(next, 2));
  EXPECT_FALSE(votes(next, 3));
  EXPECT_TRUE(one_voter_apart(*scene.status.configuration, *next));
}

TEST(Autopilot, WhoIsOnlySilentIsGivenAGrace) {
  Scene scene(3);
  Autopilot autopilot;
  scene.silence(2);
  scene.pass(1400ms);
  EXPECT_FALSE(scene.ask(autopilot));
  scene.pass(100ms);
  EXPECT_TRUE(scene.ask(autopilot));
}

TEST(Autopilot, ALeaderThatStoodStillJudgesNobodyByThatTime) {   // P4
  Scene scene(3);
  Autopilot autopilot;
  scene.silence(2);
  scene.pass(3s);
  autopilot.woke(scene.now.steady);
  EXPECT_FALSE(scene.ask(autopilot));
  scene.pass(1499ms);
  EXPECT_FALSE(scene.ask(autopilot));
  scene.pass(1ms);
  EXPECT_FALSE(votes(scene.ask(autopilot), 2));
}

TEST(Autopilot, WithMinVotersTwoThreeNeverShrink) {   // R1: it would not raise what can be borne
  Scene scene(3);
  Autopilot autopilot(AutopilotOptions{.min_voters = 2});
  scene.refuse(3);
  scene.pass(10s);
  EXPECT_FALSE(scene.ask(autopilot));
}

TEST(Autopilot, OfFourWithOneDeadThreeAreMadeSoThatTheLeaderMayDieToo) {   // R1: it raises what can be borne
  EXPECT_EQ(Resilience::of(4, 3, 1).bearable_any, 0u);
  EXPECT_EQ(Resilience::of(3, 3, 1).bearable_any, 1u);
  Scene scene(4);
  Autopilot autopilot;
  scene.refuse(4);
  scene.pass(100ms);
  EXPECT_FALSE(votes(scene.ask(autopilot), 4));
}

TEST(Autopilot, OfSevenWithThreeDeadNothingIsShrunkBelowMinVoters) {
  Scene scene(7);
  Autopilot autopilot(AutopilotOptions{.min_voters = 7});
  for (const std::uint32_t node : {5, 6, 7}) scene.refuse(node);
  scene.pass(10s);
  EXPECT_FALSE(scene.ask(autopilot));
}

// Not even where one vote less would let one more die, or would let the others write.
TEST(Autopilot, OfFourWithOneOrTwoDeadNothingIsShrunkBelowMinVoters) {
  for (const std::uint32_t first_dead : {3, 4}) {
    Scene scene(4);
    Autopilot autopilot(AutopilotOptions{.min_voters = 4});
    for (std::uint32_t node = first_dead; node <= 4; ++node) scene.refuse(node);
    scene.pass(10s);
    EXPECT_FALSE(scene.ask(autopilot)) << first_dead;
    Autopilot free(AutopilotOptions{.min_voters = 3});
    EXPECT_TRUE(scene.ask(free)) << "it is min_voters that holds it back";
  }
}

// The other one that is gone was heard a moment ago, but its port refuses: it would have to confirm the change.
TEST(Autopilot, OfThreeWithTwoGoneNothingIsShrunkToTwoThatCouldNotWrite) {
  Scene scene(3);
  Autopilot autopilot;
  scene.refuse(2);
  scene.refuse(3);
  scene.now.steady += 100ms;   // neither is heard any more
  EXPECT_FALSE(scene.ask(autopilot));
  EXPECT_FALSE(autopilot.acts_at()) << "and it does not say that it will";
}

TEST(Autopilot, TwoOfFiveWhoDieAtOnceGoOneByOne) {
  Scene scene(5);
  Autopilot autopilot;
  scene.refuse(4);
  scene.refuse(5);
  scene.pass(100ms);
  const auto next = scene.ask(autopilot);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->voters(), 4u);
}

TEST(Autopilot, ThoseWhoAreWellKeepTheirVotes) {
  for (std::uint32_t voters = 1; voters <= 7; ++voters) {
    Scene scene(voters);
    Autopilot autopilot;
    scene.pass(60s);
    EXPECT_FALSE(scene.ask(autopilot)) << voters;
  }
}

TEST(Autopilot, WhoSaidThatItStopsKeepsItsSeatAWhile) {
  Scene scene(3);
  Autopilot autopilot;
  scene.silence(3);
  scene.links.push_back({NodeId(3), scene.now.steady, scene.now.steady + 60s});
  scene.pass(59s);
  EXPECT_FALSE(scene.ask(autopilot));
  scene.pass(1s);
  EXPECT_TRUE(scene.ask(autopilot));
}

TEST(Autopilot, ASeatIsNotKeptWhereNothingCouldBeWrittenMeanwhile) {
  Scene scene(2);
  Autopilot autopilot;
  scene.silence(2);
  scene.links.push_back({NodeId(2), scene.now.steady, scene.now.steady + 60s});
  scene.pass(99ms);
  EXPECT_FALSE(scene.ask(autopilot));
  scene.pass(1ms);
  EXPECT_FALSE(votes(scene.ask(autopilot), 2));
}

// -- a lost disk (R4) -------------------------------------------------------------------------------------------------

TEST(Autopilot, ALostDiskCostsTheVoteFirstAndThenTheNewOneIsALearner) {
  Scene scene(3);
  Autopilot autopilot;
  scene.silence(3);
  scene.links.push_back({NodeId(3), std::nullopt, std::nullopt, Incarnation(77)});
  scene.pass(1500ms);
  const auto smaller = scene.ask(autopilot);
  ASSERT_TRUE(smaller);
  EXPECT_FALSE(votes(smaller, 3));
  EXPECT_NE(smaller->find(server(3)), nullptr) << "still the former one, as a learner";

  scene.status.configuration = std::make_shared<const Configuration>(*smaller);
  const auto replaced = scene.ask(autopilot);
  ASSERT_TRUE(replaced);
  const Member* member = replaced->find(NodeId(3));
  ASSERT_NE(member, nullptr);
  EXPECT_EQ(member->id.incarnation, Incarnation(77));
  EXPECT_FALSE(member->voter);
  EXPECT_TRUE(one_voter_apart(*scene.status.configuration, *replaced));
}

TEST(Autopilot, ALearnerThatIsStillHeardIsNotReplaced) {
  Scene scene(2, 1);
  scene.peer(3).match_index = Index(1);   // not to be promoted either
  Autopilot autopilot;
  scene.links.push_back({NodeId(3), std::nullopt, std::nullopt, Incarnation(77)});
  scene.pass(10s);
  EXPECT_FALSE(scene.ask(autopilot));
  scene.silence(3);
  scene.pass(1499ms);
  EXPECT_FALSE(scene.ask(autopilot));
  scene.pass(1ms);
  EXPECT_TRUE(scene.ask(autopilot));
}

TEST(Autopilot, WithMinVotersThreeALostDiskOfThreeWaitsForAnOperator) {
  Scene scene(3);
  Autopilot autopilot(AutopilotOptions{.min_voters = 3});
  scene.silence(3);
  scene.links.push_back({NodeId(3), std::nullopt, std::nullopt, Incarnation(77)});
  scene.pass(60s);
  EXPECT_FALSE(scene.ask(autopilot));
}

TEST(Autopilot, WhoWasAddedByItsAddressesAloneIsKnownAsSoonAsItCalls) {
  Scene scene(2, 1);
  auto configuration = *scene.status.configuration;
  configuration.members.back().id.incarnation = Incarnation(0);
  scene.status.configuration = std::make_shared<const Configuration>(configuration);
  scene.peer(3).id.incarnation = Incarnation(0);
  scene.silence(3);
  Autopilot autopilot;
  EXPECT_FALSE(scene.ask(autopilot));
  scene.links.push_back({NodeId(3), std::nullopt, std::nullopt, Incarnation(77)});
  const auto known = scene.ask(autopilot);
  ASSERT_TRUE(known);
  EXPECT_NE(known->find(ServerId{NodeId(3), Incarnation(77)}), nullptr);
}

TEST(Autopilot, ALearnerThatHasAcknowledgedNothingIsNotPromoted) {
  Scene scene(2, 1);
  scene.status.last_index = Index(10);   // so short that even nothing is close to it
  for (const std::uint32_t node : {2, 3}) scene.peer(node).match_index = Index(0);
  Autopilot autopilot;
  scene.ask(autopilot);
  scene.pass(10s);
  EXPECT_FALSE(scene.ask(autopilot));
  scene.peer(3).match_index = Index(10);
  scene.ask(autopilot);
  scene.pass(500ms);
  EXPECT_TRUE(votes(scene.ask(autopilot), 3));
}

TEST(Autopilot, AFollowerDecidesNothing) {
  Scene scene(3);
  Autopilot autopilot;
  scene.refuse(3);
  scene.pass(10s);
  scene.status.role = Role::follower;
  EXPECT_FALSE(scene.ask(autopilot));
}

TEST(Autopilot, ALearnerThatIsCaughtUpAndSteadyBecomesAVoter) {
  Scene scene(2, 1);
  Autopilot autopilot;
  EXPECT_FALSE(scene.ask(autopilot));
  scene.pass(500ms);
  EXPECT_TRUE(votes(scene.ask(autopilot), 3));
}

TEST(Autopilot, ALearnerThatLagsOrFallsSilentDoesNot) {
  Scene scene(2, 1);
  Autopilot autopilot;
  scene.peer(3).match_index = Index(10);
  scene.ask(autopilot);
  scene.pass(10s);
  EXPECT_FALSE(scene.ask(autopilot));
  scene.peer(3).match_index = Index(1000);
  scene.ask(autopilot);
  scene.pass(400ms);
  scene.silence(3);
  scene.ask(autopilot);
  scene.peer(3).recently_heard = true;
  scene.pass(200ms);
  EXPECT_FALSE(scene.ask(autopilot)) << "it was silent in between";
}

TEST(Autopilot, AVoterMoreNeverEndsWhatGoesOn) {
  Scene scene(3, 1);
  Autopilot autopilot(AutopilotOptions{.min_voters = 3});
  scene.refuse(2);
  scene.silence(3);   // one of three is left: of four it would be two, and that is no majority
  scene.ask(autopilot);
  scene.pass(10s);
  EXPECT_FALSE(scene.ask(autopilot));
}

// docs/decisions/0022: 3 lost its vote, 2 fell silent before it had confirmed that, 3 is back.
TEST(Autopilot, AChangeThatCanNotBeCommittedIsTakenBackWhereWhatWasBeforeCould) {
  Scene scene(2, 1);
  scene.status.returnable = configuration_of(3);
  Autopilot autopilot;
  EXPECT_FALSE(scene.ask(autopilot)) << "it can be committed";
  scene.silence(2);
  scene.silence(3);
  EXPECT_FALSE(scene.ask(autopilot)) << "one of three is no majority either";
  scene.peer(3).recently_heard = true;
  const auto taken_back = scene.ask(autopilot);
  ASSERT_TRUE(taken_back);
  EXPECT_EQ(*taken_back, *configuration_of(3));
  autopilot.set_options({.enabled = false});
  EXPECT_TRUE(scene.ask(autopilot)) << "that is no policy: the node can't go on otherwise";
  scene.links.push_back({NodeId(3), scene.now.steady, std::nullopt});
  EXPECT_FALSE(scene.ask(autopilot)) << "its process is gone";
}

// A disk that hangs answers heartbeats and confirms nothing.
TEST(Autopilot, AChangeThatIsHeardAndNotConfirmedIsTakenBackAfterAWhile) {
  Scene scene(2, 1);
  scene.status.returnable = configuration_of(3);
  Autopilot autopilot;
  EXPECT_FALSE(scene.ask(autopilot));
  EXPECT_EQ(autopilot.next_look(), scene.now.steady + 1500ms);
  scene.pass(1400ms);
  EXPECT_FALSE(scene.ask(autopilot));
  scene.pass(100ms);
  ASSERT_TRUE(scene.ask(autopilot));
  scene.silence(3);
  scene.silence(2);
  EXPECT_FALSE(scene.ask(autopilot)) << "it would not help";
}

TEST(Autopilot, AChangeThatLeavesTheVotersAsTheyAreIsNeverTakenBack) {
  Scene scene(2, 1);
  auto before = *configuration_of(2, 1);
  before.members.back().id.incarnation = Incarnation(77);   // the place was given to the data directory that came (R4)
  scene.status.returnable = configuration_of(before.members);
  Autopilot autopilot;
  EXPECT_FALSE(scene.ask(autopilot));
  scene.silence(2);
  scene.pass(60s);
  EXPECT_FALSE(scene.ask(autopilot));
}

TEST(Autopilot, WhoIsNoMemberAnyMoreDoesNotCountAsHeard) {
  Scene scene(2);
  scene.status.returnable = configuration_of(3);
  Autopilot autopilot;
  scene.silence(2);
  EXPECT_FALSE(scene.ask(autopilot));
}

TEST(Autopilot, NobodyLosesItsVoteWhileThoseWhoHaveToConfirmThatMayHaveGoneJustNow) {
  Scene scene(3);
  Autopilot autopilot;
  scene.refuse(3);
  scene.ask(autopilot);
  scene.now.steady += 200ms;   // 2 was not heard in that time, and is not yet taken for silent
  EXPECT_FALSE(scene.ask(autopilot));
  EXPECT_LE(autopilot.next_look(), scene.now.steady + 150ms);
  scene.pass(1ms);
  const auto smaller = scene.ask(autopilot);
  ASSERT_TRUE(smaller);
  EXPECT_FALSE(votes(smaller, 3));
}

TEST(Autopilot, WhoFallsOutAgainAndAgainWaitsLongerEachTime) {
  Scene scene(3);
  Autopilot autopilot;
  Duration last{};
  for (int fall = 0; fall < 4; ++fall) {
    scene.refuse(3);
    scene.ask(autopilot);
    scene.pass(100ms);
    const auto smaller = scene.ask(autopilot);
    ASSERT_TRUE(smaller);
    scene.status.configuration = configuration_of(smaller->members);
    scene.links.clear();
    scene.peer(3).recently_heard = true;
    const TimePoint returned = scene.now.steady;
    std::optional<Configuration> larger;
    while (!(larger = scene.ask(autopilot))) scene.pass(10ms);
    EXPECT_GE(scene.now.steady - returned, fall == 0 ? 500ms : 2 * last - 20ms);
    last = std::chrono::duration_cast<milliseconds>(scene.now.steady - returned);
    scene.status.configuration = configuration_of(larger->members);
    scene.ask(autopilot);
  }
}

}  // namespace
}  // namespace parley::raft::test
