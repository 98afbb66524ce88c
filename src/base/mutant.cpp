#include "base/mutant.hpp"

#include <iterator>

namespace parley::mutants {
namespace {

constexpr Row rows[] = {
#define PARLEY_PLANTED(name, rule, breaks, test, sim_seeds) {#name, rule, breaks, test, sim_seeds},
#include "base/mutants.def"
#undef PARLEY_PLANTED
};

}  // namespace

constinit Id planted = Id::none;

std::span<const Row> table() { return rows; }

bool plant(std::string_view name) {
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    if (rows[i].name != name) continue;
    planted = static_cast<Id>(i + 1);   // after `none`
    return true;
  }
  return false;
}

}  // namespace parley::mutants
