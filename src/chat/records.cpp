#include "chat/records.hpp"

namespace parley::chat {
namespace {

template <class... Parts>
RecordRow row_of(RecordKind kind, std::string value, const Parts&... key) {
  return {static_cast<std::uint8_t>(kind), record_key(key...), std::move(value)};
}

void write_intervals(Writer& out, const std::vector<Interval>& intervals) {
  out.u32(static_cast<std::uint32_t>(intervals.size()));
  for (const auto& interval : intervals) {
    out.u64(interval.from.value);
    out.u64(interval.through.value);
  }
}

}  // namespace

std::string_view name_of(RecordKind kind) {
  static constexpr std::string_view names[] = {"unknown", "meta",    "setting", "account", "login",  "invitation",
                                               "room",    "direct",  "counter", "member",  "former", "invited",
                                               "marker",  "client",  "reply",   "touched"};
  const auto at = static_cast<std::size_t>(kind);
  return at < std::size(names) ? names[at] : names[0];
}

RecordRow meta_record(const State::Tables& tables) {
  std::string value;
  Writer out(value);
  out.u64(tables.last_applied.value);
  out.i64(tables.time.ms);
  out.u64(tables.generation.value);
  return row_of(RecordKind::meta, std::move(value));
}

RecordRow setting_record(const SettingRule& rule, std::uint64_t value) {
  return row_of(RecordKind::setting, record_key(Number(value)), rule.name);
}

RecordRow account_record(AccountId id, const Account& row) {
  std::string value;
  Writer out(value);
  out.string(row.name);
  out.string(row.phc);
  out.u64(row.credential_version);
  out.boolean(row.administrator);
  out.boolean(row.banned);
  out.i64(row.created.ms);
  return row_of(RecordKind::account, std::move(value), id);
}

RecordRow login_record(const LoginId& id, const LoginRow& row) {
  std::string value;
  Writer out(value);
  out.u64(row.account.value);
  out.u64(row.opened.value);
  out.i64(row.last_used.ms);
  return row_of(RecordKind::login, std::move(value), id);
}

RecordRow invitation_record(const Digest& code, const Invitation& row) {
  std::string value;
  Writer out(value);
  out.u64(row.made.value);
  out.i64(row.time.ms);
  return row_of(RecordKind::invitation, std::move(value), code);
}

RecordRow room_record(ConversationId id, const Room& row) {
  std::string value;
  Writer out(value);
  out.string(row.name);
  out.string(row.topic);
  out.u8(static_cast<std::uint8_t>(row.kind));
  out.u64(row.owner.value);
  return row_of(RecordKind::room, std::move(value), id);
}

RecordRow direct_record(ConversationId id, const Direct& row) {
  std::string value;
  Writer out(value);
  for (const auto* side : {&row.low, &row.high}) {
    out.u64(side->account.value);
    out.string(side->name);
  }
  out.u64(row.opened_by.value);
  return row_of(RecordKind::direct, std::move(value), id);
}

RecordRow counter_record(ConversationId id, Number last) {
  return row_of(RecordKind::counter, record_key(last), id);
}

RecordRow member_record(ConversationId id, AccountId account, const Member& row) {
  std::string value;
  Writer out(value);
  out.u64(row.joined.value);
  write_intervals(out, row.intervals);
  return row_of(RecordKind::member, std::move(value), id, account);
}

RecordRow former_record(ConversationId id, AccountId account, const std::vector<Interval>& intervals) {
  std::string value;
  Writer out(value);
  write_intervals(out, intervals);
  return row_of(RecordKind::former, std::move(value), id, account);
}

RecordRow invited_record(ConversationId id, AccountId account) {
  return row_of(RecordKind::invited, {}, id, account);
}

RecordRow marker_record(AccountId account, ConversationId id, Number number) {
  return row_of(RecordKind::marker, record_key(number), account, id);
}

RecordRow client_record(ClientId id, const Client& row) {
  std::string value;
  Writer out(value);
  out.raw(row.key.view());
  out.u64(row.last.value);
  out.u64(row.first_outstanding.value);
  out.i64(row.last_used.ms);
  out.boolean(row.proven);
  return row_of(RecordKind::client, std::move(value), id);
}

void write_reply(Writer& out, const Reply& reply) {
  out.u8(static_cast<std::uint8_t>(reply.code));
  out.u64(reply.account.value);
  out.u64(reply.conversation.value);
  out.u64(reply.message.value);
  out.u64(reply.number.value);
  out.i64(reply.time.ms);
  out.u32(reply.count);
  out.u64(reply.client.value);
  out.string(reply.text);
}

RecordRow reply_record(ClientId id, Sequence sequence, const KeptReply& row) {
  std::string value;
  Writer out(value);
  out.raw(row.payload.view());
  write_reply(out, row.reply);
  return row_of(RecordKind::reply, std::move(value), id, sequence);
}

RecordRow touched_record(MessageId id, Index entry) { return row_of(RecordKind::touched, record_key(entry), id); }

namespace {

void add_rooms_and_directs(std::vector<RecordRow>& rows, const State::Tables& tables) {
  for (const auto& [id, row] : tables.conversations) {
    if (const auto* room = row.room()) rows.push_back(room_record(id, *room));
  }
  for (const auto& [id, row] : tables.conversations) {
    if (const auto* direct = row.direct()) rows.push_back(direct_record(id, *direct));
  }
  for (const auto& [id, row] : tables.conversations) {
    if (row.last.value != 0) rows.push_back(counter_record(id, row.last));
  }
}

void add_people_of_rooms(std::vector<RecordRow>& rows, const State::Tables& tables) {
  for (const auto& [id, row] : tables.conversations) {
    if (!row.room()) continue;
    for (const auto& [account, member] : row.room()->members) rows.push_back(member_record(id, account, member));
  }
  for (const auto& [id, row] : tables.conversations) {
    if (!row.room()) continue;
    for (const auto& [account, intervals] : row.room()->former) rows.push_back(former_record(id, account, intervals));
  }
  for (const auto& [id, row] : tables.conversations) {
    if (!row.room()) continue;
    for (const auto account : row.room()->invited) rows.push_back(invited_record(id, account));
  }
}

}  // namespace

std::vector<RecordRow> records_of(const State::Tables& tables) {
  std::vector<RecordRow> rows;
  rows.push_back(meta_record(tables));
  for (const auto& rule : setting_rules()) {
    const auto value = tables.settings[rule.setting];
    if (value != rule.initial) rows.push_back(setting_record(rule, value));
  }
  for (const auto& [id, row] : tables.accounts) rows.push_back(account_record(id, row));
  for (const auto& [id, row] : tables.logins) rows.push_back(login_record(id, row));
  for (const auto& [code, row] : tables.invitations) rows.push_back(invitation_record(code, row));
  add_rooms_and_directs(rows, tables);
  add_people_of_rooms(rows, tables);
  for (const auto& [key, number] : tables.markers) rows.push_back(marker_record(key.first, key.second, number));
  for (const auto& [id, row] : tables.clients) rows.push_back(client_record(id, row));
  for (const auto& [id, row] : tables.clients) {
    for (const auto& [sequence, reply] : row.replies) rows.push_back(reply_record(id, sequence, reply));
  }
  for (const auto& [id, entry] : tables.touched) rows.push_back(touched_record(id, entry));
  return rows;
}

}  // namespace parley::chat
