#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>

#include "base/random.hpp"
#include "chat/world.hpp"

// Long random histories over few names, so that everything collides; and the golden chain.

namespace parley::chat {
namespace {

// Draws commands as people would send them, and as nodes that read no facts right (R17), unless they are `honest`.
class Author {
 public:
  Author(World& world, Random& random, bool honest = false) : world_(world), random_(random), honest_(honest) {}

  Command next() {
    const auto draw = random_.below(100);
    if (draw < 2 || clients_.empty()) {
      clients_.push_back(ClientId(world_.index().value + 1));
      return OpenClient{digest("key")};
    }
    if (draw < 10) return markers();
    return sequenced();
  }

 private:
  bool chance(double probability) { return random_.chance(probability); }
  template <class T>
  T any(std::initializer_list<T> items) { return *(items.begin() + random_.below(items.size())); }

  std::string person() { return any<std::string>({"ann", "bob", "Cat", "dan", "eve", "no body"}); }
  std::string room() { return any<std::string>({"tea", "Milk", "beer", "wine", "1"}); }
  std::string text() {
    return any<std::string>({"hello", "two\nlines", "", "\xff", std::string(text_max + 1, 'x'), "h\xc3\xa4h", "bye"});
  }
  LoginId login_of(const std::string& name) { return digest(name + std::to_string(random_.below(3))); }
  std::uint64_t version(const std::string& name) {
    const auto account = find_account(world_.state(), name);
    return account && !chance(0.1) ? account->credential_version : random_.below(3);
  }

  Command markers() {
    Markers markers;
    for (auto count = random_.below(4); count > 0; --count) {
      markers.reads.push_back({world_.id(person()), conversation(), Number(random_.below(40))});
      markers.clients_alive.push_back(client());
      markers.logins_alive.push_back(login_of(person()));
    }
    return markers;
  }

  ConversationId conversation() {
    const auto place = chance(0.5) ? "#" + room() : "@" + person();
    const auto found = conversation_for(world_.state(), world_.id(person()), place);
    return found ? *found : ConversationId(random_.below(50));
  }

  ClientId client() { return chance(0.02) ? ClientId(random_.below(1000)) : clients_[random_.below(clients_.size())]; }

  Command sequenced() {
    Sequenced command;
    command.client = client();
    const auto view = find_client(world_.state(), command.client);
    const auto last = view ? view->last.value : 0;
    command.sequence = Sequence(chance(0.9) ? last + 1 : last - random_.below(4) + random_.below(4));
    command.first_outstanding = command.sequence - (chance(0.2) ? 0 : random_.below(9));
    command.payload = digest(std::to_string(command.sequence.value + (chance(0.05) ? 1 : 0)));
    for (int tries = 0; tries < 6; ++tries) {   // most people know whether they are logged in
      command.login = login_of(person());
      if (authenticate(world_.state(), *command.login) || chance(0.05)) break;
    }
    if (chance(0.05)) command.login.reset();
    command.by_operator = chance(0.05);
    command.request = request();
    return command;
  }

  MessageFacts facts() {
    if (world_.rows().empty() || chance(0.05)) return world_.facts(MessageId(random_.below(world_.index().value + 9)));
    auto at = world_.rows().lower_bound(MessageId(random_.below(world_.index().value)));
    if (at == world_.rows().end()) --at;
    auto facts = facts_of(at->second);
    if (honest_) return facts;
    if (chance(0.05)) facts.conversation = conversation();
    if (chance(0.05)) facts.number = Number(random_.below(100));
    if (chance(0.02)) facts.author_name = std::string(100, 'x');
    return facts;
  }
  Index seen_at() { return Index(chance(0.9) ? world_.index().value : random_.below(world_.index().value + 9)); }

  Request request() {
    switch (random_.below(26)) {
      case 0: return Register{person(), chance(0.9) ? "$phc" : "", digest(std::to_string(random_.below(5)))};
      case 1:
      case 2:
      case 3: {
        const auto name = person();
        return Login{world_.id(name), version(name), login_of(name)};
      }
      case 4: return Logout{chance(0.3)};
      case 5: return ChangePassword{version(person()), "$new"};
      case 6: return chance(0.3) ? Request(DeleteAccount{version(person())}) : Request(Logout{});
      case 7:
      case 8:
      case 9: return SendDirect{person(), text()};
      case 10:
      case 11:
      case 12:
      case 13: return SendRoom{room(), text()};
      case 14: return EditMessage{facts(), seen_at(), text()};
      case 15: {
        DeleteMessages deletion{{}, seen_at()};
        for (auto count = random_.below(4); count > 0; --count) deletion.facts.push_back(facts());
        return deletion;
      }
      case 16: return CreateRoom{room(), any({RoomKind::open, RoomKind::invite_only}), text()};
      case 17:
      case 18: return JoinRoom{room()};
      case 19: return LeaveRoom{room()};
      case 20:
      case 21: return InviteToRoom{room(), person()};
      case 22: return RemoveFromRoom{room(), person()};
      case 23: return SetTopic{room(), text()};
      case 24: return CreateInvitation{digest(std::to_string(random_.below(5)))};
      default: return administrative();
    }
  }

  Request administrative() {
    switch (random_.below(4)) {
      case 0: {
        const auto name = any<std::string>({"registration", "login_idle_days", "logins_per_account_max",
                                            "members_per_room_max", "rooms_per_account_max", "nothing"});
        return ChangeSetting{name, any<std::string>({"open", "invite", "2", "3", "30", "1000000"})};
      }
      case 1: return SetAdministrator{person(), chance(0.5)};
      case 2: return ResetPassword{person(), "$reset"};
      default: return SetBanned{person(), chance(0.4)};
    }
  }

  World& world_;
  Random& random_;
  bool honest_;
  std::vector<ClientId> clients_;
};

// Time passes in bursts: mostly milliseconds, sometimes days, sometimes back.
void let_time_pass(World& world, Random& random) {
  const auto draw = random.below(1000);
  if (draw < 600) world.pass(static_cast<std::int64_t>(random.below(50)));
  if (draw >= 990) world.pass(static_cast<std::int64_t>(random.below(2)) * hour_ms * 20);
  if (draw == 500) world.pass(12 * day_ms);
  if (draw == 501) world.pass(-day_ms);
}

void expect_loads_back(World& world) {
  auto loaded = State::load(world.archived());
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  ASSERT_EQ(loaded->digest(), world.state().digest());
  ASSERT_EQ(loaded->all_records(), world.state().all_records());
  ASSERT_EQ(loaded->last_applied(), world.state().last_applied());
  ASSERT_EQ(broken_invariant(*loaded), std::nullopt);
}

class RandomHistory : public testing::TestWithParam<std::uint64_t> {};

// R10: what was archived, loaded, equals the live state; and goes on like it, derived indexes included.
TEST_P(RandomHistory, LoadingWhatWasArchivedEqualsTheLiveStateAndGoesOnLikeIt) {
  Random random(GetParam());
  World world;
  Author author(world, random);
  State twin;   // replaced by a loaded copy now and then, and fed the same entries
  std::map<Code, int> seen;
  for (int step = 0; step < 6000; ++step) {
    let_time_pass(world, random);
    if (random.chance(0.03)) {
      world.apply_nothing();
      apply_nothing(twin, world.index(), world.now());
      continue;
    }
    const auto command = author.next();
    world.apply(command);
    const auto twins = apply(twin, Entry{world.index(), world.now(), command});
    ASSERT_EQ(canonical(twins), canonical(world.effects())) << "at step " << step;
    if (twins.reply) ++seen[twins.reply->code];
    for (const auto& delivery : twins.deliveries) {
      ASSERT_TRUE(std::is_sorted(delivery.audience.begin(), delivery.audience.end()));
    }
    if (step % 100 == 99) {
      ASSERT_EQ(broken_invariant(world.state()), std::nullopt) << "at step " << step;
      world.check_records();
      expect_loads_back(world);
      if (testing::Test::HasFatalFailure()) return;
      if (step % 300 == 299) twin = std::move(State::load(world.archived())).value();
    }
  }
  for (const auto code : {Code::done, Code::not_logged_in, Code::name_taken, Code::look_again, Code::wrong_sequence,
                          Code::conflict, Code::forgotten, Code::forbidden, Code::no_such_message}) {
    EXPECT_GT(seen[code], 0) << "the history never came to " << word(code);
  }
}

// I1, P2: every conversation's numbers in the archive are 1, 2, 3 … in the order of ids.
TEST_P(RandomHistory, NumbersAreDenseInEveryConversation) {
  Random random(GetParam() + 1000);
  World world;
  Author author(world, random, true);
  for (int step = 0; step < 6000; ++step) world.apply(author.next());
  std::map<ConversationId, std::uint64_t> last;
  for (const auto& [id, row] : world.rows()) {
    EXPECT_EQ(row.number.value, ++last[row.conversation]);
    EXPECT_EQ(row.deleted, row.text.empty());
  }
  EXPECT_GT(world.rows().size(), 100U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomHistory, testing::Range<std::uint64_t>(1, 7));

TEST(Load, TakesRecordsInAnyOrder) {
  Random random(5);
  World world;
  Author author(world, random);
  for (int step = 0; step < 2000; ++step) world.apply(author.next());
  auto records = world.archived();
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = records.size(); i > 1; --i) std::swap(records[i - 1], records[random.below(i)]);
    const auto loaded = State::load(records);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    ASSERT_EQ(loaded->digest(), world.state().digest());
  }
}

TEST(Load, ADamagedRecordIsNamedAndNothingWorseHappens) {
  Random random(6);
  World world;
  Author author(world, random);
  for (int step = 0; step < 1500; ++step) world.apply(author.next());
  const auto records = world.archived();
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    auto damaged = records;
    auto& row = damaged[random.below(damaged.size())];
    auto& bytes = random.chance(0.5) && !row.key.empty() ? row.key : *row.value;
    if (bytes.empty() || random.chance(0.3)) {
      bytes += 'x';
    } else if (random.chance(0.3)) {
      bytes.pop_back();
    } else {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    const auto loaded = State::load(damaged);
    if (loaded.ok()) continue;
    ++refused;
    // It, or one that refers to what it was: a reply whose client lost its id.
    EXPECT_NE(loaded.error().message.find("record (kind "), std::string::npos) << loaded.error().message;
  }
  EXPECT_GT(refused, 150);
  EXPECT_FALSE(State::load({RecordRow{99, "", ""}}).ok());
  EXPECT_FALSE(State::load({RecordRow{3, "", std::nullopt}}).ok());
}

TEST(Load, AnEmptyArchiveIsTheEmptyState) {
  const auto loaded = State::load({});
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->digest(), State().digest());
  EXPECT_EQ(loaded->last_applied(), Index(0));
}

TEST(Apply, ExtremeTimesAndNumbersAreHarmless) {   // R13
  State state;
  Index index;
  const auto extreme = [&](std::int64_t ms, Command command) {
    ++index;
    return apply(state, Entry{index, LogTime{ms}, std::move(command)});
  };
  const auto least = std::numeric_limits<std::int64_t>::min();
  const auto greatest = std::numeric_limits<std::int64_t>::max();
  const auto client = extreme(5, OpenClient{}).reply->client;
  MessageFacts facts;
  facts.id = MessageId(~0ULL);
  facts.number = Number(~0ULL);
  facts.time = LogTime{least};
  Sequenced command{client,       Sequence(1), Sequence(~0ULL), {},
                    std::nullopt, true,        DeleteMessages{{facts}, Index(~0ULL)}};
  EXPECT_EQ(extreme(least, command).reply->code, Code::no_such_message);
  command.sequence = Sequence(~0ULL);
  EXPECT_EQ(extreme(0, command).reply->code, Code::wrong_sequence);
  Markers markers;
  markers.reads.resize(5000, {AccountId(~0ULL), ConversationId(~0ULL), Number(~0ULL)});
  extreme(0, markers);
  EXPECT_TRUE(find_client(state, client));
  extreme(greatest, OpenClient{});
  extreme(least, OpenClient{});
  index = Index(~0ULL - 1);   // a hole in the log is not apply's business
  extreme(greatest, OpenClient{});
  EXPECT_FALSE(find_client(state, client));
  EXPECT_EQ(broken_invariant(state), std::nullopt);
  const auto loaded = State::load(state.all_records());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->digest(), state.digest());
}

// -- R8: what these commands mean is fixed for ever -----------------------------------------------------------

void say_everything(World& world) {
  for (const auto* name : {"alice", "bob", "carol"}) world.add_person(name);
  world.as_operator(SetAdministrator{"alice", true});
  world.as("alice", CreateInvitation{digest("code")});
  world.as("alice", ChangeSetting{"registration", "invite"});
  world.ask(Register{"dave", "$phc", digest("code")});
  world.ask(Register{"erin", "$phc", digest("code")});
  world.as("alice", CreateRoom{"Tea", RoomKind::open, "topic"});
  world.as("alice", CreateRoom{"secret", RoomKind::invite_only, ""});
  world.as("bob", JoinRoom{"tea"});
  const auto one = world.as("bob", SendRoom{"tea", "one"}).message;
  const auto two = world.as("alice", SendRoom{"tea", "two"}).message;
  world.pass(1000);
  world.as("bob", SendDirect{"carol", "three"});
  world.as("bob", world.edit(one, "one, edited"));
  const auto stale = world.edit(two, "stale");
  world.as("alice", world.deletion({one, two}));
  world.as("alice", stale);
  world.as("alice", InviteToRoom{"secret", "bob"});
  world.as("bob", JoinRoom{"secret"});
  world.as("alice", SendRoom{"secret", "four"});
  world.as("alice", RemoveFromRoom{"secret", "bob"});
  world.as("alice", SetTopic{"tea", "another"});
  world.mark("carol", conversation_for(world.state(), world.id("carol"), "@bob").value_or(ConversationId{}), 1);
  const auto client = world.open_client();
  world.sequenced(client, 1, 1, SendDirect{"bob", "five"}, "p", World::login_of("carol"));
  world.sequenced(client, 1, 1, SendDirect{"bob", "five"}, "p", World::login_of("carol"));
  world.sequenced(client, 1, 1, SendDirect{"bob", "five"}, "q", World::login_of("carol"));
  world.sequenced(client, 3, 1, SendDirect{"bob", "five"}, "r", World::login_of("carol"));
  world.as("carol", ChangePassword{1, "$new"});
  world.as("alice", ResetPassword{"dave", "$new"});
  world.as("alice", SetBanned{"dave", true});
  world.as("bob", Logout{true});
  world.as("alice", LeaveRoom{"tea"});
  world.as("carol", DeleteAccount{2});
  world.apply_nothing();
  world.pass(36 * day_ms);
  world.apply_nothing();
}

TEST(Golden, TheChainOfAFixedScriptIsThatOfTheFirstRelease) {
  World world;
  say_everything(world);
  // When this fails, the meaning of a command has changed: that needs a feature_level, for nodes of both versions
  // apply the same log.
  EXPECT_EQ(world.chain().hex(), "0c5ccc190b394557d5e9356ba63d2a6ecbeea3e11bf5c2457a0f0bce17f48144");
  EXPECT_EQ(world.state().digest().hex(), "2a879ae8f364372a55b3b7dac46d1090ab3f7fc549405949769b1d9a422f223d");
}

}  // namespace
}  // namespace parley::chat
