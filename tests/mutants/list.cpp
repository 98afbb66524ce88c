// parley-mutants: one line a mutant, its columns separated by '|': name, rule, what it breaks, the test that must fail,
// seeds within which the simulator alone must fail (0: it needn't). --markdown: the table of docs/TESTING.md.
#include <iostream>
#include <string>

#include "mutants/table.hpp"

namespace {

std::string code(std::string_view text) { return text.empty() ? "" : "`" + std::string(text) + "`"; }

void print_markdown() {
  std::cout << "| mutant | rule | what it breaks | test that fails | simulator, seeds |\n|---|---|---|---|---|\n";
  for (const auto& row : parley::mutants::table) {
    const std::string seeds = row.sim_seeds == 0 ? "" : std::to_string(row.sim_seeds);
    std::cout << "| " << code(row.name) << " | " << row.rule << " | " << row.breaks << " | " << code(row.test) << " | "
              << seeds << " |\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--markdown") {
    print_markdown();
    return 0;
  }
  for (const auto& row : parley::mutants::table) {
    std::cout << row.name << '|' << row.rule << '|' << row.breaks << '|' << row.test << '|' << row.sim_seeds << '\n';
  }
}
