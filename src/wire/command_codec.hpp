#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "chat/command.hpp"

namespace parley::wire {

inline constexpr std::uint8_t command_version = 1;   // first byte of every command in the log (R8)

// Limits of the format. Those of the meaning (text_max, delete_ids_max …) are smaller and apply's to check, so that
// who exceeds them gets a refusal with a reason; what exceeds these does not decode. A client's message has at most
// 64 KiB (docs/PROTOCOL.md), so nothing a client says can exceed them.
inline constexpr std::size_t command_string_max = 64 * 1024;
inline constexpr std::size_t command_facts_max = 1024;

// Canonical: equal commands give equal bytes, and what decodes encodes to the bytes it came from.
std::string encode(const chat::Command& command);

// Any bytes may be given. The error names both versions where the command is newer than this program.
Result<chat::Command> decode_command(std::string_view bytes);

}  // namespace parley::wire
