#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.hpp"

namespace parley::wire {

// How bytes travel in JSON: RFC 4648 section 4, with padding.
std::string to_base64(std::string_view bytes);

// nullopt: not what to_base64() gives for any bytes (another alphabet, no padding, stray bits).
std::optional<std::string> from_base64(std::string_view text);

// What Digest::hex() gives; nullopt: something else.
std::optional<Digest> digest_from_hex(std::string_view hex);

}  // namespace parley::wire
