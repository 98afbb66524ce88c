#include "sim/truth.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "chat/tables.hpp"
#include "node/applier.hpp"
#include "wire/command_codec.hpp"

namespace parley::sim {

bool Truth::Conversation::takes_part(chat::AccountId account, Index at) const {
  if (room.empty()) return account == low || account == high;
  const auto found = members.find(account);
  if (found == members.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(),
                     [at](const Membership& time) { return time.joined <= at && at < time.left; });
}

void Truth::commit(const raft::Entry& entry, TimePoint now) {
  PARLEY_ASSERT(entry.id.index == committed().next(), "the truth is told in order");
  chat::Effects effects;
  std::optional<chat::Entry> given;
  if (const auto* bytes = std::get_if<SharedBytes>(&entry.content)) {
    if (auto command = wire::decode_command(bytes->view())) given = {entry.id.index, entry.time, std::move(*command)};
  }
  if (given) {
    effects = chat::apply(state_, *given);
    note_accounts(*given, effects);
  } else {
    effects = chat::apply_nothing(state_, entry.id.index, entry.time);
  }
  chains_.push_back(node::next_chain(chain(committed()), entry, effects));
  add(entry.id.index, effects, now);
}

void Truth::note_accounts(const chat::Entry& entry, const chat::Effects& effects) {
  const auto* sequenced = std::get_if<chat::Sequenced>(&entry.command);
  if (sequenced == nullptr || !effects.reply || effects.reply->code != chat::Code::done) return;
  // An answer given again is that of an account which is known, or was deleted, already.
  const chat::AccountId id = effects.reply->account;
  const bool made = std::holds_alternative<chat::Register>(sequenced->request) && !account_names_.contains(id);
  if (made) add_account(id, state_.tables().account(id)->name);
  const bool ended = std::holds_alternative<chat::DeleteAccount>(sequenced->request);
  if (ended && !deleted_accounts_.contains(id)) delete_account(id, entry.index);
}

void Truth::add(Index index, const chat::Effects& effects, TimePoint now) {
  while (committed() < index) committed_at_.push_back(now);
  std::map<chat::MessageId, const std::vector<chat::AccountId>*> audiences;
  for (const auto& delivery : effects.deliveries) {
    if (const auto* message = std::get_if<chat::MessageChanged>(&delivery.event)) {
      audiences[message->row.id] = &delivery.audience;
    } else if (const auto* room = std::get_if<chat::RoomChanged>(&delivery.event)) {
      add_room_event(index, *room);
    } else if (const auto* ended = std::get_if<chat::LoginEnded>(&delivery.event)) {
      logins_ended_.push_back({index, *ended});
    }
  }
  static const std::vector<chat::AccountId> nobody;
  for (const auto& row : effects.messages) {
    const auto audience = audiences.find(row.id);
    add_message(index, row, audience == audiences.end() ? nobody : *audience->second);
  }
}

Truth::Conversation& Truth::conversation_of(const chat::MessageRow& row) {
  const auto [found, is_new] = conversations_.try_emplace(row.conversation);
  if (!is_new) return found->second;
  const auto* known = state_.tables().conversation(row.conversation);
  if (known == nullptr || known->direct() == nullptr) return found->second;
  found->second.low = known->direct()->low.account;
  found->second.high = known->direct()->high.account;
  return found->second;
}

void Truth::add_message(Index index, const chat::MessageRow& row, const std::vector<chat::AccountId>& audience) {
  Change change;
  change.index = index;
  change.message = row.id;
  change.conversation = row.conversation;
  change.number = row.number;
  change.author = row.author;
  change.text = row.text;
  change.edited = row.edited;
  change.deleted = row.deleted;
  change.is_new = !messages_.contains(row.id.value);
  change.client = row.client;
  change.sequence = row.sequence;
  change.audience = audience;
  if (change.is_new) {
    conversation_of(row).messages.push_back(row.id);
    messages_[row.id.value] = Message{row.conversation, row.number, row.author, {}};
  }
  messages_[row.id.value].changes.push_back(changes_.size());
  changes_.push_back(std::move(change));
}

void Truth::add_room_event(Index index, const chat::RoomChanged& event) {
  using What = chat::RoomChanged::What;
  Conversation& room = conversations_[event.conversation];
  const chat::Number last(room.messages.size());
  if (event.what == What::created) {
    room.room = "#" + event.room;
    rooms_[room.room] = event.conversation;
    if (const auto* known = state_.tables().room(event.conversation)) {
      room.invite_only = known->kind == chat::RoomKind::invite_only;
    }
  }
  if (event.what == What::created || event.what == What::joined) {
    room.members[event.account].push_back({last.next(), chat::number_max, index, Index(~0ULL)});
  } else if (event.what == What::left || event.what == What::removed) {
    auto& times = room.members[event.account];
    if (times.empty()) return;
    times.back().through = last;
    times.back().left = index;
  }
}

Index Truth::committed_by(TimePoint time) const {
  const auto after = std::upper_bound(committed_at_.begin(), committed_at_.end(), time);
  return Index(static_cast<std::uint64_t>(after - committed_at_.begin()));
}

const Digest& Truth::chain(Index index) const {
  static const Digest before_everything{};
  return index == Index(0) ? before_everything : chains_.at(index.value - 1);
}

std::size_t Truth::first_change_after(Index index) const {
  const auto found = std::upper_bound(changes_.begin(), changes_.end(), index,
                                      [](Index wanted, const Change& change) { return wanted < change.index; });
  return static_cast<std::size_t>(found - changes_.begin());
}

const Truth::Message* Truth::message(std::uint64_t id) const {
  const auto found = messages_.find(id);
  return found == messages_.end() ? nullptr : &found->second;
}

const Truth::Conversation* Truth::conversation(chat::ConversationId id) const {
  const auto found = conversations_.find(id);
  return found == conversations_.end() ? nullptr : &found->second;
}

chat::ConversationId Truth::room_named(const std::string& with_hash) const {
  const auto found = rooms_.find(with_hash);
  return found == rooms_.end() ? chat::ConversationId{} : found->second;
}

chat::ConversationId Truth::pair(chat::AccountId a, chat::AccountId b) const {
  for (const auto& [id, conversation] : conversations_) {
    if (conversation.room.empty() && conversation.low == std::min(a, b) && conversation.high == std::max(a, b))
      return id;
  }
  return {};
}

chat::AccountId Truth::account_named(const std::string& name) const {
  const auto& all = accounts_called(name);
  return all.empty() ? chat::AccountId{} : all.back();
}

std::string Truth::account_name(chat::AccountId id) const {
  const auto found = account_names_.find(id);
  return found == account_names_.end() ? std::string() : found->second;
}

const std::vector<chat::AccountId>& Truth::accounts_called(const std::string& name) const {
  static const std::vector<chat::AccountId> none;
  const auto found = accounts_.find(name);
  return found == accounts_.end() ? none : found->second;
}

Index Truth::account_deleted(chat::AccountId id) const {
  const auto found = deleted_accounts_.find(id);
  return found == deleted_accounts_.end() ? Index(~0ULL) : found->second;
}

void Truth::add_account(chat::AccountId id, const std::string& name) {
  accounts_[name].push_back(id);
  account_names_[id] = name;
}

void Truth::add_conversation(chat::ConversationId id, Conversation conversation) {
  if (!conversation.room.empty()) rooms_[conversation.room] = id;
  conversations_[id] = std::move(conversation);
}

bool Truth::may_ever_see(chat::AccountId account, const Conversation& conversation, chat::Number number) const {
  if (conversation.room.empty()) return account == conversation.low || account == conversation.high;
  if (!conversation.invite_only) return true;
  const auto found = conversation.members.find(account);
  if (found == conversation.members.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(),
                     [number](const Membership& time) { return time.from <= number && number <= time.through; });
}

std::optional<std::size_t> Truth::version(std::uint64_t id, const std::string& text, bool edited, bool deleted,
                                          Index by) const {
  const Message* known = message(id);
  if (known == nullptr) return std::nullopt;
  std::optional<std::size_t> found;
  for (const std::size_t place : known->changes) {
    const Change& change = changes_[place];
    const bool fits = change.deleted == deleted && (deleted || (change.text == text && change.edited == edited));
    if (fits && (!found || change.index <= by)) found = place;
  }
  return found;
}

Index Truth::replaced_at(std::size_t change) const {
  const auto& versions = messages_.at(changes_[change].message.value).changes;
  const auto next = std::upper_bound(versions.begin(), versions.end(), change);
  return next == versions.end() ? Index(~0ULL) : changes_[*next].index;
}

}  // namespace parley::sim
