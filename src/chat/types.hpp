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
inline constexpr std::size_t reply_text_max = 128;     // what a refusal says about the thing refused

// Limits of State, so that people and rooms bound it whatever they do. At each it is said who gives way.
inline constexpr std::size_t client_sessions_max = 65'536;   // then the least recently used goes, those that never
                                                             // had a request carried out first
inline constexpr std::size_t replies_per_client_max = 256;   // then its oldest reply is forgotten
inline constexpr std::size_t replies_max = 262'144;          // of all clients: then client sessions go as above
inline constexpr std::int64_t client_idle_ms = 35LL * 24 * 3600 * 1000;   // without use, by log time (R16)
inline constexpr std::size_t touched_window = 4096;          // entries; facts seen before it: look_again (R17)
inline constexpr std::size_t directs_opened_max = 4096;      // direct conversations one account begins: limit_reached
inline constexpr std::size_t invited_max = 1000;             // open invitations of one invite-only room: limit_reached
inline constexpr std::size_t intervals_max = 64;             // of one reader of one room: the oldest is dropped
inline constexpr std::size_t invitations_max = 10'000;       // unused registration codes: limit_reached
inline constexpr std::int64_t invitation_idle_ms = 30LL * 24 * 3600 * 1000;   // then a code is void
inline constexpr std::int64_t use_granularity_ms = 3600LL * 1000;   // "last used" is kept to the hour: fewer records
inline constexpr std::size_t sweep_max = 64;                 // expired things of a kind that one entry removes; what
                                                             // waits for its turn counts as expired all the same

// Numbers from … through, both included.
struct Interval {
  Number from;
  Number through;
  bool operator==(const Interval&) const = default;
};
inline constexpr Number number_max{~0ULL};

enum class Registration : std::uint8_t { open = 0, invite = 1, closed = 2 };
enum class RoomKind : std::uint8_t { open = 0, invite_only = 1 };

}  // namespace parley::chat
