#include "scenarios/people.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value_to.hpp>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/ask.hpp"
#include "net/spawn.hpp"

namespace parley::scenario {
namespace {

using namespace std::chrono_literals;
namespace json = cli::json;

constexpr Duration patience = 30s;
const char* const password = "correct horse battery";

std::uint64_t number(const json::value& value, std::string_view key) {
  const auto* found = value.is_object() ? value.as_object().if_contains(key) : nullptr;
  const auto converted = found != nullptr ? json::try_value_to<std::uint64_t>(*found) : json::result<std::uint64_t>(0);
  return converted.has_value() ? *converted : 0;
}

}  // namespace

Person::Person(Scenario& scenario, std::string name, NodeId home) : scenario_(scenario), name_(std::move(name)) {
  cli::ClientOptions options;
  options.client_name = "scenario " + name_;
  options.follow_leader = home.value == 0;
  std::vector<std::string> servers = scenario.cluster().servers();
  if (home.value != 0) {
    servers = {scenario.cluster().server(home)};
    options.servers_max = 1;   // learns of no other: stays at home
  }
  client_ = std::make_unique<cli::Client>(scenario.seams(), std::move(servers), options, *this);
  living_ = true;
  net::spawn(scenario.seams().executor, live());
}

Person::~Person() = default;

awaitable<void> Person::live() {
  co_await client_->run();
  living_ = false;
}

awaitable<bool> Person::arrive(std::string room) {
  json::object account;
  account["name"] = name_;
  account["password"] = password;
  auto outcome = co_await client_->submit("account.register", std::move(account), scenario_.clock().now() + patience);
  const bool known = outcome.done() || outcome.reason == "name_taken";
  EXPECT_TRUE(known) << name_ << " could not register: " << outcome.reason << " " << outcome.message;
  outcome = co_await client_->login(name_, password, scenario_.clock().now() + patience);
  EXPECT_TRUE(outcome.done()) << name_ << " could not log in: " << outcome.reason << " " << outcome.message;
  if (!outcome.done()) co_return false;
  json::object create;
  create["room"] = room;
  outcome = co_await client_->submit("room.create", std::move(create), scenario_.clock().now() + patience);
  if (outcome.done()) co_return true;   // who creates it is in it
  json::object join;
  join["room"] = room;
  outcome = co_await client_->submit("room.join", std::move(join), scenario_.clock().now() + patience);
  const bool in = outcome.done() || outcome.reason == "already_a_member";
  EXPECT_TRUE(in) << name_ << " could not join " << room << ": " << outcome.reason << " " << outcome.message;
  co_return in;
}

void Person::begin_writing(std::string room, std::size_t count, std::size_t window) {
  room_ = std::move(room);
  wanted_ = written_ + count;
  window_ = window;
  while (written_ < wanted_ && under_way_ < window_) write_next();
}

void Person::write_next() {
  const std::string text = name_ + " " + std::to_string(++written_);
  ++under_way_;
  json::object send;
  send["to"] = room_;
  send["text"] = text;
  client_->submit_then("send", std::move(send), [this, text](const cli::Outcome& outcome) { settled(text, outcome); });
}

void Person::settled(const std::string& text, const cli::Outcome& outcome) {
  --under_way_;
  switch (outcome.kind) {
    case cli::Outcome::Kind::done:
      last_acknowledged_ = scenario_.clock().now();
      acknowledged_.push_back(
          {text, number(outcome.result, "id"), number(outcome.result, "number"), last_acknowledged_});
      break;
    case cli::Outcome::Kind::refused: refused_.push_back(text); break;
    default: unknown_.push_back(text); break;
  }
  while (written_ < wanted_ && under_way_ < window_) write_next();
}

awaitable<std::vector<Person*>> gather(Scenario& scenario, std::string prefix, std::size_t count, std::string room,
                                       std::vector<NodeId> homes) {
  std::vector<Person*> people;
  for (std::size_t i = 0; i < count; ++i) {
    const NodeId home = homes.empty() ? NodeId(0) : homes[i % homes.size()];
    people.push_back(&scenario.person(prefix + std::to_string(i + 1), home));
    const bool arrived = co_await people.back()->arrive(room);
    if (!arrived) co_return std::vector<Person*>();
  }
  co_return people;
}

awaitable<Crowd> crowd(Scenario& scenario, std::size_t writers, std::size_t window, std::size_t acknowledged) {
  Crowd all;
  all.writers = co_await gather(scenario, "writer", writers, "#ops");
  all.reader = &scenario.person("reader");
  const bool arrived = co_await all.reader->arrive("#ops");
  EXPECT_TRUE(arrived) << "the reader could not arrive";
  if (!arrived) all.writers.clear();
  for (Person* writer : all.writers) writer->begin_writing("#ops", 1'000'000, window);
  co_await until_acknowledged(scenario, all.writers, acknowledged, 30s);
  co_return all;
}

awaitable<cli::json::object> status_of(Scenario& scenario, NodeId node) {
  cli::json::object nothing;
  const TimePoint deadline = scenario.clock().now() + 2s;
  const auto server = scenario.cluster().server(node);
  auto answer = co_await cli::ask(scenario.seams(), server, "status", std::move(nothing), deadline);
  if (!answer.ok()) co_return cli::json::object();
  co_return std::move(*answer);
}

std::size_t acknowledged(const std::vector<Person*>& writers) {
  std::size_t count = 0;
  for (const Person* writer : writers) count += writer->acknowledged().size();
  return count;
}

Duration longest_gap(Scenario& scenario, const std::vector<Person*>& writers, TimePoint from) {
  std::vector<TimePoint> times{from, scenario.clock().now()};
  for (const Person* writer : writers) {
    for (const auto& message : writer->acknowledged()) {
      if (message.at > from) times.push_back(message.at);
    }
  }
  std::sort(times.begin(), times.end());
  Duration longest{0};
  for (std::size_t i = 1; i < times.size(); ++i) longest = std::max(longest, times[i] - times[i - 1]);
  return longest;
}

bool all_done(const std::vector<Person*>& writers) {
  return std::none_of(writers.begin(), writers.end(), [](const Person* writer) { return writer->writing(); });
}

awaitable<bool> until_acknowledged(Scenario& scenario, std::vector<Person*> writers, std::size_t count,
                                   Duration at_most) {
  std::function<bool()> enough = [&writers, count] { return acknowledged(writers) >= count; };
  const bool reached = co_await scenario.eventually(std::move(enough), at_most);
  EXPECT_TRUE(reached) << "only " << acknowledged(writers) << " of " << count << " messages were acknowledged in time";
  co_return reached;
}

awaitable<bool> until_done(Scenario& scenario, std::vector<Person*> writers, Duration at_most) {
  std::function<bool()> done = [&writers] { return all_done(writers); };
  const bool reached = co_await scenario.eventually(std::move(done), at_most);
  EXPECT_TRUE(reached) << "the writers did not get to their end; acknowledged: " << acknowledged(writers);
  co_return reached;
}

awaitable<std::vector<cli::Message>> whole_room(Scenario& scenario, Person& reader, std::string room) {
  std::vector<cli::Message> messages;
  std::uint64_t after = 0;
  for (;;) {
    json::object page;
    page["in"] = room;
    page["after"] = after;
    page["limit"] = 1000;
    const auto outcome = co_await reader.client().call("history", std::move(page), scenario.clock().now() + patience);
    EXPECT_TRUE(outcome.done()) << "no history from " << reader.name() << "'s node: " << outcome.message;
    if (!outcome.done()) co_return messages;
    const auto& rows = outcome.result.at("messages").as_array();
    if (rows.empty()) co_return messages;
    for (const auto& row : rows) {
      auto message = cli::parse_message(row);
      EXPECT_TRUE(message.has_value());
      if (message) messages.push_back(std::move(*message));
    }
    after = messages.back().number;
  }
}

}  // namespace parley::scenario
