#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/world.hpp"

namespace parley::chat {
namespace {

using testing::ElementsAre;

Register registration_of(std::string name) { return {std::move(name), "$phc", std::nullopt}; }

TEST(Accounts, TheIdIsTheIndexOfTheEntryThatMadeIt) {
  World world;
  const auto reply = world.ask(registration_of("alice"));
  EXPECT_EQ(reply.code, Code::done);
  EXPECT_EQ(reply.account, AccountId(world.index().value));
  const auto account = find_account(world.state(), reply.account);
  ASSERT_TRUE(account);
  EXPECT_EQ(account->name, "alice");
  EXPECT_EQ(account->phc, "$phc");
  EXPECT_EQ(account->credential_version, 1U);
  EXPECT_FALSE(account->administrator);
}

TEST(Accounts, NamesAreFoldedAndUniqueAmongTheLiving) {
  World world;
  EXPECT_EQ(world.ask(registration_of("Alice")).code, Code::done);
  EXPECT_EQ(world.ask(registration_of("aLICE")).code, Code::name_taken);
  EXPECT_EQ(find_account(world.state(), "ALICE")->name, "alice");
}

TEST(Accounts, ABadNameOrPasswordHashIsRefusedNamingIt) {
  World world;
  const auto reply = world.ask(registration_of("no spaces"));
  EXPECT_EQ(reply.code, Code::bad_name);
  EXPECT_EQ(reply.text, "no spaces");
  EXPECT_EQ(world.ask(registration_of(std::string(account_name_max + 1, 'a'))).code, Code::bad_name);
  EXPECT_EQ(world.ask(Register{"alice", "", std::nullopt}).code, Code::bad_value);
  EXPECT_EQ(world.ask(Register{"alice", std::string(phc_max + 1, '$'), std::nullopt}).code, Code::bad_value);
}

TEST(Accounts, ClosedRegistrationIsForAdministratorsAndTheOperatorOnly) {
  World world;
  world.add_person("root");
  world.as_operator(SetAdministrator{"root", true});
  EXPECT_EQ(world.as_operator(ChangeSetting{"registration", "closed"}).code, Code::done);
  EXPECT_EQ(registration(world.state()), Registration::closed);
  EXPECT_EQ(world.ask(registration_of("eve")).code, Code::registration_closed);
  EXPECT_EQ(world.ask(registration_of("root")).code, Code::registration_closed) << "must not say that the name exists";
  EXPECT_EQ(world.as("root", registration_of("bob")).code, Code::done);
  EXPECT_EQ(world.as_operator(registration_of("carol")).code, Code::done);
}

TEST(Accounts, AnInvitationServesOnce) {
  World world;
  const auto code = digest("code");
  world.as_operator(ChangeSetting{"registration", "invite"});
  EXPECT_EQ(world.ask(registration_of("alice")).code, Code::invitation_required);
  EXPECT_EQ(world.ask(Register{"alice", "$phc", code}).code, Code::bad_invitation);
  EXPECT_EQ(world.ask(CreateInvitation{code}).code, Code::forbidden);
  EXPECT_EQ(world.as_operator(CreateInvitation{code}).code, Code::done);
  EXPECT_EQ(world.ask(Register{"x y", "$phc", code}).code, Code::bad_name) << "a refusal must not use the code up";
  EXPECT_EQ(world.ask(Register{"alice", "$phc", code}).code, Code::done);
  EXPECT_EQ(world.ask(Register{"bob", "$phc", code}).code, Code::bad_invitation);
}

TEST(Accounts, AnInvitationIsVoidAfterThirtyDaysOfLogTime) {
  World world;
  const auto code = digest("code");
  world.as_operator(ChangeSetting{"registration", "invite"});
  world.as_operator(CreateInvitation{code});
  world.pass(invitation_idle_ms);
  world.apply_nothing();
  world.check_records();
  world.pass(1);
  EXPECT_EQ(world.ask(Register{"alice", "$phc", code}).code, Code::bad_invitation);
  EXPECT_EQ(world.as_operator(CreateInvitation{code}).code, Code::done);
  EXPECT_EQ(world.as_operator(CreateInvitation{code}).code, Code::done) << "again is harmless";
  EXPECT_EQ(world.ask(Register{"alice", "$phc", code}).code, Code::done);
}

TEST(Accounts, TheNumberOfAccountsIsBoundedByASetting) {
  World world;
  world.as_operator(ChangeSetting{"accounts_max", "2"});
  world.add_person("alice");
  world.add_person("bob");
  EXPECT_EQ(world.ask(registration_of("carol")).code, Code::limit_reached);
  world.as("bob", DeleteAccount{1});
  EXPECT_EQ(world.ask(registration_of("carol")).code, Code::done);
}

TEST(Accounts, DeletionFreesTheNameForAnotherAccount) {
  World world;
  const auto before = world.add_person("alice");
  EXPECT_EQ(world.as("alice", DeleteAccount{1}).code, Code::done);
  EXPECT_FALSE(find_account(world.state(), "alice"));
  const auto after = world.add_person("alice");
  EXPECT_NE(before, after);
}

TEST(Accounts, DeletionNeedsThePasswordOfNow) {
  World world;
  world.add_person("alice");
  EXPECT_EQ(world.as("alice", DeleteAccount{0}).code, Code::wrong_credentials);
  EXPECT_EQ(world.as("alice", DeleteAccount{2}).code, Code::wrong_credentials);
  EXPECT_TRUE(find_account(world.state(), "alice"));
  EXPECT_EQ(world.ask(DeleteAccount{1}).code, Code::not_logged_in);
}

TEST(Accounts, DeletionEndsTheLogins) {
  World world;
  const auto id = world.add_person("alice");
  world.as("alice", DeleteAccount{1});
  const auto ended = world.events<LoginEnded>();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_THAT(ended[0].first, ElementsAre(id));
  EXPECT_EQ(ended[0].second.login, std::nullopt);
  EXPECT_EQ(ended[0].second.except, std::nullopt);
  EXPECT_FALSE(authenticate(world.state(), World::login_of("alice")));
  EXPECT_EQ(world.as("alice", CreateRoom{"room"}).code, Code::not_logged_in);
}

TEST(Accounts, APasswordChangeEndsAllOtherLogins) {
  World world;
  const auto id = world.add_person("alice");
  const auto phone = digest("phone");
  world.log_in("alice", phone);
  EXPECT_EQ(world.as("alice", ChangePassword{1, "$new"}).code, Code::done);
  const auto ended = world.events<LoginEnded>();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].second.except, World::login_of("alice"));
  EXPECT_FALSE(authenticate(world.state(), phone));
  EXPECT_EQ(authenticate(world.state(), World::login_of("alice")), id);
  EXPECT_EQ(find_account(world.state(), id)->phc, "$new");
  EXPECT_EQ(world.as("alice", ChangePassword{1, "$newer"}).code, Code::wrong_credentials) << "the version has grown";
}

// -- logins ---------------------------------------------------------------------------------------------------

TEST(Logins, APasswordVerifiedBeforeItWasChangedNoLongerLogsIn) {   // R18
  World world;
  const auto id = world.add_person("alice");
  world.as("alice", ChangePassword{1, "$new"});
  EXPECT_EQ(world.ask(Login{id, 1, digest("late")}).code, Code::wrong_credentials);
  EXPECT_EQ(world.ask(Login{id, 2, digest("late")}).code, Code::done);
}

TEST(Logins, AccountZeroIsTheRefusalOfAWrongPasswordAsAnEntry) {
  World world;
  EXPECT_EQ(world.ask(Login{AccountId(0), 0, digest("x")}).code, Code::wrong_credentials);
  EXPECT_EQ(world.ask(Login{AccountId(99), 1, digest("x")}).code, Code::wrong_credentials);
}

TEST(Logins, TheSameTokenAgainIsHarmlessForItsOwnerAndUselessToOthers) {
  World world;
  const auto alice = world.add_person("alice");
  const auto bob = world.add_person("bob");
  EXPECT_EQ(world.log_in("alice", World::login_of("alice")).account, alice);
  EXPECT_EQ(world.log_in("bob", World::login_of("alice")).code, Code::wrong_credentials);
  EXPECT_EQ(authenticate(world.state(), World::login_of("alice")), alice);
  EXPECT_EQ(authenticate(world.state(), World::login_of("bob")), bob);
}

TEST(Logins, LogoutEndsThisLoginOrAllOfThem) {
  World world;
  const auto id = world.add_person("alice");
  const auto phone = digest("phone");
  const auto desk = digest("desk");
  world.log_in("alice", phone);
  world.log_in("alice", desk);
  EXPECT_EQ(world.ask(Logout{false}, phone).code, Code::done);
  EXPECT_EQ(world.events<LoginEnded>().at(0).second.login, phone);
  EXPECT_FALSE(authenticate(world.state(), phone));
  EXPECT_EQ(authenticate(world.state(), desk), id);
  EXPECT_EQ(world.as("alice", Logout{true}).code, Code::done);
  EXPECT_EQ(world.events<LoginEnded>().at(0).second.login, std::nullopt);
  EXPECT_FALSE(authenticate(world.state(), desk));
  EXPECT_EQ(world.as("alice", Logout{}).code, Code::not_logged_in);
}

TEST(Logins, TheOldestFallsOutWhenThereAreTooMany) {
  World world;
  const auto id = world.add_person("alice");
  world.as_operator(ChangeSetting{"logins_per_account_max", "2"});
  world.log_in("alice", digest("second"));
  EXPECT_TRUE(world.events<LoginEnded>().empty());
  world.log_in("alice", digest("third"));
  const auto ended = world.events<LoginEnded>();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].second.login, World::login_of("alice"));
  EXPECT_EQ(authenticate(world.state(), digest("second")), id);
  EXPECT_EQ(authenticate(world.state(), digest("third")), id);
}

TEST(Logins, AnIdleLoginEndsByLogTimeAndItsConnectionIsTold) {   // R14
  World world;
  world.add_person("alice");
  world.pass(30 * day_ms);
  world.apply_nothing();
  EXPECT_TRUE(authenticate(world.state(), World::login_of("alice")));
  world.pass(1);
  world.apply_nothing();
  EXPECT_FALSE(authenticate(world.state(), World::login_of("alice")));
  const auto ended = world.events<LoginEnded>();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].second.login, World::login_of("alice"));
  EXPECT_EQ(ended[0].second.reason, "idle");
}

TEST(Logins, UseAndKeepAlivesKeepALoginFromIdling) {
  World world;
  world.add_person("alice");
  world.add_person("bob");
  world.add_person("carol");
  world.pass(20 * day_ms);
  world.as("alice", CreateRoom{"room"});
  Markers markers;
  markers.logins_alive = {World::login_of("bob"), digest("of nobody")};
  world.apply(markers);
  world.pass(20 * day_ms);
  world.apply_nothing();
  EXPECT_TRUE(authenticate(world.state(), World::login_of("alice")));
  EXPECT_TRUE(authenticate(world.state(), World::login_of("bob")));
  EXPECT_FALSE(authenticate(world.state(), World::login_of("carol")));
}

TEST(Logins, ALoginThatWaitsForItsSweepCountsAsEndedAllTheSame) {
  World world;
  for (int i = 0; i < 70; ++i) world.add_person("p" + std::to_string(i));   // more than sweep_max
  world.pass(31 * day_ms);
  EXPECT_EQ(world.as("p69", CreateRoom{"room"}).code, Code::not_logged_in);
  EXPECT_EQ(world.effects().deliveries.size(), sweep_max);
  EXPECT_FALSE(authenticate(world.state(), World::login_of("p69")));
  world.apply_nothing();
  EXPECT_EQ(world.effects().deliveries.size(), 70 - sweep_max);
}

TEST(Logins, TimeThatGoesBackEndsNothingAndBringsNothingBack) {
  World world;
  world.add_person("alice");
  const auto before = log_time(world.state());
  world.pass(-10 * day_ms);
  world.apply_nothing();
  EXPECT_EQ(log_time(world.state()), before);
  EXPECT_TRUE(authenticate(world.state(), World::login_of("alice")));
}

// -- administration -------------------------------------------------------------------------------------------

TEST(Administration, TheFirstAdministratorCanOnlyBeMadeByTheOperator) {
  World world;
  world.add_person("alice");
  world.add_person("bob");
  EXPECT_EQ(world.as("alice", SetAdministrator{"alice", true}).code, Code::forbidden);
  EXPECT_EQ(world.ask(SetAdministrator{"alice", true}).code, Code::forbidden);
  EXPECT_EQ(world.as_operator(SetAdministrator{"alice", true}).code, Code::done);
  EXPECT_EQ(world.as("alice", SetAdministrator{"bob", true}).code, Code::done);
  EXPECT_TRUE(find_account(world.state(), "bob")->administrator);
  EXPECT_EQ(world.as("bob", SetAdministrator{"alice", false}).code, Code::done);
  EXPECT_EQ(world.as("alice", ChangeSetting{"rooms_max", "1"}).code, Code::forbidden);
}

TEST(Administration, ABannedAccountIsLoggedOutAndCannotLogInUntilItIsUnbanned) {
  World world;
  world.add_person("eve");
  EXPECT_EQ(world.as_operator(SetBanned{"eve", true}).code, Code::done);
  EXPECT_EQ(world.events<LoginEnded>().at(0).second.reason, "banned");
  EXPECT_EQ(world.as("eve", CreateRoom{"room"}).code, Code::not_logged_in);
  EXPECT_EQ(world.log_in("eve", digest("again")).code, Code::banned);
  EXPECT_EQ(world.as_operator(SetBanned{"eve", false}).code, Code::done);
  EXPECT_EQ(world.log_in("eve", digest("again")).code, Code::done);
}

TEST(Administration, NobodyBansThemselves) {
  World world;
  world.add_person("root");
  world.as_operator(SetAdministrator{"root", true});
  EXPECT_EQ(world.as("root", SetBanned{"root", true}).code, Code::forbidden);
}

TEST(Administration, APasswordResetEndsEveryLogin) {
  World world;
  world.add_person("alice");
  EXPECT_EQ(world.as("alice", ResetPassword{"alice", "$new"}).code, Code::forbidden);
  EXPECT_EQ(world.as_operator(ResetPassword{"nobody", "$new"}).code, Code::no_such_account);
  EXPECT_EQ(world.as_operator(ResetPassword{"alice", "$new"}).code, Code::done);
  EXPECT_FALSE(authenticate(world.state(), World::login_of("alice")));
  EXPECT_EQ(find_account(world.state(), "alice")->credential_version, 2U);
}

TEST(Administration, ASettingTakesOnlyItsOwnValuesAndTheRefusalSaysWhich) {
  World world;
  EXPECT_EQ(world.as_operator(ChangeSetting{"colour", "red"}).code, Code::unknown_setting);
  for (const auto* value : {"", "0", "366", "-1", "1.5", " 7", "7 ", "0x7", "99999999999999999999"}) {
    const auto reply = world.as_operator(ChangeSetting{"login_idle_days", value});
    EXPECT_EQ(reply.code, Code::bad_value) << value;
    EXPECT_EQ(reply.text, "login_idle_days: 1 to 365");
  }
  EXPECT_EQ(world.as_operator(ChangeSetting{"registration", "maybe"}).text, "registration: open, invite or closed");
  EXPECT_EQ(world.as_operator(ChangeSetting{"login_idle_days", "7"}).code, Code::done);
  EXPECT_THAT(settings(world.state()), testing::Contains(testing::Pair("login_idle_days", "7")));
  EXPECT_EQ(world.as_operator(ChangeSetting{"login_idle_days", "30"}).code, Code::done);
}

// R8: a log that was begun with these must mean the same for ever.
TEST(Administration, TheInitialSettingsAreThoseOfTheFirstRelease) {
  const State state;
  EXPECT_THAT(settings(state),
              ElementsAre(testing::Pair("accounts_max", "100000"), testing::Pair("login_idle_days", "30"),
                          testing::Pair("logins_per_account_max", "20"), testing::Pair("members_per_room_max", "1000"),
                          testing::Pair("memberships_per_account_max", "500"), testing::Pair("min_voters", "1"),
                          testing::Pair("registration", "open"),
                          testing::Pair("rooms_max", "10000"), testing::Pair("rooms_per_account_max", "100")));
}

}  // namespace
}  // namespace parley::chat
