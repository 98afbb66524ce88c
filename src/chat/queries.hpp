#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/state.hpp"

namespace parley::chat {

// Reads of State, for the node: what it needs before it proposes, and to answer people. Pure; a result is a copy and
// owes nothing to the state. "Now" is always the log time of the last applied entry (R14). Names may come in any
// case; a place is "#room" or "@name".

// -- the whole ------------------------------------------------------------------------------------------------

LogTime log_time(const State& state);
Generation generation(const State& state);          // R19

// Every setting by name with its value now, sorted by name (ChangeSetting changes them).
std::vector<std::pair<std::string, std::string>> settings(const State& state);

Registration registration(const State& state);

// -- accounts and logins --------------------------------------------------------------------------------------

struct AccountView {
  AccountId id;
  std::string name;
  std::string phc;                                  // what a password is verified against …
  std::uint64_t credential_version = 0;             // … and travels in Login, ChangePassword, DeleteAccount
  bool administrator = false;
  bool banned = false;
  LogTime created;
};
std::optional<AccountView> find_account(const State& state, std::string_view name);
std::optional<AccountView> find_account(const State& state, AccountId id);
std::string account_name(const State& state, AccountId id);   // empty: no such account (any more)

// Whose login it is: nothing when it ended, idled out, or the account is banned or gone.
std::optional<AccountId> authenticate(const State& state, const LoginId& login);

inline constexpr std::size_t list_max = 200;        // one page of a list
inline constexpr std::size_t pattern_max = 64;      // bytes of a pattern; a longer one matches nothing

struct AccountPage {
  std::vector<std::pair<AccountId, std::string>> accounts;   // by name
  bool more = false;                                         // ask again after the last name
};
// Living accounts whose name matches `pattern` (`*` any run, `?` any one character; empty: all), after the name
// `after`. Banned ones too: people may look for them.
AccountPage list_accounts(const State& state, std::string_view pattern, std::string_view after, std::size_t limit);

// -- rooms ----------------------------------------------------------------------------------------------------

struct RoomView {
  ConversationId conversation;
  std::string room;                                 // without '#'
  std::string topic;
  RoomKind kind = RoomKind::open;
  AccountId owner;                                  // 0: nobody (any more)
  std::size_t members = 0;
  Number last;                                      // last number given
  bool joined = false;                              // these two of the reader
  bool invited = false;
};
// An invite-only room is shown to its members, to those invited, to its owner and to administrators.
std::optional<RoomView> find_room(const State& state, std::string_view name, AccountId reader);
struct RoomPage {
  std::vector<RoomView> rooms;                      // by name
  bool more = false;
};
RoomPage list_rooms(const State& state, AccountId reader, std::string_view pattern, std::string_view after,
                    std::size_t limit);
// Nothing when the reader may not see the room.
std::optional<AccountPage> room_members(const State& state, std::string_view room, AccountId reader,
                                        std::string_view after, std::size_t limit);

// -- conversations --------------------------------------------------------------------------------------------

// The conversation behind a place, as `reader` names it; nothing when there is none (a pair that never talked has
// none), or when it is an invite-only room that the reader may not see. Also takes "@name~id", the name of a
// conversation with an account that was deleted since.
std::optional<ConversationId> conversation_for(const State& state, AccountId reader, std::string_view place);

// The reader's name for it: "#room"; "@other"; "@other~id" when that account was deleted, so that a new account
// of the same name is not taken for it. Empty: no such conversation, or a pair that the reader is not one of.
std::string place_name(const State& state, ConversationId conversation, AccountId reader);

Number last_number(const State& state, ConversationId conversation);   // 0: none yet, or no such conversation

// Intervals are ascending and don't touch; one that is still open ends at the greatest number there is.
// R18: what the account may see of it. Open rooms: all, to every account not banned. Direct: all, to the two.
// Invite-only rooms: from each joining to the leaving that followed, at most intervals_max of them, the latest.
std::vector<Interval> visible(const State& state, AccountId account, ConversationId conversation);
bool may_read(const State& state, AccountId account, ConversationId conversation, Number number);

// All conversations of an account: rooms it is a member of and its direct ones, ascending: what `sync` and `search`
// go through, each within visible().
std::vector<ConversationId> conversations_of(const State& state, AccountId account);

// The index at which the account joined that room, to be a member ever since; 0: not a room, or not a member. Live
// members are told of changes beyond it, so a reader who resumes is too.
Index member_since(const State& state, AccountId account, ConversationId conversation);

struct UnreadView {
  ConversationId conversation;
  std::string place;
  Number last;                                      // last number given
  Number read;                                      // the marker
  std::uint64_t unread = 0;                         // last - read: tombstones and own messages count like others
};
std::vector<UnreadView> unread(const State& state, AccountId account);            // every conversation, ascending id
std::optional<UnreadView> unread_in(const State& state, AccountId account, ConversationId conversation);

// -- client sessions (R15, R16) -------------------------------------------------------------------------------

bool client_key_fits(const State& state, ClientId client, const Digest& key);   // false too when expired or unknown

struct ClientView {
  Sequence last;                                    // carried out up to here
  Sequence first_outstanding;
  LogTime last_used;
};
std::optional<ClientView> find_client(const State& state, ClientId client);

// What `apply` would say about a sequence number if it came now, without carrying anything out: a node answers
// duplicates from here. `next`: it is new and in turn; `gap`: beyond last + 1, where others may still be under way.
struct SequenceView {
  enum class Kind : std::uint8_t { answered, conflict, forgotten, unknown_client, next, gap };
  Kind kind = Kind::unknown_client;
  Reply reply;                                      // what apply would answer; but for `next`, which it carries out
  Sequence expected;                                // last + 1; for all but unknown_client
};
SequenceView look_up(const State& state, ClientId client, Sequence sequence, const Digest& payload);

// -- old messages (R17) ---------------------------------------------------------------------------------------

// What travels in EditMessage and DeleteMessages, from the row as the archive (or what is not yet archived) has it.
MessageFacts facts_of(const MessageRow& row);

}  // namespace parley::chat
