#pragma once

#include <string_view>

#include "base/codec.hpp"
#include "chat/tables.hpp"

namespace parley::chat {

// State as records: the apply that changes a thing writes its record anew, or as gone. Values that change often stand
// in small records of their own (a conversation's last number, a marker, a reply), so that an entry writes some
// tens of bytes whatever the size of State. Numbers are for ever; load goes through kinds in their order.
enum class RecordKind : std::uint8_t {
  meta = 1,        // () -> last applied, log time, generation; with every entry
  setting = 2,     // name -> number
  account = 3,     // account
  login = 4,       // login digest
  invitation = 5,  // code digest
  room = 6,        // conversation
  direct = 7,      // conversation
  counter = 8,     // conversation -> last number
  member = 9,      // conversation, account
  former = 10,     // conversation, account
  invited = 11,    // conversation, account
  marker = 12,     // account, conversation -> number
  client = 13,     // client
  reply = 14,      // client, sequence
  touched = 15     // message -> entry
};

std::string_view name_of(RecordKind kind);

inline void write_part(Writer& out, const Digest& part) { out.raw(part.view()); }
inline void write_part(Writer& out, std::string_view part) { out.string(part); }
template <class Tag>
void write_part(Writer& out, const Strong<Tag>& part) {
  out.u64(part.value);
}

template <class... Parts>
std::string record_key(const Parts&... parts) {
  std::string bytes;
  Writer out(bytes);
  (write_part(out, parts), ...);
  return bytes;
}

RecordRow meta_record(const State::Tables& tables);
RecordRow setting_record(const SettingRule& rule, std::uint64_t value);
RecordRow account_record(AccountId id, const Account& row);
RecordRow login_record(const LoginId& id, const LoginRow& row);
RecordRow invitation_record(const Digest& code, const Invitation& row);
RecordRow room_record(ConversationId id, const Room& row);
RecordRow direct_record(ConversationId id, const Direct& row);
RecordRow counter_record(ConversationId id, Number last);
RecordRow member_record(ConversationId id, AccountId account, const Member& row);
RecordRow former_record(ConversationId id, AccountId account, const std::vector<Interval>& intervals);
RecordRow invited_record(ConversationId id, AccountId account);
RecordRow marker_record(AccountId account, ConversationId id, Number number);
RecordRow client_record(ClientId id, const Client& row);
RecordRow reply_record(ClientId id, Sequence sequence, const KeptReply& row);
RecordRow touched_record(MessageId id, Index entry);

// The record is gone: its kind and the parts of its key.
template <class... Parts>
RecordRow gone_record(RecordKind kind, const Parts&... parts) {
  return {static_cast<std::uint8_t>(kind), record_key(parts...), std::nullopt};
}

void write_reply(Writer& out, const Reply& reply);

// All of State, by kind and then in the order of the tables.
std::vector<RecordRow> records_of(const State::Tables& tables);

// Reads one record into the tables; kinds must come in their order. False: damaged, or it refers to what isn't there.
bool load_record(State::Tables& tables, const RecordRow& record);

}  // namespace parley::chat
