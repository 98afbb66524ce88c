// The list of planted bugs, the product's source and the documentation say the same. That each is found, only
// tests/mutants/run can say.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "mutants/markdown.hpp"
#include "tidy/source_tree.hpp"

namespace parley::tidy {
namespace {

const std::filesystem::path root = PARLEY_SOURCE_DIR;

TEST(TidyMutants, TheTestingPageHasTheTableAsItIsPrinted) {
  std::ifstream file(root / "docs/TESTING.md");
  const std::string page(std::istreambuf_iterator<char>(file), {});
  const std::string heading = "| mutant | rule |";
  const auto begin = page.find(heading);
  ASSERT_NE(begin, std::string::npos);
  const auto end = page.find("\n\n", begin);
  ASSERT_NE(end, std::string::npos);
  std::istringstream written(page.substr(begin, end + 1 - begin));
  std::istringstream printed(mutants::markdown());
  std::string is;
  std::string should;
  while (std::getline(printed, should)) {
    ASSERT_TRUE(std::getline(written, is)) << "the table lacks, from here on: " << should;
    ASSERT_EQ(is, should) << "docs/TESTING.md: put in what parley-mutants --markdown prints";
  }
  EXPECT_FALSE(std::getline(written, is)) << "the table has more: " << is;
}

TEST(TidyMutants, EachHasItsPlaceAndEachPlaceIsListed) {
  static const std::regex site(R"(PARLEY_MUTANT\((\w+)\))");
  std::set<std::string> planted;
  for (const auto& file : read_sources(root, {"src"})) {
    if (!file.path.ends_with(".cpp")) continue;
    for (const auto& line : file.code) {
      for (std::sregex_iterator found(line.begin(), line.end(), site), none; found != none; ++found) {
        planted.insert((*found)[1]);
      }
    }
  }
  std::set<std::string> listed;
  for (const auto& row : mutants::table) listed.emplace(row.name);
  EXPECT_EQ(planted, listed);
}

}  // namespace
}  // namespace parley::tidy
