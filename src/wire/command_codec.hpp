#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "chat/command.hpp"

namespace parley::wire {

inline constexpr std::uint8_t command_version = 1;   // first byte of every command in the log (R8)

std::string encode(const chat::Command& command);

// Any bytes may be given. The error names both versions where the command is newer than this program.
Result<chat::Command> decode_command(std::string_view bytes);

}  // namespace parley::wire
