#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "chat/types.hpp"

namespace parley::chat {

// -- what a client asks for, sequenced within its client session (R15) ----------------------------------------
// Everything that needed a clock, a hash, a random number or the archive was done by the proposing node and
// travels in the command: apply reads nothing but State and entry (R13).

struct Register {
  std::string name;
  std::string phc;                         // argon2id PHC string
  std::optional<Digest> invitation;        // digest of an invitation code, where registration wants one
};
// The node that found the password wrong, or the name unknown, proposes account 0: the refusal is an entry (R15).
struct Login {
  AccountId account;
  std::uint64_t credential_version = 0;    // the version whose password was verified (R18)
  LoginId login;
};
struct Logout {
  bool everywhere = false;                 // all logins of the account, not only this one
};
struct ChangePassword {
  std::uint64_t credential_version = 0;    // the version whose old password was verified; 0: it was wrong
  std::string phc;
};
struct DeleteAccount {
  std::uint64_t credential_version = 0;    // likewise
};
struct SendDirect {
  std::string to;                          // account name
  std::string text;
};
struct SendRoom {
  std::string room;
  std::string text;
};
// What a command needs to know of an old message, read by the proposing node at `seen_at` (R17); facts_of() in
// queries.hpp takes them from a row. A message that the node did not find travels as its id alone (all else zero):
// apply then says `no_such_message`, or `look_again` where the message may have been made after `seen_at`.
struct MessageFacts {
  MessageId id;
  ConversationId conversation;
  Number number;
  AccountId author;
  bool deleted = false;
  bool edited = false;
  std::string author_name;                 // these four go back into the row as they were
  LogTime time;
  ClientId client;
  Sequence sequence;
};
struct EditMessage {
  MessageFacts facts;
  Index seen_at;
  std::string text;
};
struct DeleteMessages {
  std::vector<MessageFacts> facts;         // at most delete_ids_max
  Index seen_at;
};
struct CreateRoom {
  std::string room;
  RoomKind kind = RoomKind::open;
  std::string topic{};
};
struct JoinRoom {
  std::string room;
};
struct LeaveRoom {
  std::string room;
};
struct InviteToRoom {
  std::string room;
  std::string account;
};
struct RemoveFromRoom {                    // by the room's owner or an administrator
  std::string room;
  std::string account;
};
struct SetTopic {
  std::string room;
  std::string topic;
};
struct CreateInvitation {                  // for a new account, while registration is by invitation
  Digest code;
};
// Administrator's, or by the operator (Request::operator_token_verified).
struct ChangeSetting {
  std::string name;
  std::string value;
};
struct SetAdministrator {
  std::string account;
  bool administrator = true;
};
struct ResetPassword {
  std::string account;
  std::string phc;
};
struct SetBanned {
  std::string account;
  bool banned = true;
};

using Request = std::variant<Register, Login, Logout, ChangePassword, DeleteAccount, SendDirect, SendRoom, EditMessage,
                             DeleteMessages, CreateRoom, JoinRoom, LeaveRoom, InviteToRoom, RemoveFromRoom, SetTopic,
                             CreateInvitation, ChangeSetting, SetAdministrator, ResetPassword, SetBanned>;

// -- what enters the log --------------------------------------------------------------------------------------

// Opens a client session; its id is the index of this entry, so it is never reused (R16). The key proves to any
// node that a later connection may use it.
struct OpenClient {
  Digest key;                              // digest of the secret that the client keeps
};
struct Sequenced {
  ClientId client;
  Sequence sequence;                       // last + 1, else answered without being carried out
  Sequence first_outstanding;              // replies below it may be forgotten
  Digest payload;                          // over method and parameters without secrets: another one is a conflict
  std::optional<LoginId> login;            // checked again by apply (R18)
  bool by_operator = false;                // the proposing node verified the operator token: needs no login
  Request request;
};
// Coalesced by each node, a second or more (R20): read markers, and who is still there.
struct Markers {
  struct Read {
    AccountId account;
    ConversationId conversation;
    Number number;
  };
  std::vector<Read> reads;                 // at most markers_max of each
  std::vector<ClientId> clients_alive;
  std::vector<LoginId> logins_alive;
};
inline constexpr std::size_t markers_max = 1024;

using Command = std::variant<OpenClient, Sequenced, Markers>;

}  // namespace parley::chat
