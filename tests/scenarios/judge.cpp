#include "scenarios/judge.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace parley::scenario {
namespace {

using namespace std::chrono_literals;

using Room = std::vector<cli::Message>;

void expect_dense(const Room& room, const std::string& where) {
  for (std::size_t i = 0; i < room.size(); ++i) {
    EXPECT_EQ(room[i].number, i + 1) << "a gap or a double number at " << where;
    if (room[i].number != i + 1) return;
    EXPECT_TRUE(i == 0 || room[i].id > room[i - 1].id) << "ids must grow with numbers at " << where;
  }
}

void expect_equal(const Room& a, const Room& b, const std::string& where) {
  EXPECT_EQ(a.size(), b.size()) << where;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const bool equal = a[i].id == b[i].id && a[i].text == b[i].text && a[i].from == b[i].from;
    EXPECT_TRUE(equal) << where << " differs at number " << a[i].number << ": " << a[i].text << " / " << b[i].text;
    if (!equal) return;
  }
}

void expect_kept(const Room& room, const Person& writer) {
  std::map<std::string, std::size_t> times;
  for (const auto& message : room) ++times[message.text];
  std::size_t lost = 0, doubled = 0;
  for (const auto& ack : writer.acknowledged()) {
    const std::size_t found = times[ack.text];
    if (found == 0) ++lost;
    if (found > 1) ++doubled;
    const bool in_place = ack.number >= 1 && ack.number <= room.size() && room[ack.number - 1].text == ack.text &&
                          room[ack.number - 1].id == ack.id;
    EXPECT_TRUE(in_place) << ack.text << " was acknowledged as number " << ack.number << " and is not there";
    if (!in_place) break;
  }
  EXPECT_EQ(lost, 0U) << "acknowledged messages of " << writer.name() << " lost";
  EXPECT_EQ(doubled, 0U) << "acknowledged messages of " << writer.name() << " doubled";
  for (const auto& text : writer.refused()) EXPECT_EQ(times[text], 0U) << text << " was refused, yet is there";
  for (const auto& text : writer.unknown()) EXPECT_LE(times[text], 1U) << text;
}

void expect_in_order(const Room& room, const Person& writer) {
  std::uint64_t last = 0;
  for (const auto& message : room) {
    if (message.from != writer.name()) continue;
    const auto count = std::stoull(message.text.substr(message.text.find(' ') + 1));
    EXPECT_GT(count, last) << "messages of " << writer.name() << " out of order or doubled at " << message.number;
    if (count <= last) return;
    last = count;
  }
}

void expect_followed(const Room& room, const Person& reader) {
  std::uint64_t last = 0;
  for (const auto& message : reader.received()) {
    const bool follows = last == 0 || message.number == last + 1;
    EXPECT_TRUE(follows) << reader.name() << " saw " << message.number << " after " << last;
    if (!follows) return;
    last = message.number;
    const bool same = last <= room.size() && room[last - 1].text == message.text;
    EXPECT_TRUE(same) << reader.name() << " saw " << message.text << " at " << last;
    if (!same) return;
  }
  EXPECT_EQ(last, room.size()) << reader.name() << " did not see the end of the room";
}

}  // namespace

awaitable<void> expect_equal_digests(Scenario& scenario) {
  const TimePoint deadline = scenario.clock().now() + 20s;
  for (;;) {
    const auto views = co_await scenario.cluster().views(2s);
    std::map<std::uint64_t, std::set<std::string>> chains, digests;
    for (const auto& [node, view] : views) {
      chains[view.chain_index].insert(view.chain);
      digests[view.applied].insert(view.digest);
    }
    for (const auto& [index, values] : chains) EXPECT_EQ(values.size(), 1U) << "chains differ at " << index;
    for (const auto& [index, values] : digests) EXPECT_EQ(values.size(), 1U) << "states differ at " << index;
    std::size_t running = 0;
    for (const auto& node : scenario.cluster().layout().nodes) running += scenario.nodes().running(node.id) ? 1U : 0U;
    if (views.size() == running && digests.size() == 1) co_return;
    SCENARIO_REQUIRE(scenario.clock().now() < deadline, "the nodes did not come to rest at one index");
    co_await scenario.cluster().pause(50ms);
  }
}

awaitable<void> judge(Scenario& scenario, std::string room, std::vector<Person*> writers,
                      std::vector<Person*> readers) {
  const bool caught_up = co_await scenario.cluster().caught_up(30s);
  SCENARIO_REQUIRE(caught_up, "not every node caught up");
  Room first;
  for (const auto& node : scenario.cluster().layout().nodes) {
    if (!scenario.nodes().running(node.id)) continue;
    const std::string where = "node " + std::to_string(node.id.value);
    Person& visitor = scenario.person("visitor" + std::to_string(node.id.value), node.id);
    const bool arrived = co_await visitor.arrive(room);
    SCENARIO_REQUIRE(arrived, "nobody can visit " << where);
    const Room held = co_await whole_room(scenario, visitor, room);
    visitor.leave();
    expect_dense(held, where);
    if (first.empty()) first = held;
    expect_equal(first, held, where);
  }
  for (const Person* writer : writers) {
    expect_kept(first, *writer);
    expect_in_order(first, *writer);
  }
  for (Person* reader : readers) {
    const auto all_seen = [reader, &first] {
      return !reader->received().empty() && reader->received().back().number >= first.size();
    };
    std::function<bool()> condition = all_seen;
    co_await scenario.eventually(std::move(condition), 20s);
    expect_followed(first, *reader);
  }
  co_await expect_equal_digests(scenario);
}

}  // namespace parley::scenario
