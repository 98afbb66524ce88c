#include "base/mutant.hpp"
#include "chat/change.hpp"
#include "chat/text.hpp"

// Editing and deleting. State knows no old message: what must be known of one was read by the proposing node and is
// believed as far as nothing touched the message since (R17).

namespace parley::chat {
namespace {

// May the facts, read when `seen_at` was applied, be out of date? Touches of the last touched_window entries are known.
bool out_of_date(const Change& change, const MessageFacts& facts, Index seen_at) {
  const auto& tables = change.tables;
  if (seen_at >= change.index) return false;
  if (change.index - seen_at > touched_window) return true;
  if (facts.id.value > seen_at.value && facts.id.value < change.index.value) return true;   // made since
  const auto touched = tables.touched.find(facts.id);
  const bool since = touched != tables.touched.end() && touched->second > seen_at;
  return since && !PARLEY_MUTANT(edits_what_changed_meanwhile);
}

// The conversation of a message that is there; null where it can't be.
const Conversation* conversation_of(const Change& change, const MessageFacts& facts) {
  const auto* conversation = change.tables.conversation(facts.conversation);
  const bool possible = conversation && facts.number.value >= 1 && facts.number <= conversation->last &&
                        facts.id.value < change.index.value && facts.author_name.size() <= account_name_max;
  return possible ? conversation : nullptr;
}

MessageRow row_of(const Change& change, const MessageFacts& facts) {
  MessageRow row;
  row.id = facts.id;
  row.conversation = facts.conversation;
  row.number = facts.number;
  row.author = facts.author;
  row.author_name = facts.author_name;
  row.time = facts.time;
  row.edited = facts.edited;
  row.changed_index = change.index;
  row.client = facts.client;
  row.sequence = facts.sequence;
  return row;
}

void change_message(Change& change, const Conversation& conversation, MessageRow row) {
  change.tables.touch(row.id, change.index);
  change.save(touched_record(row.id, change.index));
  change.effects.messages.push_back(row);
  auto audience = audience_of(change.tables, conversation, row.number, false);
  change.deliver(std::move(audience), MessageChanged{std::move(row), false});
}

// Its author may, and in rooms also the owner and administrators. Who can't read it is not told that it is there.
std::optional<Code> fault_of_deletion(const Change& change, const Actor& actor, const MessageFacts& facts) {
  const auto* conversation = conversation_of(change, facts);
  if (!conversation) return Code::no_such_message;
  const auto* room = conversation->room();
  if (room && actor.administers) return std::nullopt;
  if (!readable_at(change.tables, actor.account, *conversation, facts.number)) return Code::no_such_message;
  if (facts.author == actor.account || (room && room->owner == actor.account)) return std::nullopt;
  return Code::forbidden;
}

}  // namespace

Reply carry_out(Change& change, const Actor& actor, const EditMessage& request) {
  auto& tables = change.tables;
  const auto& facts = request.facts;
  const auto thing = std::to_string(facts.id.value);
  if (actor.account.value == 0) return refuse(Code::not_logged_in, "");
  if (const auto fault = fault_of_message(request.text)) return refuse(*fault, "");
  if (out_of_date(change, facts, request.seen_at)) return refuse(Code::look_again, thing);
  const auto* conversation = conversation_of(change, facts);
  if (!conversation || !readable_at(tables, actor.account, *conversation, facts.number)) {
    return refuse(Code::no_such_message, thing);
  }
  if (facts.author != actor.account) return refuse(Code::forbidden, thing);
  if (facts.deleted) return refuse(Code::deleted_already, thing);
  const auto* room = conversation->room();
  if (room && !room->members.contains(actor.account)) return refuse(Code::not_a_member, room->name);
  auto row = row_of(change, facts);
  row.text = request.text;
  row.edited = true;
  change_message(change, *conversation, std::move(row));
  Reply reply;
  reply.conversation = facts.conversation;
  reply.message = facts.id;
  reply.number = facts.number;
  return reply;
}

// All of them or none: the first that can't be deleted is named. One that is deleted already is no fault; it is not
// counted.
Reply carry_out(Change& change, const Actor& actor, const DeleteMessages& request) {
  if (actor.account.value == 0 && !actor.administers) return refuse(Code::not_logged_in, "");
  if (request.facts.size() > delete_ids_max) {
    return refuse(Code::limit_reached, std::to_string(delete_ids_max) + " messages at once");
  }
  for (const auto& facts : request.facts) {
    if (out_of_date(change, facts, request.seen_at)) return refuse(Code::look_again, std::to_string(facts.id.value));
  }
  for (const auto& facts : request.facts) {
    const auto fault = fault_of_deletion(change, actor, facts);
    if (fault) return refuse(*fault, std::to_string(facts.id.value));
  }
  Reply reply;
  std::set<MessageId> seen;
  for (const auto& facts : request.facts) {
    if (facts.deleted || !seen.insert(facts.id).second) continue;
    auto row = row_of(change, facts);
    row.deleted = true;
    change_message(change, *change.tables.conversation(facts.conversation), std::move(row));
    ++reply.count;
  }
  return reply;
}

}  // namespace parley::chat
