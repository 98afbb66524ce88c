// The leader's disk fills up, fails or hangs, people writing all the while (RELIABILITY.md D8, D9, D10, D12, I17): the
// others go on, nothing that was acknowledged is lost or doubled, and the node is a voter again: by itself where space
// was all that was missing, after a start where the disk failed. Failing and slow calls only on builds without
// sanitizers: a preloaded library would come before theirs.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "program/program.hpp"
#include "scenarios/disk_faults.hpp"
#include "scenarios/judge.hpp"
#include "scenarios/people.hpp"

namespace parley::scenario {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr Duration gap_most = 10s;             // a generous bound: the figures are what matters
constexpr std::uint64_t disk_mebibytes = 128;   // a node's: the log begins with 16, and 32 are wanted for a start
constexpr std::uint64_t mebibyte = 1024 * 1024;

// Of the story that is played: a story takes nothing but its scenario.
SmallDisks* disks = nullptr;
const FailingCalls* calls = nullptr;
const char* call = nullptr;
std::filesystem::path slow_prefix;

std::string log_of(Scenario& s, NodeId node) {
  std::ifstream in(s.nodes().log_file(node));
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

awaitable<bool> until_said(Scenario& s, NodeId node, std::string words) {
  std::function<bool()> said = [&s, node, &words] { return log_of(s, node).find(words) != std::string::npos; };
  co_return co_await s.eventually(std::move(said), 20s);
}

awaitable<bool> goes_on(Scenario& s, std::vector<Person*> writers) {
  const std::size_t wanted = acknowledged(writers) + 200;
  co_return co_await until_acknowledged(s, std::move(writers), wanted, 30s);
}

void report_gap(Scenario& s, const std::vector<Person*>& writers, TimePoint from) {
  const Duration gap = longest_gap(s, writers, from);
  const auto ms = std::chrono::duration_cast<milliseconds>(gap).count();
  ::testing::Test::RecordProperty("longest_gap_ms", std::to_string(ms));
  std::printf("longest time without an acknowledged write: %lld ms\n", static_cast<long long>(ms));
  EXPECT_LT(gap, gap_most);
}

awaitable<void> to_the_end(Scenario& s, Crowd all) {
  const bool whole = co_await s.cluster().caught_up(90s);
  EXPECT_TRUE(whole) << "not all are voters again";
  const bool on = co_await goes_on(s, all.writers);
  EXPECT_TRUE(on);
  for (Person* writer : all.writers) writer->stop_writing();
  co_await until_done(s, all.writers, 30s);
  co_await judge(s, "#ops", all.writers, std::vector<Person*>(1, all.reader));
}

// -- space --------------------------------------------------------------------------------------------------------

awaitable<void> fill(Scenario& s, NodeId node, std::uint64_t leaving_bytes) {
  const pid_t filling = disks->fill(node, leaving_bytes);
  std::function<bool()> done = [filling] { return ::waitpid(filling, nullptr, WNOHANG) == filling; };
  const bool filled = co_await s.eventually(std::move(done), 20s);
  EXPECT_TRUE(filled);
}

// People write, and the leader's disk is filled up meanwhile. No writers: a failure, as of crowd().
struct Filled {
  Crowd all;
  NodeId leader;
  std::optional<pid_t> process;   // the leader's
  TimePoint begin{};
};
awaitable<Filled> fill_the_leaders(Scenario& s, std::uint64_t leaving_bytes) {
  Filled filled;
  filled.all = co_await crowd(s, 3, 2, 200);
  if (!filled.all.writers.empty()) {
    filled.leader = co_await s.leader();
    filled.process = s.nodes().pid(filled.leader);
    filled.begin = s.clock().now();
    co_await fill(s, filled.leader, leaving_bytes);
  }
  co_return std::move(filled);
}

awaitable<void> full(Scenario& s) {
  const Filled filled = co_await fill_the_leaders(s, 0);
  SCENARIO_REQUIRE(!filled.all.writers.empty(), "they could not arrive");
  const NodeId node = filled.leader;
  const bool met = co_await until_said(s, node, "disk_full");
  EXPECT_TRUE(met) << "the leader did not notice that its disk is full";
  const bool on = co_await goes_on(s, filled.all.writers);
  EXPECT_TRUE(on) << "the others do not go on";
  report_gap(s, filled.all.writers, filled.begin);

  disks->clear(node);
  const bool again = co_await until_said(s, node, "starts_again");
  EXPECT_TRUE(again) << "there is space, and it does not start again";
  co_await to_the_end(s, filled.all);
  EXPECT_EQ(s.nodes().pid(node), filled.process) << "it needed a hand";
}

awaitable<void> runs_low(Scenario& s) {
  const Filled filled = co_await fill_the_leaders(s, 24 * mebibyte);
  SCENARIO_REQUIRE(!filled.all.writers.empty(), "they could not arrive");
  const NodeId node = filled.leader;
  const bool noticed = co_await until_said(s, node, "disk_short");
  EXPECT_TRUE(noticed) << "less than disk_free_min_mb is free";
  const bool handed_over = co_await until_said(s, node, "hand_over");
  EXPECT_TRUE(handed_over);
  const bool on = co_await goes_on(s, filled.all.writers);
  EXPECT_TRUE(on) << "the others do not go on";
  const NodeId next = co_await s.leader();
  EXPECT_NE(next, node) << "it leads still";
  report_gap(s, filled.all.writers, filled.begin);

  disks->clear(node);
  const bool well = co_await until_said(s, node, "disk_well");
  EXPECT_TRUE(well);
  co_await to_the_end(s, filled.all);
  EXPECT_EQ(s.nodes().pid(node), filled.process);
  EXPECT_EQ(log_of(s, node).find("disk_full"), std::string::npos) << "a write failed although there was time";
}

void play_on_small_disks(Scenario::Story story, const std::string& settings) {
  ScenarioOptions options;
  options.settings = settings;
  Scenario scenario(options);
  SmallDisks small(scenario.cluster().layout(), disk_mebibytes);
  disks = &small;
  scenario.play(story);
  disks = nullptr;
}

TEST(DiskOfTheLeader, IsFullAndTheOthersGoOnAndItReturnsByItselfWithSpace) {
  if (const auto missing = SmallDisks::missing()) GTEST_SKIP() << *missing;
  play_on_small_disks(full, R"("disk_free_min_mb": 0)");   // so that a write meets it
}

TEST(DiskOfTheLeader, RunsLowAndItHandsOverBeforeAWriteFails) {
  if (const auto missing = SmallDisks::missing()) GTEST_SKIP() << *missing;
  play_on_small_disks(runs_low, R"("disk_free_min_mb": 32)");
}

// A cluster of one, on a disk that its first segment of the log does not fit on.
TEST(DiskOfANode, IsFullAtTheStartAndItStartsOnceItIsLarger) {
  if (const auto missing = SmallDisks::missing()) GTEST_SKIP() << *missing;
  const program::TemporaryFolder folder;
  cli::LayoutOptions wanted;
  wanted.nodes = 1;
  wanted.prefer_default_ports = false;
  wanted.extra_json = R"("disk_free_min_mb": 32)";
  const auto layout = cli::prepare_layout(folder.path(), wanted);
  ASSERT_TRUE(layout.ok());
  SmallDisks small(*layout, 8);
  {
    const program::RunningNode node(layout->config_file, 1, folder.path() / "first.log");
    ASSERT_TRUE(node.wait_for_log("No space left on device", 20s)) << node.log();
    node.signal(SIGTERM);
    EXPECT_TRUE(node.wait_for_log("stopped while it waited for space", 5s)) << node.log();
  }
  const program::RunningNode node(layout->config_file, 1, folder.path() / "second.log");
  ASSERT_TRUE(node.wait_for_log("takes no part until there is space", 20s)) << node.log();
  small.resize(disk_mebibytes);
  ASSERT_TRUE(node.wait_for_log("starts_again", 20s)) << node.log();
  EXPECT_TRUE(node.wait_for_log("now leader", 20s)) << node.log();
}

// -- failure ------------------------------------------------------------------------------------------------------

awaitable<void> fails(Scenario& s) {
  auto all = co_await crowd(s, 3, 2, 200);
  SCENARIO_REQUIRE(!all.writers.empty(), "they could not arrive");
  const NodeId node = co_await s.leader();
  s.may_end(node);
  const TimePoint begin = s.clock().now();
  calls->fail(s.nodes().pid(node).value_or(0), call);
  std::function<bool()> gone = [&s, node] { return !s.nodes().running(node); };
  const bool ended = co_await s.eventually(std::move(gone), 20s);
  SCENARIO_REQUIRE(ended, "a node whose disk fails goes on");
  EXPECT_EQ(s.exit_code(node).value_or(-1), 1);
  EXPECT_THAT(log_of(s, node),
              HasSubstr("failed: Input/output error (errno 5). The disk fails: look into the kernel's log"));
  const bool on = co_await goes_on(s, all.writers);
  EXPECT_TRUE(on) << "the others do not go on";
  report_gap(s, all.writers, begin);
  s.start(node);
  co_await to_the_end(s, all);
}

void play_with_failing(const char* failing) {
  Scenario scenario;
  const FailingCalls fiu(scenario.cluster().layout().directory / "fiu");
  calls = &fiu;
  call = failing;
  scenario.play(fails);
  calls = nullptr;
}

TEST(DiskOfTheLeader, FailsASyncAndTheNodeEndsWithAClearTextAndTheOthersGoOn) {
  if (const auto missing = FailingCalls::missing()) GTEST_SKIP() << *missing;
  play_with_failing("sync/fdatasync");
}

TEST(DiskOfTheLeader, FailsAWriteAndTheNodeEndsWithAClearTextAndTheOthersGoOn) {
  if (const auto missing = FailingCalls::missing()) GTEST_SKIP() << *missing;
  play_with_failing("rw/pwrite");
}

// -- slowness -----------------------------------------------------------------------------------------------------

awaitable<bool> until_another_leads(Scenario& s, NodeId former) {
  const TimePoint deadline = s.clock().now() + 20s;
  while (s.clock().now() < deadline) {
    const NodeId leader = co_await s.leader();
    if (leader != former && leader.value != 0) co_return true;
    co_await s.cluster().pause(10ms);
  }
  co_return false;
}

awaitable<void> hangs(Scenario& s) {
  auto all = co_await crowd(s, 3, 2, 200);
  SCENARIO_REQUIRE(!all.writers.empty(), "they could not arrive");
  const NodeId node = co_await s.leader();
  const std::string flag = slow_prefix.string() + "." + std::to_string(s.nodes().pid(node).value_or(0));
  const TimePoint begin = s.clock().now();
  std::ofstream(flag) << "5 s\n";
  const bool left = co_await until_another_leads(s, node);   // till then the followers' disks are a majority
  EXPECT_TRUE(left) << "who can't write leads still";
  const bool on = co_await goes_on(s, all.writers);
  EXPECT_TRUE(on) << "the others do not go on";
  report_gap(s, all.writers, begin);
  std::filesystem::remove(flag);
  co_await to_the_end(s, all);
}

TEST(DiskOfTheLeader, HangsForSecondsAtEachSyncAndAnotherOneLeads) {
  if (const auto missing = NodeEnvironment::cannot_preload()) GTEST_SKIP() << *missing;
  Scenario scenario;
  slow_prefix = scenario.cluster().layout().directory / "slow";
  const NodeEnvironment slow({{"LD_PRELOAD", PARLEY_SLOW_DISK}, {"PARLEY_SLOW_DISK", slow_prefix.string()}});
  scenario.play(hangs);
}

}  // namespace
}  // namespace parley::scenario
