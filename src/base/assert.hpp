#pragma once

#include <string_view>

namespace parley {

// Prints what was expected and where, then aborts. The only right answer to a state that can't be is to stop
// before it is written anywhere: a crashed node is one failure, a wrong one is all of them.
[[noreturn]] void assertion_failed(std::string_view expression, std::string_view message, std::string_view file,
                                   int line);

}  // namespace parley

// On in every build, release too. For what must hold; what may happen is returned as a value.
#define PARLEY_ASSERT(condition, message)                                        \
  do {                                                                           \
    if (!(condition)) [[unlikely]]                                               \
      ::parley::assertion_failed(#condition, message, __FILE__, __LINE__);       \
  } while (false)
