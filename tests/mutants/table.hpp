#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/mutant.hpp"

namespace parley::mutants {

struct Row {
  std::string_view name;
  std::string_view rule;     // a number: RELIABILITY.md section 4; W…: its section 3; R…: DESIGN.md; 5.x: the paper
  std::string_view breaks;   // what goes wrong
  std::string_view test;     // program and filter of a test that must fail; empty: the simulator only
  unsigned sim_seeds = 0;    // the simulator alone fails within that many seeds; 0: it can't, or can't yet
};

inline constexpr Row table[] = {
#define PARLEY_PLANTED(name, rule, breaks, test, sim_seeds) {#name, rule, breaks, test, sim_seeds},
#include "mutants/mutants.def"
#undef PARLEY_PLANTED
};

constexpr bool has_twins() {
  for (const Row& row : table) {
    const auto same = [&](const Row& other) { return id_of(other.name) == id_of(row.name); };
    if (std::count_if(std::begin(table), std::end(table), same) != 1) return true;
  }
  return false;
}
static_assert(!has_twins(), "every mutant has a name, and an id, of its own");

}  // namespace parley::mutants
