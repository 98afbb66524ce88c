// A backup while people write, the loss of every disk, and a new cluster from the file; the loss of a majority (R19).
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <map>

#include "cli/recover_command.hpp"
#include "program/program.hpp"
#include "scenarios/judge.hpp"

namespace parley::scenario {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using program::Ended;

// Beside the story: the links between the nodes go through this thread.
awaitable<Ended> parley(Scenario& s, std::vector<std::string> arguments) {
  program::Call call;
  call.arguments = std::move(arguments);
  call.at_most = 60s;
  auto running = std::async(std::launch::async, [call] { return program::run(call); });
  std::function<bool()> ended = [&running] { return running.wait_for(0s) == std::future_status::ready; };
  co_await s.eventually(std::move(ended), 70s);
  co_return running.get();
}

boost::json::object parsed(const Ended& ended) {
  boost::system::error_code wrong;
  auto value = boost::json::parse(ended.out, wrong);
  EXPECT_FALSE(wrong) << ended.out << ended.err;
  return value.is_object() ? value.as_object() : boost::json::object();
}

std::vector<Acknowledged> all_acknowledged(const std::vector<Person*>& writers) {
  std::vector<Acknowledged> all;
  for (const Person* writer : writers) {
    all.insert(all.end(), writer->acknowledged().begin(), writer->acknowledged().end());
  }
  return all;
}

void expect_once(const std::vector<cli::Message>& room, const std::vector<Acknowledged>& kept) {
  std::map<std::string, std::size_t> times;
  for (const auto& message : room) ++times[message.text];
  for (const auto& ack : kept) {
    EXPECT_EQ(times[ack.text], 1U) << ack.text;
    const bool in_place = ack.number >= 1 && ack.number <= room.size() && room[ack.number - 1].id == ack.id;
    EXPECT_TRUE(in_place) << ack.text << " was number " << ack.number;
    if (!in_place) return;
  }
}

// What the reader was sent since it was told is the new room from its beginning, without gap or double.
void expect_rewound(const Person& reader) {
  SCOPED_TRACE(reader.name());
  ASSERT_TRUE(reader.rewound_at().has_value()) << "it was never told of the new generation";
  const auto& received = reader.received();
  for (std::size_t at = *reader.rewound_at(); at < received.size(); ++at) {
    ASSERT_EQ(received[at].number, at - *reader.rewound_at() + 1);
  }
}

void lose_every_disk(Scenario& s) {
  for (const auto& node : s.cluster().layout().nodes) fs::rename(node.data, node.data.string() + ".lost");
}

void flip_a_bit(const fs::path& from, const fs::path& to) {
  std::string bytes = program::read_file(from);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
  std::ofstream(to, std::ios::binary) << bytes;
}

awaitable<void> goes_on_in_a_new_cluster(Scenario& s, std::string file, std::vector<Acknowledged> kept,
                                         Person& reader) {
  for (const auto& node : s.cluster().layout().nodes) s.start(node.id);
  const bool well = co_await s.cluster().caught_up(60s);
  SCENARIO_REQUIRE(well, "the restored cluster did not get three voters");
  Person& newcomer = s.person("newcomer");
  const bool arrived = co_await newcomer.arrive("#ops");
  const bool back = co_await reader.arrive("#ops");
  SCENARIO_REQUIRE(arrived && back, "nobody can log in after the restore of " << file);
  const auto before = co_await whole_room(s, newcomer, "#ops");
  expect_once(before, kept);
  newcomer.begin_writing("#ops", 20);
  const std::vector<Person*> writers(1, &newcomer);
  co_await until_done(s, writers, 30s);
  SCENARIO_REQUIRE(!newcomer.acknowledged().empty(), "nothing was acknowledged after the restore");
  EXPECT_EQ(newcomer.acknowledged().front().number, before.size() + 1) << "dense numbers go on";
  std::function<bool()> all_seen = [&reader, &newcomer] {
    return !reader.received().empty() && reader.received().back().number == newcomer.acknowledged().back().number;
  };
  const bool seen = co_await s.eventually(std::move(all_seen), 20s);
  EXPECT_TRUE(seen) << "the reader of the old generation does not see the end of the room";
  expect_rewound(reader);
  const std::vector<Person*> nobody;
  co_await judge(s, "#ops", writers, nobody);
}

awaitable<void> backup_and_restore(Scenario& s) {
  auto all = co_await crowd(s, 3, 4, 400);
  auto& writers = all.writers;
  SCENARIO_REQUIRE(!writers.empty(), "they could not arrive");

  const auto leader = co_await s.leader();
  const auto& layout = s.cluster().layout();
  const NodeId follower = s.follower(leader);
  const std::string file = (layout.directory / "chat.backup").string();
  const std::string token = (layout.nodes[follower.value - 1].data / "operator.token").string();
  const auto kept = all_acknowledged(writers);
  std::vector<std::string> words{"backup", file, "--json", "--server", s.cluster().server(follower)};
  const auto without_token = co_await parley(s, words);
  EXPECT_EQ(without_token.exit_code, 2) << "no configuration file, no token";
  words.insert(words.end(), {"--token-file", token});
  const auto taken = co_await parley(s, words);
  SCENARIO_REQUIRE(taken.exit_code == 0, taken.err);
  EXPECT_EQ(parsed(taken).at("node").to_number<std::uint32_t>(), follower.value);
  EXPECT_EQ(parsed(taken).at("bytes").to_number<std::uint64_t>(), fs::file_size(file));
  EXPECT_FALSE(fs::exists(file + ".part"));
  const auto again = co_await parley(s, words);
  EXPECT_EQ(again.exit_code, 2) << "it would overwrite " << file;

  co_await until_acknowledged(s, writers, acknowledged(writers) + 100, 30s);   // these are lost
  for (Person* writer : writers) writer->stop_writing();
  for (const auto& node : layout.nodes) co_await s.kill(node.id);
  lose_every_disk(s);

  const std::string damaged = file + ".damaged";
  flip_a_bit(file, damaged);
  const std::vector<std::string> where{"--config", layout.config_file.string(), "--id", "1", "--json"};
  std::vector<std::string> restore{"restore", damaged};
  restore.insert(restore.end(), where.begin(), where.end());
  auto restored = co_await parley(s, restore);
  EXPECT_EQ(restored.exit_code, 1);
  EXPECT_NE(restored.err.find("is damaged at byte"), std::string::npos) << restored.err;
  EXPECT_FALSE(fs::exists(layout.nodes[0].data)) << "nothing is made from a damaged backup";
  restore[1] = file;
  restored = co_await parley(s, restore);
  SCENARIO_REQUIRE(restored.exit_code == 0, restored.err);
  EXPECT_NE(parsed(restored).at("cluster"), parsed(taken).at("cluster"));
  co_await goes_on_in_a_new_cluster(s, file, kept, *all.reader);
}

TEST(Backup, FromAFollowerAmidWritesRestoresIntoANewClusterAfterEveryDiskIsLost) {
  ScenarioOptions options;
  options.at_most = 170s;
  Scenario scenario(options);
  scenario.play(backup_and_restore);
}

// Two of three nodes lose their disks for good; what the third has goes on.
awaitable<void> recovered_from_one_disk(Scenario& s) {
  auto writers = co_await gather(s, "writer", 2, "#ops");
  SCENARIO_REQUIRE(!writers.empty(), "the writers could not arrive");
  for (Person* writer : writers) writer->begin_writing("#ops", 100);
  co_await until_done(s, writers, 30s);
  const bool equal = co_await s.cluster().caught_up(30s);
  SCENARIO_REQUIRE(equal, "the nodes did not catch up");
  const auto kept = all_acknowledged(writers);

  const auto leader = co_await s.leader();
  const NodeId survivor = s.follower(leader);
  const auto& layout = s.cluster().layout();
  const auto& data = layout.nodes[survivor.value - 1].data;
  const std::vector<std::string> dump{"log", "dump", "--data", data.string()};
  auto ended = co_await parley(s, dump);
  EXPECT_EQ(ended.exit_code, 1) << "the node runs";
  EXPECT_NE(ended.err.find("is used by a running node"), std::string::npos) << ended.err;
  std::vector<std::string> recover{"recover", "--config", layout.config_file.string(), "--id",
                                   std::to_string(survivor.value), "--json", "--words", cli::recover_words};
  co_await s.kill(survivor);
  ended = co_await parley(s, recover);
  EXPECT_EQ(ended.exit_code, 1) << "a leader can be reached";
  EXPECT_NE(ended.err.find("is led by node"), std::string::npos) << ended.err;

  for (const auto& node : layout.nodes) {
    if (node.id == survivor) continue;
    co_await s.kill(node.id);
    fs::rename(node.data, node.data.string() + ".lost");
  }
  ended = co_await parley(s, dump);
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("send #ops"), std::string::npos) << ended.out;
  auto other_words = recover;
  other_words.back() = "yes";
  ended = co_await parley(s, other_words);
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_FALSE(fs::exists(data / "recovered-from-1.txt"));
  ended = co_await parley(s, recover);
  SCENARIO_REQUIRE(ended.exit_code == 0, ended.err);
  EXPECT_TRUE(fs::exists(data / "recovered-from-1.txt"));

  for (const auto& node : layout.nodes) s.start(node.id);
  const bool well = co_await s.cluster().caught_up(60s);
  SCENARIO_REQUIRE(well, "the recovered cluster did not get three voters");
  Person& newcomer = s.person("newcomer");
  const bool arrived = co_await newcomer.arrive("#ops");
  SCENARIO_REQUIRE(arrived, "nobody can log in after the recover");
  const auto room = co_await whole_room(s, newcomer, "#ops");
  expect_once(room, kept);
  newcomer.begin_writing("#ops", 10);
  const std::vector<Person*> after(1, &newcomer);
  const std::vector<Person*> nobody;
  co_await until_done(s, after, 30s);
  co_await judge(s, "#ops", after, nobody);
}

TEST(Recover, OneSurvivorGoesOnAloneAndTheOthersJoinItOverEmptyDisks) {
  Scenario scenario;
  scenario.play(recovered_from_one_disk);
}

}  // namespace
}  // namespace parley::scenario
