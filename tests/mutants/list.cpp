// parley-mutants: one line a mutant, its columns separated by '|': name, rule, what it breaks, the test that must fail,
// seeds within which the simulator alone must fail.
#include <iostream>

#include "base/mutant.hpp"

int main() {
  for (const auto& row : parley::mutants::table()) {
    std::cout << row.name << '|' << row.rule << '|' << row.breaks << '|' << row.test << '|' << row.sim_seeds << '\n';
  }
}
