#include "base/mutant.hpp"

namespace parley::mutants {

constinit std::uint64_t planted = 0;

}  // namespace parley::mutants
