#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "chat/effects.hpp"

namespace parley::chat {

// Rules for what people type. Bytes are compared as unsigned numbers and letters are those of ASCII: no locale, and
// no `char` whose sign differs between machines, may change an outcome (R13).

std::string folded(std::string_view name);                       // A-Z to a-z, all else as it is
bool is_name(std::string_view folded_name, std::size_t max);     // [a-z][a-z0-9_.-]*

// Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF) without control characters (C0,
// DEL, C1: a terminal would obey them), newline and tab excepted where `lines` says so.
bool is_plain_text(std::string_view text, bool lines);

// What is wrong with a message; nothing: it may be sent. Only blanks is empty.
std::optional<Code> fault_of_message(std::string_view text);
std::optional<Code> fault_of_topic(std::string_view topic);      // one line; may be empty

// Part of a refusal for people: plain text of at most 64 bytes, whatever was given.
std::string excerpt(std::string_view thing);

// `*` any run, `?` any one byte; empty: everything. At most size times size steps, no recursion.
bool matches(std::string_view pattern, std::string_view name);

}  // namespace parley::chat
