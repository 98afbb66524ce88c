// Whole runs of the simulator: a few seeds with all faults, and every seed that ever failed.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "sim/options.hpp"
#include "sim/pool.hpp"
#include "sim/shrink.hpp"

namespace parley::sim {
namespace {

RunOptions with_all_faults(std::uint64_t seed, double minutes, std::size_t nodes) {
  RunOptions options;
  options.seed = seed;
  options.minutes = minutes;
  options.nodes = nodes;
  options.faults = *parse_faults("all");
  return options;
}

void expect_clean(const RunOptions& options) {
  const RunResult result = run_in_process(options);
  if (result.violation) {
    ADD_FAILURE() << result.violation->judge << ": " << result.violation->text << "\nreplay: "
                  << replay_command(options, "all");
  }
}

TEST(Seeds, ThreeNodesBearAllFaults) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) expect_clean(with_all_faults(seed, 1, 3));
}

TEST(Seeds, FiveNodesBearAllFaults) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) expect_clean(with_all_faults(seed, 1, 5));
}

// A quiet operator would be noticed.
TEST(Seeds, MembersComeAndGoUnderKillsAndAllVoteInTheEnd) {
  std::uint64_t changes = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    RunOptions options = with_all_faults(seed, 2, 3);
    options.faults = *parse_faults("membership,kill,leader-kill");
    const RunResult result = run_in_process(options);
    EXPECT_FALSE(result.violation) << replay_command(options, "membership,kill,leader-kill");
    EXPECT_GE(result.counters.configurations, result.counters.member_changes);
    changes += result.counters.member_changes;
  }
  EXPECT_GE(changes, 8U);
}

// A simulator that forgets no vote, or a product that notices none, would be seen.
TEST(Seeds, WhoForgotAVoteMostlyBeginsAnew) {
  std::uint64_t forgotten = 0;
  std::uint64_t begun_anew = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    RunOptions options = with_all_faults(seed, 2, 3);
    options.faults = *parse_faults("vote-lost");
    const RunResult result = run_in_process(options);
    EXPECT_FALSE(result.violation) << replay_command(options, "vote-lost");
    const auto done = result.faults.find(Fault::vote_lost);
    if (done != result.faults.end()) forgotten += done->second;
    begun_anew += result.counters.snapshots;   // counted alike; only who begins anew needs any here
  }
  EXPECT_GE(forgotten, 6U);
  EXPECT_GE(begun_anew, 3U);
}

// regression_seeds.txt: "commit  options of parley-sim  # what was wrong", a line each.
TEST(Seeds, EverySeedThatEverFailedIsCleanNow) {
  std::ifstream file(PARLEY_REGRESSION_SEEDS);
  ASSERT_TRUE(file) << PARLEY_REGRESSION_SEEDS;
  for (std::string line; std::getline(file, line);) {
    const std::string what = line.substr(0, line.find('#'));
    std::istringstream in(what);
    std::string commit;
    std::vector<std::string> words{"parley-sim"};
    in >> commit;
    for (std::string word; in >> word;) words.push_back(word);
    if (words.size() == 1) continue;
    std::vector<const char*> arguments;
    for (const auto& word : words) arguments.push_back(word.c_str());
    auto parsed = parse_options(static_cast<int>(arguments.size()), arguments.data());
    auto* options = std::get_if<SimOptions>(&parsed);
    ASSERT_NE(options, nullptr) << line;
    expect_clean(options->run);
  }
}

TEST(Shrink, FindsTheTwoFaultsThatMatter) {
  RunResult failed;
  failed.planned = 40;
  failed.violation = Violation{"raft", "both"};
  const auto attempt = [&failed](const RunOptions& options) {
    RunResult result;
    if (options.only->contains(7) && options.only->contains(31)) result.violation = failed.violation;
    return result;
  };
  const Shrunk shrunk = shrink(RunOptions(), failed, attempt);
  EXPECT_EQ(shrunk.events, (std::set<std::size_t>{7, 31}));
  EXPECT_LT(shrunk.attempts, 60U);
}

}  // namespace
}  // namespace parley::sim
