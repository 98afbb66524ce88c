#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "base/digest.hpp"
#include "base/ids.hpp"
#include "base/strong.hpp"
#include "base/time.hpp"

namespace parley::chat {

// Every id below is the index of the log entry that made the thing, so it is never reused (a deleted name that is
// registered again is another account) and grows with time (P2).
using AccountId = Strong<struct AccountIdTag>;             // 0: none
using ConversationId = Strong<struct ConversationIdTag>;   // a room, or a pair of people
using MessageId = Strong<struct MessageIdTag>;
using ClientId = Strong<struct ClientIdTag>;               // a client session (R16)
using Number = Strong<struct NumberTag>;                   // position in a conversation: dense, from 1
using Sequence = Strong<struct SequenceTag>;               // position in a client session: dense, from 1

// A login is named by the BLAKE2b digest of its token: the token itself never enters the log.
using LoginId = Digest;

// Limits are part of the meaning of commands, so apply checks them too. Bytes of UTF-8 unless said otherwise.
inline constexpr std::size_t account_name_max = 32;    // [a-z0-9_.-], begins with a letter; case is folded
inline constexpr std::size_t room_name_max = 64;       // the same alphabet, without the '#'
inline constexpr std::size_t topic_max = 256;
inline constexpr std::size_t text_max = 8 * 1024;      // one message
inline constexpr std::size_t phc_max = 256;            // a password hash in PHC form
inline constexpr std::size_t delete_ids_max = 100;     // message ids in one DeleteMessages

enum class RoomKind : std::uint8_t { open = 0, invite_only = 1 };

}  // namespace parley::chat
