#pragma once

#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <variant>

#include "chat/settings.hpp"
#include "chat/state.hpp"

// The inside of State, for apply and queries only.
//
// Every table is an ordered map, so that walking one gives the same order on every node (R13). A field is either
// *kept*, that is, written as a record by the entry that changed it (records.hpp), or *derived* from kept ones: an
// index that makes a command O(log n). The member functions below keep the two together; State::load goes through
// the same functions, so a loaded state has the same indexes as a live one.

namespace parley::chat {

struct Account {
  std::string name;                            // folded
  std::string phc;
  std::uint64_t credential_version = 1;        // grows with every new password (R18)
  bool administrator = false;
  bool banned = false;
  LogTime created;

  // derived
  std::set<std::pair<Index, LoginId>> logins;  // oldest first
  std::set<ConversationId> rooms;              // member of
  std::set<ConversationId> former;             // invite-only ones whose past it may still read
  std::set<ConversationId> invited;
  std::set<ConversationId> owned;
  std::set<ConversationId> directs;
  std::size_t directs_opened = 0;
};

struct LoginRow {
  AccountId account;
  Index opened;
  LogTime last_used;                           // to use_granularity_ms
};

struct Member {
  Index joined;                                // the longest member has the lowest
  std::vector<Interval> intervals;             // invite-only rooms: may read these; the last one is open
};

struct Room {
  std::string name;                            // folded, without '#'
  std::string topic;
  RoomKind kind = RoomKind::open;
  AccountId owner;                             // 0: nobody
  std::map<AccountId, Member> members;
  std::map<AccountId, std::vector<Interval>> former;   // invite-only rooms: left, may read what they could then
  std::set<AccountId> invited;                 // invite-only rooms
};

// A pair of people; of oneself with oneself too. A side whose account was deleted stays, by its name of then.
struct Direct {
  struct Side {
    AccountId account;
    std::string name;
  };
  Side low, high;                              // by account id
  AccountId opened_by;
  bool has(AccountId account) const { return low.account == account || high.account == account; }
  const Side& other(AccountId reader) const { return reader == low.account ? high : low; }
};

struct Conversation {
  Number last;                                 // kept as a record of its own: it changes with every message
  std::variant<Room, Direct> what;

  Room* room() { return std::get_if<Room>(&what); }
  const Room* room() const { return std::get_if<Room>(&what); }
  const Direct* direct() const { return std::get_if<Direct>(&what); }
};

struct KeptReply {
  Digest payload;
  Reply reply;
};

struct Client {
  Digest key;
  Sequence last;
  Sequence first_outstanding{1};
  LogTime last_used;
  bool proven = false;                         // had a request done: goes last when there are too many
  std::map<Sequence, KeptReply> replies;       // kept, each as a record of its own
};

struct Invitation {
  Index made;
  LogTime time;
};

struct State::Tables {
  Index last_applied;
  LogTime time;                                // of the last entry; never goes back, never below zero
  Generation generation{1};
  Settings settings;
  std::map<AccountId, Account> accounts;
  std::map<LoginId, LoginRow> logins;
  std::map<Digest, Invitation> invitations;
  std::map<ConversationId, Conversation> conversations;
  std::map<std::pair<AccountId, ConversationId>, Number> markers;   // absent: 0
  std::map<ClientId, Client> clients;
  std::map<MessageId, Index> touched;          // by the last touched_window entries: which one did last (R17)

  // derived
  std::map<std::string, AccountId, std::less<>> account_names;
  std::map<std::string, ConversationId, std::less<>> room_names;
  std::map<std::pair<AccountId, AccountId>, ConversationId> pairs;  // low, high
  std::set<AccountId> banned;
  std::set<std::pair<LogTime, LoginId>> logins_by_use;
  std::set<std::pair<Index, Digest>> invitations_by_age;
  std::set<std::tuple<bool, LogTime, ClientId>> clients_by_use;     // proven ones behind the others
  std::set<std::pair<Index, MessageId>> touched_by_entry;
  std::size_t reply_count = 0;

  Account* account(AccountId id);
  const Account* account(AccountId id) const;
  const Account* account_named(std::string_view name, AccountId& id) const;   // folds the name
  void add_account(AccountId id, Account row);
  void drop_account(AccountId id);             // nothing else may refer to it any more but Direct::Side
  void set_banned(AccountId id, bool banned);

  void add_login(const LoginId& id, LoginRow row);
  void drop_login(LoginId id);
  void use_login(const LoginId& id, LogTime now);
  bool login_expired(const LoginRow& row) const;

  void add_invitation(const Digest& code, Invitation row);
  void drop_invitation(const Digest& code);
  bool invitation_expired(const Invitation& row) const;

  Conversation* conversation(ConversationId id);
  const Conversation* conversation(ConversationId id) const;
  Room* room(ConversationId id);
  ConversationId room_named(std::string_view name) const;           // 0: none; folds the name
  void add_room(ConversationId id, Room row);                       // without members
  void add_direct(ConversationId id, Direct row);
  void drop_direct(ConversationId id);
  ConversationId direct_between(AccountId a, AccountId b) const;    // 0: none
  void set_owner(ConversationId id, AccountId owner);               // 0: nobody
  void add_member(ConversationId id, AccountId account, Member row);
  void drop_member(ConversationId id, AccountId account);
  void add_former(ConversationId id, AccountId account, std::vector<Interval> intervals);
  void drop_former(ConversationId id, AccountId account);
  void add_invited(ConversationId id, AccountId account);
  void drop_invited(ConversationId id, AccountId account);

  Number marker(AccountId account, ConversationId id) const;

  void add_client(ClientId id, Client row);                         // without replies
  void drop_client(ClientId id);
  void use_client(ClientId id, LogTime now, bool proven);
  bool client_expired(const Client& row) const;
  void add_reply(ClientId id, Sequence sequence, KeptReply reply);
  void drop_reply(ClientId id, Sequence sequence);

  void touch(MessageId id, Index entry);
  void untouch(MessageId id);
};

// What the account may read of a conversation (R18); empty: nothing.
std::vector<Interval> readable(const State::Tables& tables, AccountId account, const Conversation& conversation);
bool readable_at(const State::Tables& tables, AccountId account, const Conversation& conversation, Number number);

// May know that the room is there, its topic and its members.
bool sees_room(const State::Tables& tables, AccountId account, const Room& room);

}  // namespace parley::chat
