#pragma once

#include <string>

#include "chat/command.hpp"
#include "raft/types.hpp"

namespace parley::cli {

// What an entry of the log says, on one line and for people. Never what a secret could be made of: no password hash, no
// digest of a token, key or code; and no text of a message, of which it tells the length.
std::string describe(const raft::Entry& entry);
std::string describe(const chat::Command& command);
std::string describe(const raft::Configuration& configuration);

}  // namespace parley::cli
