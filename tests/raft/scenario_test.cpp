#include "raft/scenario.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace parley::raft::test {
namespace {

std::vector<std::string> scenario_files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(PARLEY_RAFT_SCENARIOS)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, goes_as_it_is_told) { EXPECT_EQ(run_scenario(GetParam()), ""); }

INSTANTIATE_TEST_SUITE_P(Raft, Scenario, testing::ValuesIn(scenario_files()), [](const auto& file) {
  return std::filesystem::path(file.param).stem().string();
});

}  // namespace
}  // namespace parley::raft::test
