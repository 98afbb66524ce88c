#pragma once

#include <string>
#include <utility>

#include "base/result.hpp"

namespace parley::store {

// Why a log or an archive is not opened: the file, the place and what is wrong there. Nothing was changed. A disk that
// fails (DiskError) is neither damaged nor refused: the same bytes may be there at the next start.
struct Refusal : Error {
  bool damaged = false;   // it is not what was written there, or part of it is missing; else a newer version wrote it
};

inline Refusal damage(std::string what) { return Refusal{{std::move(what)}, true}; }
inline Refusal refusal(const Error& error) { return Refusal{error, false}; }   // of what is sound

}  // namespace parley::store
