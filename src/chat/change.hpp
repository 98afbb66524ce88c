#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "chat/queries.hpp"
#include "chat/records.hpp"
#include "chat/tables.hpp"

namespace parley::chat {

// One entry being applied: the tables it changes and the effects it comes to. Every change of a kept field is
// followed by save() or erase() of its record; the tests compare what was written with what State holds.
struct Change {
  State::Tables& tables;
  Effects& effects;
  Index index;

  LogTime now() const { return tables.time; }
  void save(RecordRow row) { effects.records.push_back(std::move(row)); }
  template <class... Parts>
  void erase(RecordKind kind, const Parts&... key) {
    save(gone_record(kind, key...));
  }
  // To nobody is not delivered. `audience` must be sorted.
  void deliver(std::vector<AccountId> audience, Event event) {
    if (!audience.empty()) effects.deliveries.push_back({std::move(audience), std::move(event)});
  }
};

// Who asks, as apply itself found it (R18).
struct Actor {
  AccountId account;            // 0: no (valid) login
  LoginId login;                // meaningful with an account only
  bool administers = false;     // an administrator's login, or the operator
  ClientId client;              // these two go into message rows (R16)
  Sequence sequence;
};

Reply refuse(Code code, std::string_view thing);

// -- one function a request, each in the file of its duty. They change nothing unless they succeed. ------------------

// accounts.cpp
Reply carry_out(Change& change, const Actor& actor, const Register& request);
Reply carry_out(Change& change, const Actor& actor, const ChangePassword& request);
Reply carry_out(Change& change, const Actor& actor, const DeleteAccount& request);
// logins.cpp
Reply carry_out(Change& change, const Actor& actor, const Login& request);
Reply carry_out(Change& change, const Actor& actor, const Logout& request);
// messages.cpp
Reply carry_out(Change& change, const Actor& actor, const SendDirect& request);
Reply carry_out(Change& change, const Actor& actor, const SendRoom& request);
// old_messages.cpp
Reply carry_out(Change& change, const Actor& actor, const EditMessage& request);
Reply carry_out(Change& change, const Actor& actor, const DeleteMessages& request);
// rooms.cpp
Reply carry_out(Change& change, const Actor& actor, const CreateRoom& request);
Reply carry_out(Change& change, const Actor& actor, const SetTopic& request);
// membership.cpp
Reply carry_out(Change& change, const Actor& actor, const JoinRoom& request);
Reply carry_out(Change& change, const Actor& actor, const LeaveRoom& request);
Reply carry_out(Change& change, const Actor& actor, const InviteToRoom& request);
Reply carry_out(Change& change, const Actor& actor, const RemoveFromRoom& request);
// administration.cpp
Reply carry_out(Change& change, const Actor& actor, const CreateInvitation& request);
Reply carry_out(Change& change, const Actor& actor, const ChangeSetting& request);
Reply carry_out(Change& change, const Actor& actor, const SetAdministrator& request);
Reply carry_out(Change& change, const Actor& actor, const ResetPassword& request);
Reply carry_out(Change& change, const Actor& actor, const SetBanned& request);

// -- shared between them --------------------------------------------------------------------------------------

// logins.cpp
Actor find_actor(const State::Tables& tables, const Sequenced& command);
void end_login(Change& change, LoginId login);   // says nothing to anybody; by value: it may be the key that goes
void end_logins(Change& change, AccountId account, const LoginId* except, std::string_view reason);
void keep_login_alive(Change& change, const LoginId& login);
// membership.cpp
void add_to_room(Change& change, ConversationId id, AccountId account);
void take_out_of_room(Change& change, ConversationId id, AccountId account, RoomChanged::What what);
void forget_in_rooms(Change& change, AccountId account);                       // all that rooms know of it
std::vector<AccountId> audience_of(const State::Tables& tables, const Room& room);
RoomChanged room_event(const Change& change, RoomChanged::What what, ConversationId id, AccountId account);
// messages.cpp
void set_marker(Change& change, AccountId account, ConversationId id, Number number);
std::vector<AccountId> audience_of(const State::Tables& tables, const Conversation& conversation, Number number,
                                   bool is_new);

// -- the other commands ---------------------------------------------------------------------------------------

// client_sessions.cpp; what look_up() of queries.hpp asks too
SequenceView look_up(const State::Tables& tables, ClientId client, Sequence sequence, const Digest& payload);

void open_client(Change& change, const OpenClient& command);                   // client_sessions.cpp
void apply_sequenced(Change& change, const Sequenced& command);                // client_sessions.cpp
void keep_client_alive(Change& change, ClientId client);                       // client_sessions.cpp
void drop_client(Change& change, ClientId client);                             // client_sessions.cpp
void apply_markers(Change& change, const Markers& command);                    // markers.cpp
void sweep(Change& change);                                                    // expiry.cpp

}  // namespace parley::chat
