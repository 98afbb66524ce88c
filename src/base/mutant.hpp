#pragma once

// Planted bugs, one expression each, to prove that the tests and the simulator would notice them:
//
//   if (log.term_at(index) == current_term() || PARLEY_MUTANT(commits_older_terms_by_counting)) …
//
// In every build it is the constant false, of which the compiler leaves nothing; only the preset `mutants` asks at run
// time which one is planted in this process (PARLEY_MUTANT=name in the environment, read by tests/mutants/select.cpp).
// mutants.def lists them all; tests/mutants/run proves for each that it is found; docs/TESTING.md shows the table.
#ifndef PARLEY_MUTANTS

#define PARLEY_MUTANT(name) false

#else

#include <cstdint>
#include <span>
#include <string_view>

namespace parley::mutants {

enum class Id : std::uint16_t {
  none,
#define PARLEY_PLANTED(name, rule, breaks, test, sim_seeds) name,
#include "base/mutants.def"
#undef PARLEY_PLANTED
};

struct Row {
  std::string_view name;
  std::string_view rule;      // a number is RELIABILITY.md section 4's; W… its section 3's; R… DESIGN.md's
  std::string_view breaks;    // what goes wrong
  std::string_view test;      // program and filter of a test that must fail; empty: the simulator only
  unsigned sim_seeds = 0;     // the simulator alone finds it within that many seeds; 0: it doesn't, or can't yet
};

// Written once, before main(); the pure code only reads it.
extern Id planted;

std::span<const Row> table();
bool plant(std::string_view name);   // false: there is no such mutant

}  // namespace parley::mutants

#define PARLEY_MUTANT(name) (::parley::mutants::planted == ::parley::mutants::Id::name)

#endif
