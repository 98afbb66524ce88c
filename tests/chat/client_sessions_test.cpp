#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/world.hpp"

namespace parley::chat {
namespace {

using Kind = SequenceView::Kind;

class ClientSessions : public testing::Test {
 protected:
  ClientSessions() {
    world.add_person("alice");
    world.as("alice", CreateRoom{"tea"});
    client = world.open_client();
  }
  Reply send(std::uint64_t sequence, std::uint64_t first = 1, std::string text = "") {
    const auto payload = text.empty() ? "send " + std::to_string(sequence) : "send " + text;
    if (text.empty()) text = std::to_string(sequence);
    return world.sequenced(client, sequence, first, SendRoom{"tea", text}, payload, World::login_of("alice"));
  }
  SequenceView ask(std::uint64_t sequence) {
    return look_up(world.state(), client, Sequence(sequence), digest("send " + std::to_string(sequence)));
  }

  World world;
  ClientId client;
};

TEST_F(ClientSessions, TheIdIsTheIndexOfTheEntryThatOpenedIt) {   // R16
  EXPECT_EQ(client, ClientId(world.index().value));
  EXPECT_NE(world.open_client(), client);
  EXPECT_TRUE(client_key_fits(world.state(), client, digest("key")));
  EXPECT_FALSE(client_key_fits(world.state(), client, digest("another key")));
  EXPECT_FALSE(client_key_fits(world.state(), ClientId(12345), digest("key")));
}

TEST_F(ClientSessions, WhoAsksAgainGetsTheFirstAnswerAndNothingHappensTwice) {   // R15
  const auto first = send(1);
  EXPECT_EQ(first.code, Code::done);
  world.pass(5000);
  EXPECT_EQ(send(1), first);
  EXPECT_TRUE(world.effects().messages.empty());
  EXPECT_TRUE(world.effects().deliveries.empty());
  EXPECT_EQ(ask(1).kind, Kind::answered);
  EXPECT_EQ(ask(1).reply, first);
  EXPECT_EQ(send(2).number, Number(2));
}

TEST_F(ClientSessions, OnlyTheNextNumberIsCarriedOutAndAGapNamesIt) {
  EXPECT_EQ(send(2).code, Code::wrong_sequence);
  EXPECT_EQ(send(2).number, Number(1));
  EXPECT_EQ(ask(2).kind, Kind::gap);
  EXPECT_EQ(ask(1).kind, Kind::next);
  EXPECT_EQ(send(1).code, Code::done);
  EXPECT_EQ(send(~0ULL).code, Code::wrong_sequence);
  EXPECT_EQ(send(0).code, Code::forgotten);
  EXPECT_EQ(send(2).code, Code::done);
}

TEST_F(ClientSessions, TheSameNumberWithAnotherPayloadIsAConflict) {
  send(1);
  EXPECT_EQ(send(1, 1, "other").code, Code::conflict);
  EXPECT_EQ(look_up(world.state(), client, Sequence(1), digest("other")).kind, Kind::conflict);
  EXPECT_TRUE(world.effects().messages.empty());
  EXPECT_EQ(send(1).code, Code::done) << "the first answer is still kept";
}

TEST_F(ClientSessions, ARefusalIsAnEntryAndUsesUpTheNumber) {
  const auto refused = world.sequenced(client, 1, 1, JoinRoom{"nowhere"}, "join", World::login_of("alice"));
  EXPECT_EQ(refused.code, Code::no_such_room);
  world.as("alice", CreateRoom{"nowhere"});
  EXPECT_EQ(world.sequenced(client, 1, 1, JoinRoom{"nowhere"}, "join", World::login_of("alice")), refused)
      << "final, although it would be answered differently now";
  EXPECT_EQ(find_client(world.state(), client)->last, Sequence(1));
}

TEST_F(ClientSessions, AnswersAreKeptUntilTheFirstOutstandingPassesThem) {
  for (std::uint64_t i = 1; i <= 5; ++i) send(i);
  EXPECT_EQ(send(6, 4).code, Code::done);
  EXPECT_EQ(send(3).code, Code::forgotten);
  EXPECT_EQ(ask(3).kind, Kind::forgotten);
  EXPECT_EQ(send(4).number, Number(4));
  EXPECT_EQ(send(7, 2).code, Code::done) << "it never goes back";
  EXPECT_EQ(find_client(world.state(), client)->first_outstanding, Sequence(4));
}

TEST_F(ClientSessions, AFirstOutstandingBeyondTheRequestForgetsAllButItsOwnAnswer) {
  send(1);
  const auto reply = send(2, ~0ULL);
  EXPECT_EQ(send(2), reply);
  EXPECT_EQ(send(1).code, Code::forgotten);
  EXPECT_EQ(send(3).code, Code::done);
}

TEST_F(ClientSessions, BeyondRepliesPerClientMaxTheOldestAnswerIsForgotten) {
  for (std::uint64_t i = 1; i <= replies_per_client_max; ++i) send(i);
  EXPECT_EQ(send(1).code, Code::done);
  send(replies_per_client_max + 1);
  EXPECT_EQ(send(1).code, Code::forgotten);
  EXPECT_EQ(send(2).code, Code::done);
}

TEST_F(ClientSessions, AnUnknownClientIsRefused) {
  EXPECT_EQ(world.sequenced(ClientId(99999), 1, 1, Logout{}, "x").code, Code::unknown_client);
  EXPECT_EQ(world.sequenced(ClientId(0), 1, 1, Logout{}, "x").code, Code::unknown_client);
  EXPECT_EQ(look_up(world.state(), ClientId(99999), Sequence(1), digest("x")).kind, Kind::unknown_client);
}

TEST_F(ClientSessions, ASessionExpiresAfterThirtyFiveDaysOfLogTimeWithoutUse) {   // R16
  send(1);
  world.pass(client_idle_ms);
  EXPECT_EQ(send(1).code, Code::done);
  world.pass(1);
  EXPECT_EQ(send(1).code, Code::unknown_client);
  EXPECT_FALSE(find_client(world.state(), client));
  EXPECT_FALSE(client_key_fits(world.state(), client, digest("key")));
  EXPECT_EQ(send(2).code, Code::unknown_client);
}

TEST_F(ClientSessions, UseAndKeepAlivesKeepASession) {
  send(1);
  world.pass(20 * day_ms);
  Markers markers;
  markers.clients_alive = {client, ClientId(99999)};
  world.apply(markers);
  world.pass(20 * day_ms);
  EXPECT_EQ(send(1).code, Code::done);
  EXPECT_EQ(send(2).code, Code::not_logged_in) << "the login had idled out, the session had not";
  world.pass(34 * day_ms);
  EXPECT_EQ(send(2).code, Code::not_logged_in);
}

TEST_F(ClientSessions, KeepAlivesWithinTheHourWriteNothing) {
  send(1);
  Markers markers;
  markers.clients_alive = {client};
  markers.logins_alive = {World::login_of("alice")};
  world.pass(hour_ms - 1);
  EXPECT_EQ(world.apply(markers).records.size(), 1U);
  world.pass(1);
  EXPECT_EQ(world.apply(markers).records.size(), 3U);
}

TEST_F(ClientSessions, TheLoginIsCheckedAgainWhenTheRequestIsApplied) {   // R18
  world.as("alice", Logout{});
  EXPECT_EQ(send(1).code, Code::not_logged_in);
  EXPECT_EQ(world.sequenced(client, 2, 1, SendRoom{"tea", "x"}, "x", digest("never was a login")).code,
            Code::not_logged_in);
}

TEST_F(ClientSessions, WhenThereAreTooManyTheNeverUsedGoFirst) {
  send(1);   // proven, and the oldest of all
  const auto unused = world.open_client();
  State& state = world.state();
  while (look_up(state, unused, Sequence(1), {}).kind == Kind::next) {
    ASSERT_LE(world.index().value, client_sessions_max + 20);
    world.open_client();
  }
  EXPECT_GT(world.index().value, client_sessions_max);
  EXPECT_EQ(ask(1).kind, Kind::answered);
}

TEST_F(ClientSessions, ANewGenerationEndsLoginsAndClientSessions) {   // R19
  send(1);
  auto copy = State::load(world.archived());
  ASSERT_TRUE(copy.ok());
  const auto effects = begin_generation(*copy, Generation(2));
  EXPECT_FALSE(effects.records.empty());
  EXPECT_EQ(generation(*copy), Generation(2));
  EXPECT_FALSE(authenticate(*copy, World::login_of("alice")));
  EXPECT_FALSE(find_client(*copy, client));
  EXPECT_TRUE(find_account(*copy, "alice"));
  EXPECT_EQ(broken_invariant(*copy), std::nullopt);
}

}  // namespace
}  // namespace parley::chat
