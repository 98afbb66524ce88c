#pragma once

#include <string>

#include "mutants/table.hpp"

namespace parley::mutants {

// The table of docs/TESTING.md.
inline std::string markdown() {
  const auto code = [](std::string_view text) { return text.empty() ? "" : "`" + std::string(text) + "`"; };
  std::string text = "| mutant | rule | what it breaks | test that fails | simulator, seeds |\n|---|---|---|---|---|\n";
  for (const Row& row : table) {
    const std::string seeds = row.sim_seeds == 0 ? "" : std::to_string(row.sim_seeds);
    text += "| " + code(row.name) + " | " + std::string(row.rule) + " | " + std::string(row.breaks) + " | " +
            code(row.test) + " | " + seeds + " |\n";
  }
  return text;
}

}  // namespace parley::mutants
