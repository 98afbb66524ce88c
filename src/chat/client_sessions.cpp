#include <algorithm>

#include "base/mutant.hpp"
#include "chat/change.hpp"

// Client sessions: a sequenced request is carried out at most once, and who asks again gets the first answer again
// (R15; dissertation 6.3).

namespace parley::chat {
namespace {

// Makes room: first go the sessions that never had a request done (anybody can open those), then those not used for
// longest. Whose session went is told unknown_client, and asks for outcomes. `spared` is the one in use.
void make_room(Change& change, ClientId spared) {
  auto& tables = change.tables;
  while (tables.clients.size() > client_sessions_max || tables.reply_count > replies_max) {
    auto first = tables.clients_by_use.begin();
    if (std::get<ClientId>(*first) == spared) ++first;
    if (first == tables.clients_by_use.end()) return;
    drop_client(change, std::get<ClientId>(*first));
  }
}

void drop_reply(Change& change, ClientId id, Sequence sequence) {
  change.tables.drop_reply(id, sequence);
  change.erase(RecordKind::reply, id, sequence);
}

// The number is used up and the answer kept; the client's older answers go as far as it has them.
void keep_answer(Change& change, const Sequenced& command, const Reply& reply) {
  auto& tables = change.tables;
  auto& client = tables.clients.at(command.client);
  client.last = command.sequence;
  const auto outstanding = PARLEY_MUTANT(forgets_unacknowledged_replies) ? command.sequence : command.first_outstanding;
  const auto acknowledged = std::min(outstanding, command.sequence);
  client.first_outstanding = std::max(client.first_outstanding, acknowledged);
  KeptReply kept{command.payload, reply};
  change.save(reply_record(command.client, command.sequence, kept));
  tables.add_reply(command.client, command.sequence, std::move(kept));
  if (client.replies.size() > replies_per_client_max) {
    client.first_outstanding = std::max(client.first_outstanding, client.replies.begin()->first.next());
  }
  while (client.replies.begin()->first < client.first_outstanding) {
    drop_reply(change, command.client, client.replies.begin()->first);
  }
  tables.use_client(command.client, change.now(), reply.code == Code::done);
  change.save(client_record(command.client, client));
  make_room(change, command.client);
}

SequenceView not_carried_out(SequenceView::Kind kind, Code code, Sequence expected) {
  SequenceView view;
  view.kind = kind;
  view.reply.code = code;
  view.reply.number = Number(expected.value);
  view.expected = expected;
  return view;
}

}  // namespace

SequenceView look_up(const State::Tables& tables, ClientId id, Sequence sequence, const Digest& payload) {
  using Kind = SequenceView::Kind;
  const auto found = tables.clients.find(id);
  if (found == tables.clients.end() || tables.client_expired(found->second)) {
    return not_carried_out(Kind::unknown_client, Code::unknown_client, {});
  }
  const auto& client = found->second;
  const auto expected = client.last.next();
  const bool repeated = sequence < expected && PARLEY_MUTANT(carries_out_retries);
  const bool early = sequence > expected && PARLEY_MUTANT(accepts_a_gap);
  if (sequence == expected || repeated || early) return {Kind::next, {}, expected};
  if (sequence > expected) return not_carried_out(Kind::gap, Code::wrong_sequence, expected);
  const auto kept = client.replies.find(sequence);
  if (kept == client.replies.end()) return not_carried_out(Kind::forgotten, Code::forgotten, expected);
  if (kept->second.payload != payload) return not_carried_out(Kind::conflict, Code::conflict, expected);
  return {Kind::answered, kept->second.reply, expected};
}

void open_client(Change& change, const OpenClient& command) {
  const ClientId id(change.index.value);
  Client row;
  row.key = command.key;
  row.last_used = change.now();
  change.save(client_record(id, row));
  change.tables.add_client(id, std::move(row));
  make_room(change, id);
  Reply reply;
  reply.client = id;
  reply.time = change.now();
  change.effects.reply = std::move(reply);
}

void apply_sequenced(Change& change, const Sequenced& command) {
  auto turn = look_up(change.tables, command.client, command.sequence, command.payload);
  if (turn.kind != SequenceView::Kind::next) {
    change.effects.reply = std::move(turn.reply);
    return;
  }
  const auto actor = find_actor(change.tables, command);
  auto reply = std::visit([&](const auto& request) { return carry_out(change, actor, request); }, command.request);
  reply.time = change.now();
  if (reply.code != Code::look_again) {
    keep_answer(change, command, reply);
    if (actor.account.value != 0) keep_login_alive(change, actor.login);
  }
  change.effects.reply = std::move(reply);
}

void keep_client_alive(Change& change, ClientId id) {
  auto& tables = change.tables;
  const auto found = tables.clients.find(id);
  if (found == tables.clients.end() || tables.client_expired(found->second)) return;
  if (change.now().ms - found->second.last_used.ms < use_granularity_ms) return;
  tables.use_client(id, change.now(), false);
  change.save(client_record(id, found->second));
}

void drop_client(Change& change, ClientId id) {
  for (const auto& [sequence, reply] : change.tables.clients.at(id).replies) {
    change.erase(RecordKind::reply, id, sequence);
  }
  change.tables.drop_client(id);
  change.erase(RecordKind::client, id);
}

}  // namespace parley::chat
