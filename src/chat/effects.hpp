#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "chat/types.hpp"

namespace parley::chat {

// -- the answer -----------------------------------------------------------------------------------------------

enum class Code : std::uint8_t {
  done = 0,
  // refused: carried out as "no"; final for this sequence number
  not_logged_in, wrong_credentials, name_taken, bad_name, no_such_account, no_such_room, no_such_message,
  room_exists, not_a_member, already_a_member, forbidden, banned, deleted_already, text_too_long, text_empty,
  bad_text, registration_closed, invitation_required, bad_invitation, limit_reached, unknown_setting, bad_value,
  // not carried out, the number is not used up
  look_again,         // the facts of R17 are out of date: the node retries by itself
  wrong_sequence,     // `number` names the expected sequence
  conflict,           // the sequence was used by another payload
  forgotten,          // the sequence lies below first_outstanding: its reply is gone
  unknown_client      // expired, or never opened: use `outcome`, then a new session
};

// What a sequenced request comes to; kept in the client session until the client has it. Fields not named by the
// request are zero or empty.
struct Reply {
  Code code = Code::done;
  AccountId account;             // register, login
  ConversationId conversation;   // send, create, join, edit, delete
  MessageId message;             // send, edit
  Number number;                 // send: its number; wrong_sequence: the expected one
  LogTime time;
  std::uint32_t count = 0;       // delete: how many were deleted
  ClientId client;               // OpenClient
  std::string text;              // refusals: the thing refused, for people
  bool operator==(const Reply&) const = default;
};

// -- rows for the archive -------------------------------------------------------------------------------------

// One message as the archive keeps it (R7, R16). An edit or delete is the same row with a later changed_index.
struct MessageRow {
  MessageId id;
  ConversationId conversation;
  Number number;
  AccountId author;
  std::string author_name;       // as it was then: shown for deleted accounts too
  LogTime time;
  std::string text;              // empty when deleted
  bool edited = false;
  bool deleted = false;          // a tombstone: the row stays, the text is gone
  Index changed_index;
  ClientId client;
  Sequence sequence;
  bool operator==(const MessageRow&) const = default;
};

// One record of State as canonical bytes: what State needs at the next start. Only chat knows the meaning.
struct RecordRow {
  std::uint8_t kind = 0;
  std::string key;
  std::optional<std::string> value;   // empty: the record is gone
  bool operator==(const RecordRow&) const = default;
};

// -- what connected people are told ---------------------------------------------------------------------------

struct MessageChanged {          // new, edited or deleted: the row says which
  MessageRow row;
  bool is_new = false;
};
struct RoomChanged {
  enum class What : std::uint8_t { created, joined, left, removed, invited, topic, deleted };
  What what = What::joined;
  ConversationId conversation;
  std::string room;
  AccountId account;             // who joined, left, was invited
  std::string account_name;
  std::string topic;
};
struct MarkerMoved {             // to the account's other connections
  AccountId account;
  ConversationId conversation;
  Number number;
};
struct LoginEnded {              // logout, password change, ban, delete: cut these connections now
  AccountId account;
  std::optional<LoginId> login;  // empty: all of the account
  std::optional<LoginId> except; // but not this one
  std::string reason;
};
using Event = std::variant<MessageChanged, RoomChanged, MarkerMoved, LoginEnded>;

// An event and the accounts that may see it, sorted.
struct Delivery {
  std::vector<AccountId> audience;
  Event event;
};

// All that one entry comes to. Equal on every node: R10's chain covers it.
struct Effects {
  std::optional<Reply> reply;
  std::vector<MessageRow> messages;
  std::vector<RecordRow> records;
  std::vector<Delivery> deliveries;
};

}  // namespace parley::chat
