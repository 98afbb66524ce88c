#pragma once

// Planted bugs, one expression each, to prove that the tests and the simulator would notice them:
//
//   if (log.term_at(index) == current_term() || PARLEY_MUTANT(commits_older_terms_by_counting)) …
//
// In every build it is the constant false, of which the compiler leaves nothing; only the preset `mutants` asks at run
// time which one is planted in this process: PARLEY_MUTANT=name in the environment, read by tests/mutants/select.cpp.
// tests/mutants/mutants.def lists them all, tests/mutants/run proves for each that it is found.
// Sites stand in source files, never in headers: the definition below differs between targets of that preset.
#ifndef PARLEY_MUTANTS

#define PARLEY_MUTANT(name) false

#else

#include <cstdint>
#include <string_view>

namespace parley::mutants {

// FNV-1a of the name: so that a new mutant does not compile every site anew. tests/mutants/list.cpp looks for twins.
constexpr std::uint64_t id_of(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// 0: none. Written once, before main(); the pure code only reads it.
extern std::uint64_t planted;

template <std::uint64_t id>
bool is_planted() {
  return planted == id;
}

}  // namespace parley::mutants

#define PARLEY_MUTANT(name) ::parley::mutants::is_planted<::parley::mutants::id_of(#name)>()

#endif
