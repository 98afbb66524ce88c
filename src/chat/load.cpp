#include <algorithm>

#include "base/mutant.hpp"
#include "chat/records.hpp"

// Records from the archive back into tables. The archive's checksums guard against damaged bytes; here is checked
// what the tables rely on, so that a record that can't be is named instead of believed.

namespace parley::chat {
namespace {

using Tables = State::Tables;

LogTime read_time(Reader& in) {
  const LogTime time{in.i64()};
  if (time.ms < 0) in.fail();
  return time;
}

Digest read_digest(Reader& in) {
  const auto bytes = in.raw(sizeof(Digest::bytes));
  return in.ok() ? Digest::from_view(bytes) : Digest{};
}

template <class Id>
Id read_id(Reader& in) {
  return Id(in.u64());
}

std::vector<Interval> read_intervals(Reader& in) {
  std::vector<Interval> intervals;
  const auto count = in.u32();
  if (count > intervals_max) in.fail();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const Interval interval{read_id<Number>(in), read_id<Number>(in)};
    intervals.push_back(interval);
  }
  return intervals;
}

void need(Reader& in, bool condition) {
  if (!condition) in.fail();
}

void load_meta(Tables& tables, Reader&, Reader& value) {
  tables.last_applied = read_id<Index>(value);
  tables.time = read_time(value);
  tables.generation = read_id<Generation>(value);
}

void load_setting(Tables& tables, Reader& key, Reader& value) {
  const auto* rule = find_setting(key.string(64));
  const auto number = value.u64();
  need(key, rule != nullptr);
  if (!rule) return;
  need(value, number >= rule->least && number <= rule->greatest);
  if (value.ok()) tables.settings.set(rule->setting, number);
}

void load_account(Tables& tables, Reader& key, Reader& value) {
  const auto id = read_id<AccountId>(key);
  Account row;
  row.name = value.string(account_name_max);
  row.phc = value.string(phc_max);
  row.credential_version = value.u64();
  row.administrator = value.boolean();
  row.banned = value.boolean();
  row.created = read_time(value);
  need(value, id.value != 0 && !tables.account_names.contains(row.name));
  if (key.ok() && value.ok()) tables.add_account(id, std::move(row));
}

void load_login(Tables& tables, Reader& key, Reader& value) {
  const auto id = read_digest(key);
  LoginRow row;
  row.account = read_id<AccountId>(value);
  row.opened = read_id<Index>(value);
  row.last_used = read_time(value);
  need(value, tables.account(row.account) != nullptr);
  if (key.ok() && value.ok()) tables.add_login(id, row);
}

void load_invitation(Tables& tables, Reader& key, Reader& value) {
  const auto code = read_digest(key);
  const auto made = read_id<Index>(value);
  const auto time = read_time(value);
  if (key.ok() && value.ok()) tables.add_invitation(code, {made, time});
}

void load_room(Tables& tables, Reader& key, Reader& value) {
  const auto id = read_id<ConversationId>(key);
  Room row;
  row.name = value.string(room_name_max);
  row.topic = value.string(topic_max);
  const auto kind = value.u8();
  need(value, kind <= static_cast<std::uint8_t>(RoomKind::invite_only));
  row.kind = static_cast<RoomKind>(kind);
  row.owner = read_id<AccountId>(value);
  need(value, !tables.room_names.contains(row.name) && !tables.conversation(id));
  if (key.ok() && value.ok()) tables.add_room(id, std::move(row));
}

void load_direct(Tables& tables, Reader& key, Reader& value) {
  const auto id = read_id<ConversationId>(key);
  Direct row;
  for (auto* side : {&row.low, &row.high}) {
    side->account = read_id<AccountId>(value);
    side->name = value.string(account_name_max);
  }
  row.opened_by = read_id<AccountId>(value);
  need(value, row.low.account <= row.high.account && !tables.conversation(id));
  if (key.ok() && value.ok()) tables.add_direct(id, std::move(row));
}

void load_counter(Tables& tables, Reader& key, Reader& value) {
  auto* conversation = tables.conversation(read_id<ConversationId>(key));
  const auto last = read_id<Number>(value);
  need(key, conversation != nullptr);
  if (key.ok() && value.ok()) conversation->last = last;
}

// Key of the three records below: a room and an account that are there.
std::pair<ConversationId, AccountId> read_room_and_account(Tables& tables, Reader& key) {
  const auto id = read_id<ConversationId>(key);
  const auto account = read_id<AccountId>(key);
  need(key, tables.room(id) && tables.account(account));
  return {id, account};
}

void load_member(Tables& tables, Reader& key, Reader& value) {
  const auto [id, account] = read_room_and_account(tables, key);
  Member row;
  row.joined = read_id<Index>(value);
  row.intervals = read_intervals(value);
  if (key.ok() && value.ok()) tables.add_member(id, account, std::move(row));
}

void load_former(Tables& tables, Reader& key, Reader& value) {
  const auto [id, account] = read_room_and_account(tables, key);
  auto intervals = read_intervals(value);
  if (key.ok() && value.ok()) tables.add_former(id, account, std::move(intervals));
}

void load_invited(Tables& tables, Reader& key, Reader&) {
  const auto [id, account] = read_room_and_account(tables, key);
  if (key.ok()) tables.add_invited(id, account);
}

void load_marker(Tables& tables, Reader& key, Reader& value) {
  const auto account = read_id<AccountId>(key);
  const auto id = read_id<ConversationId>(key);
  const auto number = read_id<Number>(value);
  need(key, tables.account(account) && tables.conversation(id));
  if (key.ok() && value.ok()) tables.markers[{account, id}] = number;
}

void load_client(Tables& tables, Reader& key, Reader& value) {
  const auto id = read_id<ClientId>(key);
  Client row;
  row.key = read_digest(value);
  row.last = read_id<Sequence>(value);
  row.first_outstanding = read_id<Sequence>(value);
  row.last_used = read_time(value);
  row.proven = value.boolean();
  if (key.ok() && value.ok()) tables.add_client(id, std::move(row));
}

Reply read_reply(Reader& in) {
  Reply reply;
  const auto code = in.u8();
  need(in, code <= static_cast<std::uint8_t>(Code::unknown_client));
  reply.code = static_cast<Code>(code);
  reply.account = read_id<AccountId>(in);
  reply.conversation = read_id<ConversationId>(in);
  reply.message = read_id<MessageId>(in);
  reply.number = read_id<Number>(in);
  reply.time = LogTime{in.i64()};
  reply.count = in.u32();
  reply.client = read_id<ClientId>(in);
  reply.text = in.string(reply_text_max);
  return reply;
}

void load_reply(Tables& tables, Reader& key, Reader& value) {
  const auto id = read_id<ClientId>(key);
  const auto sequence = read_id<Sequence>(key);
  KeptReply row;
  row.payload = read_digest(value);
  row.reply = read_reply(value);
  need(key, tables.clients.contains(id));
  const bool kept = !PARLEY_MUTANT(forgets_replies_when_loading);
  if (key.ok() && value.ok() && kept) tables.add_reply(id, sequence, std::move(row));
}

void load_touched(Tables& tables, Reader& key, Reader& value) {
  const auto id = read_id<MessageId>(key);
  const auto entry = read_id<Index>(value);
  if (key.ok() && value.ok()) tables.touch(id, entry);
}

using Load = void (*)(Tables&, Reader& key, Reader& value);
constexpr Load loads[] = {nullptr,      load_meta,   load_setting, load_account, load_login,  load_invitation,
                          load_room,    load_direct, load_counter, load_member,  load_former, load_invited,
                          load_marker,  load_client, load_reply,   load_touched};

}  // namespace

bool load_record(State::Tables& tables, const RecordRow& record) {
  if (record.kind == 0 || record.kind >= std::size(loads) || !record.value) return false;
  Reader key(record.key);
  Reader value(*record.value);
  loads[record.kind](tables, key, value);
  return key.done() && value.done();
}

Result<State> State::load(const std::vector<RecordRow>& records) {
  std::vector<const RecordRow*> in_order;
  in_order.reserve(records.size());
  for (const auto& record : records) in_order.push_back(&record);
  // Kinds refer to those before them only; within a kind any order will do.
  std::stable_sort(in_order.begin(), in_order.end(), [](auto* a, auto* b) { return a->kind < b->kind; });
  State state;
  for (const auto* record : in_order) {
    if (load_record(state.tables(), *record)) continue;
    return Error{"the archive holds a " + std::string(name_of(static_cast<RecordKind>(record->kind))) +
                 " record (kind " + std::to_string(record->kind) + ") that this program can't read"};
  }
  return state;
}

}  // namespace parley::chat
