// parley-mutants: one line a mutant, its columns separated by '|': name, rule, what it breaks, the test that must fail,
// seeds within which the simulator alone must fail (0: it needn't). --markdown: the table of docs/TESTING.md.
#include <iostream>

#include "mutants/markdown.hpp"
#include "mutants/table.hpp"

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--markdown") {
    std::cout << parley::mutants::markdown();
    return 0;
  }
  for (const auto& row : parley::mutants::table) {
    std::cout << row.name << '|' << row.rule << '|' << row.breaks << '|' << row.test << '|' << row.sim_seeds << '\n';
  }
}
