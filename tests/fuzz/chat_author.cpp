#include "fuzz/chat_author.hpp"

#include <iterator>
#include <utility>

namespace parley::fuzz {

using namespace chat;

std::string ChatAuthor::person(std::uint64_t number) {
  static const char* const names[] = {"ann", "bob", "Cat", "dan", "eve", "no body"};
  return names[number % std::size(names)];
}

LoginId ChatAuthor::login(const std::string& name, std::uint64_t number) {
  return digest(name + std::to_string(number));
}

std::string ChatAuthor::name() { return in_.below(32) == 0 ? in_.text(40) : person(); }

std::string ChatAuthor::room() {
  static const char* const rooms[] = {"tea", "Milk", "beer", "1"};
  const auto draw = in_.below(32);
  return draw == 31 ? in_.text(70) : rooms[draw % std::size(rooms)];
}

std::string ChatAuthor::text() {
  switch (in_.below(8)) {
    case 0: return {};
    case 1: return in_.text(60);
    case 2: return std::string(text_max + 1, 'x');
    case 3: return std::string(topic_max, 'y');
    default: return "hello";
  }
}

AccountId ChatAuthor::account() {
  if (in_.below(16) == 0) return AccountId(in_.any_number());
  const auto found = find_account(*state_, person());
  return found ? found->id : AccountId{};
}

ConversationId ChatAuthor::conversation() {
  if (in_.below(8) == 0) return ConversationId(in_.any_number());
  const std::string place = in_.boolean() ? "#" + room() : "@" + person();
  return conversation_for(*state_, account(), place).value_or(ConversationId{});
}

// The first ones opened are the first entries of the log.
ClientId ChatAuthor::client() { return in_.below(16) == 0 ? ClientId(in_.any_number()) : ClientId(1 + in_.below(8)); }

std::uint64_t ChatAuthor::credential_version() {
  if (in_.below(8) == 0) return in_.any_number();
  const auto found = find_account(*state_, person());
  return found ? found->credential_version : 1;
}

MessageFacts ChatAuthor::facts() {
  MessageFacts facts;
  facts.id = MessageId(in_.below(256));
  const auto row = rows_->lower_bound(facts.id);
  if (row != rows_->end()) facts = facts_of(row->second);
  switch (in_.below(12)) {
    case 0: facts.conversation = conversation(); break;
    case 1: facts.number = Number(in_.any_number()); break;
    case 2: facts.author = account(); break;
    case 3: facts.author_name = in_.text(40); break;
    case 4: facts.time = LogTime{static_cast<std::int64_t>(in_.any_number())}; break;
    case 5: facts.client = ClientId(in_.any_number()); break;
    case 6: facts.deleted = !facts.deleted; break;
    default: break;
  }
  return facts;
}

Index ChatAuthor::seen_at() { return in_.below(8) == 0 ? Index(in_.any_number()) : state_->last_applied(); }

Request ChatAuthor::of_account(std::uint64_t what) {
  switch (what) {
    case 0: {
      Register request{name(), in_.below(16) == 0 ? in_.text(255) : "$phc", std::nullopt};
      if (in_.boolean()) request.invitation = digest(std::to_string(in_.below(3)));
      return request;
    }
    case 1: {
      const auto who = person();
      const auto found = find_account(*state_, who);
      const auto version = in_.below(8) == 0 ? in_.any_number() : found ? found->credential_version : 0;
      return Login{found ? found->id : AccountId{}, version, login(who, in_.below(4))};
    }
    case 2: return Logout{in_.boolean()};
    case 3: return ChangePassword{credential_version(), in_.below(16) == 0 ? in_.text(255) : "$new"};
    case 4: return DeleteAccount{credential_version()};
    default: return CreateInvitation{digest(std::to_string(in_.below(3)))};
  }
}

Request ChatAuthor::of_room(std::uint64_t what) {
  const auto where = room();
  switch (what) {
    case 0: {
      const auto kind = in_.boolean() ? RoomKind::open : RoomKind::invite_only;
      return CreateRoom{where, kind, text()};
    }
    case 1: return JoinRoom{where};
    case 2: return LeaveRoom{where};
    case 3: return InviteToRoom{where, name()};
    case 4: return RemoveFromRoom{where, name()};
    case 5: return SetTopic{where, text()};
    default: return SendRoom{where, text()};
  }
}

Request ChatAuthor::of_administrator(std::uint64_t what) {
  switch (what) {
    case 0: {
      static const char* const settings[] = {"registration", "login_idle_days", "logins_per_account_max",
                                             "members_per_room_max", "rooms_per_account_max", "nothing"};
      static const char* const values[] = {"open", "invite", "closed", "1", "2", "30", "18446744073709551616"};
      const std::string setting = settings[in_.below(std::size(settings))];
      return ChangeSetting{setting, in_.below(8) == 0 ? in_.text(30) : values[in_.below(std::size(values))]};
    }
    case 1: {
      const auto who = name();
      return SetAdministrator{who, in_.boolean()};
    }
    case 2: return ResetPassword{name(), "$reset"};
    default: {
      const auto who = name();
      return SetBanned{who, in_.boolean()};
    }
  }
}

Request ChatAuthor::request() {
  const auto what = in_.below(24);
  if (what < 6) return of_account(what);
  if (what < 14) return of_room(what - 6);
  if (what < 18) return of_administrator(what - 14);
  if (what < 20) {
    const auto old = facts();
    const auto seen = seen_at();
    return EditMessage{old, seen, text()};
  }
  if (what < 22) {
    DeleteMessages deletion{{}, seen_at()};
    for (auto count = in_.below(5); count > 0; --count) deletion.facts.push_back(facts());
    if (in_.below(32) == 0 && !deletion.facts.empty()) deletion.facts.resize(delete_ids_max + 1, deletion.facts[0]);
    return deletion;
  }
  const auto to = name();
  return SendDirect{to, text()};
}

Command ChatAuthor::markers() {
  Markers markers;
  for (auto count = in_.below(4); count > 0; --count) {
    const auto who = account();
    const auto where = conversation();
    markers.reads.push_back({who, where, Number(in_.any_number())});
    markers.clients_alive.push_back(client());
    const auto logged_in = person();
    markers.logins_alive.push_back(login(logged_in, in_.below(4)));
  }
  return markers;
}

Command ChatAuthor::sequenced() {
  Sequenced command;
  command.client = client();
  const auto view = find_client(*state_, command.client);
  const std::uint64_t last = view ? view->last.value : 0;
  const auto turn = in_.u8();   // mostly its turn, all answers kept
  command.sequence = Sequence(turn < 224 ? last + 1 : turn < 252 ? last - turn % 4 : in_.any_number());
  command.first_outstanding = Sequence(turn % 2 == 0 ? 1 : turn % 16 == 1 ? in_.any_number() : command.sequence.value);
  command.payload = digest(std::to_string(turn == 223 ? 0 : command.sequence.value));
  const auto who = in_.u8();
  if (who % 16 != 15) command.login = login(person(who % 4), who / 16 % 4);
  command.by_operator = who >= 224;
  command.request = request();
  return command;
}

Command ChatAuthor::next(const State& state, const std::map<MessageId, MessageRow>& rows) {
  state_ = &state;
  rows_ = &rows;
  switch (in_.below(12)) {
    case 0: return OpenClient{digest(in_.text(2))};
    case 1: return markers();
    default: return sequenced();
  }
}

}  // namespace parley::fuzz
