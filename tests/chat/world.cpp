#include "chat/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace parley::chat {

World::World() = default;

World::~World() {
  check_records();
  EXPECT_EQ(broken_invariant(state_), std::nullopt);
}

void World::archive() {
  Hasher hasher;
  hasher.add(chain_.view());
  hasher.add(index_.value);
  hasher.add(canonical(effects_));
  chain_ = hasher.finish();
  for (const auto& row : effects_.records) {
    if (row.value) {
      records_[{row.kind, row.key}] = *row.value;
    } else {
      records_.erase({row.kind, row.key});
    }
  }
  for (const auto& row : effects_.messages) rows_[row.id] = row;
}

const Effects& World::apply(Command command) {
  ++index_;
  effects_ = chat::apply(state_, Entry{index_, time_, std::move(command)});
  archive();
  return effects_;
}

const Effects& World::apply_nothing() {
  ++index_;
  effects_ = chat::apply_nothing(state_, index_, time_);
  archive();
  return effects_;
}

Reply World::ask(Request request, std::optional<LoginId> login, bool by_operator) {
  if (!find_client(state_, client_)) {
    client_ = open_client();
    sequence_ = Sequence{};
  }
  Sequenced command;
  command.client = client_;
  command.sequence = sequence_.next();
  command.first_outstanding = command.sequence;
  command.login = login;
  command.by_operator = by_operator;
  command.request = std::move(request);
  const auto reply = *apply(std::move(command)).reply;
  if (reply.code != Code::look_again) ++sequence_;
  return reply;
}

AccountId World::add_person(std::string_view name) {
  const auto reply = ask(Register{std::string(name), "$phc of " + std::string(name), std::nullopt});
  EXPECT_EQ(reply.code, Code::done) << word(reply.code);
  EXPECT_EQ(log_in(name, login_of(name)).code, Code::done);
  return reply.account;
}

AccountId World::id(std::string_view name) const {
  const auto account = find_account(state_, name);
  return account ? account->id : AccountId{};
}

Reply World::log_in(std::string_view name, const LoginId& login) {
  const auto account = find_account(state_, name);
  return ask(Login{account ? account->id : AccountId{}, account ? account->credential_version : 0, login});
}

ClientId World::open_client() { return apply(OpenClient{digest("key")}).reply->client; }

Reply World::sequenced(ClientId client, std::uint64_t sequence, std::uint64_t first, Request request,
                       std::string_view payload, std::optional<LoginId> login) {
  Sequenced command;
  command.client = client;
  command.sequence = Sequence(sequence);
  command.first_outstanding = Sequence(first);
  command.payload = digest(payload);
  command.login = login;
  command.request = std::move(request);
  return *apply(std::move(command)).reply;
}

MessageFacts World::facts(MessageId message) const {
  const auto found = rows_.find(message);
  if (found != rows_.end()) return facts_of(found->second);
  MessageFacts unknown;
  unknown.id = message;
  return unknown;
}

EditMessage World::edit(MessageId message, std::string_view text) const {
  return {facts(message), index_, std::string(text)};
}

DeleteMessages World::deletion(std::vector<MessageId> messages) const {
  DeleteMessages request;
  for (const auto message : messages) request.facts.push_back(facts(message));
  request.seen_at = index_;
  return request;
}

void World::mark(std::string_view name, ConversationId conversation, std::uint64_t number) {
  Markers markers;
  markers.reads.push_back({id(name), conversation, Number(number)});
  apply(markers);
}

std::vector<RecordRow> World::archived() const {
  std::vector<RecordRow> rows;
  for (const auto& [key, value] : records_) rows.push_back({key.first, key.second, value});
  return rows;
}

void World::check_records() const {
  if (index_.value == 0) return;
  std::map<std::pair<std::uint8_t, std::string>, std::string> held;
  for (const auto& row : state_.all_records()) {
    const bool first = held.emplace(std::pair(row.kind, row.key), *row.value).second;
    EXPECT_TRUE(first) << "two records of kind " << int{row.kind} << " with one key";
  }
  for (const auto& [key, value] : held) {
    const auto found = records_.find(key);
    ASSERT_NE(found, records_.end()) << "a record of kind " << int{key.first} << " was never written";
    ASSERT_EQ(found->second, value) << "a record of kind " << int{key.first} << " was not written when it changed";
  }
  for (const auto& [key, value] : records_) {
    ASSERT_TRUE(held.contains(key)) << "a record of kind " << int{key.first} << " was not erased";
  }
}

std::string_view word(Code code) {
  static constexpr std::string_view words[] = {
      "done", "not_logged_in", "wrong_credentials", "name_taken", "bad_name", "no_such_account", "no_such_room",
      "no_such_message", "room_exists", "not_a_member", "already_a_member", "forbidden", "banned", "deleted_already",
      "text_too_long", "text_empty", "bad_text", "registration_closed", "invitation_required", "bad_invitation",
      "limit_reached", "unknown_setting", "bad_value", "look_again", "wrong_sequence", "conflict", "forgotten",
      "unknown_client"};
  return words[static_cast<std::size_t>(code)];
}

void PrintTo(Code code, std::ostream* out) { *out << word(code); }

}  // namespace parley::chat
