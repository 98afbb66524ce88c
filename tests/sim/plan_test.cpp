#include <gtest/gtest.h>

#include <chrono>

#include "sim/fault_plan.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

TEST(Faults, EachHasOneRowAndItsNameIsUnderstood) {
  std::set<std::string_view> names;
  std::set<Fault> faults;
  for (const FaultInfo& row : fault_table()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(faults.insert(row.fault).second) << row.name;
    EXPECT_EQ(*parse_faults(row.name), FaultSet{row.fault});
    EXPECT_FALSE(row.ids.empty() || row.text.empty()) << row.name;
  }
}

TEST(Faults, AllAreAllAndOneMayBeTakenAway) {
  const FaultSet all = *parse_faults("all");
  for (const FaultInfo& row : fault_table()) EXPECT_TRUE(all.contains(row.fault)) << row.name;
  EXPECT_TRUE(parse_faults("none")->empty());
  EXPECT_FALSE(parse_faults("all,-kill")->contains(Fault::kill));
  EXPECT_FALSE(parse_faults("kill,typo").ok());
}

TEST(FaultPlan, IsDrawnFromTheSeedAlone) {
  const FaultSet all = *parse_faults("all");
  const auto text = [&all](std::uint64_t seed) {
    std::string lines;
    for (const FaultEvent& event : make_plan(seed, 3, all, 2min).events) lines += describe(event) + "\n";
    return lines;
  };
  EXPECT_EQ(text(5), text(5));
  EXPECT_NE(text(5), text(6));
}

TEST(FaultPlan, OverManySeedsEveryFaultComesAndNoneAlways) {
  const FaultSet all = *parse_faults("all");
  std::map<Fault, int> runs;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    for (const Fault fault : make_plan(seed, 3, all, 2min).chosen) ++runs[fault];
  }
  for (const Fault fault : all) {
    EXPECT_GT(runs[fault], 100) << info(fault).name;
    EXPECT_LT(runs[fault], 300) << info(fault).name;
  }
}

}  // namespace
}  // namespace parley::sim
