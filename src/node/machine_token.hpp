#pragma once

#include "base/digest.hpp"
#include "base/result.hpp"
#include "node/seams.hpp"

namespace parley::node {

inline constexpr std::string_view operator_token_file = "operator.token";

// The digest of the operator token in the data directory; makes one (mode 0600, synced) where there is none. Whoever
// may read that file may administer the node. The error names the file and what is wrong with it.
Result<Digest> load_operator_token(Seams seams);

}  // namespace parley::node
