// Linked into every program of the preset `mutants`: plants what the environment variable PARLEY_MUTANT names, before
// main() begins, so that neither main() nor the pure code has to know.
#include <cstdlib>
#include <iostream>

#include "mutants/table.hpp"

namespace parley::mutants {
namespace {

bool plant_what_the_environment_names() {
  const char* name = std::getenv("PARLEY_MUTANT");
  if (name == nullptr || *name == '\0') return true;
  const auto named = [&](const Row& row) { return row.name == name; };
  if (std::any_of(std::begin(table), std::end(table), named)) {
    planted = id_of(name);
    return true;
  }
  std::cerr << "PARLEY_MUTANT: there is no mutant \"" << name << "\"; parley-mutants lists them\n";
  std::_Exit(2);
}

[[maybe_unused]] const bool chosen = plant_what_the_environment_names();

}  // namespace
}  // namespace parley::mutants
