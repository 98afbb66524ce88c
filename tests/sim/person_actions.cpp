// What people do, one request at a time. They know what they were told, which may be out of date: then they are
// refused.
#include <algorithm>
#include <string>
#include <utility>

#include "sim/person.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr std::string_view password = "a simulated password";

// Of each action by itself; a run multiplies each by a factor of its own.
constexpr std::array<double, action_count> usual_weights = {
    30,  8,   2,   6,   3, 6, 4, 3, 3, 1, 3, 2, 1.2, 0.3, 0.8, 0.4, 0.5, 0.7, 0.15, 0.1, 0.5, 0.15, 0.25};

constexpr unsigned wrong_passwords_max = 3;   // a run: more are put off for so long that a run ends before

std::string room_name(bool closed, std::size_t number) {
  return (closed ? "#closed" : "#open") + std::to_string(number);
}

}  // namespace

Habits Habits::draw(Random& random) {
  Habits habits;
  const std::array<double, 6> factors = {0, 0.2, 1, 1, 1, 4};
  for (std::size_t i = 0; i < action_count; ++i) {
    habits.weights.at(i) = usual_weights.at(i) * factors.at(random.below(factors.size()));
  }
  auto& send = habits.weights.at(static_cast<std::size_t>(Action::send));
  send = std::max(send, 6.0);
  const std::array<std::size_t, 4> outstanding = {1, 4, 16, 64};
  habits.outstanding_max = outstanding.at(random.below(outstanding.size()));
  habits.public_rooms = random.between(1, 3);
  habits.closed_rooms = random.between(0, 2);
  habits.away_most = std::chrono::seconds(random.between(1, 20));
  return habits;
}

void Person::act() {
  look_at_feed();
  if (logging_in_) return;
  if (client().account().empty()) {
    if (!is_ready() || !open_.empty()) return;
    if (steps_of_arrival_ == 0) return settle_in();
    return begin_login(password);
  }
  const std::size_t steps = 1 + habits_.public_rooms + habits_.closed_rooms;
  if (steps_of_arrival_ < 2 * steps) return settle_in();
  perform(choose());
}

void Person::talk() { send(some_room()); }

// Registers; then makes the rooms that are not there yet and joins those that are.
void Person::settle_in() {
  const std::size_t step = steps_of_arrival_++;
  if (step == 0) {
    json::object params{{"name", name_}, {"password", password}};
    return submit(begin("account.register"), std::move(params));
  }
  const std::size_t room = (step - 1) / 2;
  if (room >= habits_.public_rooms + habits_.closed_rooms) return;
  const bool closed = room >= habits_.public_rooms;
  const std::string place = room_name(closed, closed ? room - habits_.public_rooms : room);
  if (step % 2 == 0) return in_room("room.join", place);
  Operation& operation = begin("room.create");
  operation.place = place;
  json::object params{{"room", place}};
  if (closed) params["invite_only"] = true;
  submit(operation, std::move(params));
}

Action Person::choose() {
  double sum = 0;
  for (const double weight : habits_.weights) sum += weight;
  double point = random_.unit() * sum;
  for (std::size_t i = 0; i < action_count; ++i) {
    point -= habits_.weights.at(i);
    if (point < 0) return static_cast<Action>(i);
  }
  return Action::send;
}

void Person::perform(Action action) {
  switch (action) {
    case Action::send: return send(some_place());
    case Action::send_direct: return send("@" + others_.at(random_.below(others_.size())));
    case Action::reply_all:
      for (std::uint64_t i = random_.between(2, 8); i > 0; --i) send(some_room());
      return;
    case Action::edit: return edit();
    case Action::erase: return erase();
    case Action::history: return read_history();
    case Action::read: return read_unread();
    case Action::mark: return mark();
    case Action::unread: return ask_unread();
    case Action::search: return search();
    case Action::sync: return sync();
    case Action::join: return in_room("room.join", any_room());
    case Action::leave: return in_room("room.leave", some_room());
    case Action::create: return create();
    case Action::invite: return with_somebody("room.invite");
    case Action::remove: return with_somebody("room.remove");
    case Action::topic: return topic();
    case Action::list: return list();
    case Action::log_out: return log_out();
    case Action::wrong_password:
      if (wrong_passwords_ == wrong_passwords_max) return send(some_room());
      ++wrong_passwords_;
      return begin_login("not the password");
    case Action::drop_connection: return client().drop_connection("by the person's own wish");
    case Action::pause:
      if (!finishing_) away(habits_.away_most);
      return;
    case Action::crash:
      if (finishing_) return;
      end_life("the client crashed");
      return away(habits_.away_most);
  }
}

// -- choosing -------------------------------------------------------------------------------------------------------

std::string Person::next_text(std::string_view kind) {
  std::string text = name_ + " " + std::string(kind) + std::to_string(++texts_);
  if (random_.chance(0.02)) text += " " + std::string(random_.between(500, 8000), 'x');
  return text;
}

std::string Person::any_room() {
  const std::size_t room = random_.below(habits_.public_rooms + habits_.closed_rooms);
  const bool closed = room >= habits_.public_rooms;
  return room_name(closed, closed ? room - habits_.public_rooms : room);
}

std::string Person::some_room() {
  if (joined_.empty() || random_.chance(0.03)) return any_room();
  auto room = joined_.begin();
  std::advance(room, static_cast<std::ptrdiff_t>(random_.below(joined_.size())));
  return *room;
}

std::string Person::some_place() {
  if (random_.chance(0.8)) return some_room();
  return "@" + others_.at(random_.below(others_.size()));
}

std::uint64_t Person::some_message(bool own) {
  const auto& known = own ? own_ : seen_;
  return known.empty() ? 0 : known[known.size() - 1 - random_.below(known.size())];
}

// -- doing ----------------------------------------------------------------------------------------------------------

void Person::send(std::string place) {
  Operation& operation = begin("send");
  operation.place = std::move(place);
  operation.text = next_text("");
  json::object params{{"to", operation.place}, {"text", operation.text}};
  submit(operation, std::move(params));
}

void Person::edit() {
  const std::uint64_t id = some_message(!random_.chance(0.1));
  if (id == 0) return send(some_room());
  Operation& operation = begin("edit");
  operation.messages = {id};
  operation.text = next_text("again ");
  json::object params{{"message", id}, {"text", operation.text}};
  submit(operation, std::move(params));
}

void Person::erase() {
  Operation& operation = begin("delete");
  json::array ids;
  for (std::uint64_t i = random_.between(1, 3); i > 0; --i) {
    const std::uint64_t id = some_message(!random_.chance(0.1));
    if (id == 0 || std::count(operation.messages.begin(), operation.messages.end(), id) != 0) continue;
    operation.messages.push_back(id);
    ids.emplace_back(id);
  }
  if (ids.empty()) {
    operation.messages.push_back(1);
    ids.emplace_back(1);   // no message at all: refused
  }
  json::object params{{"messages", std::move(ids)}};
  submit(operation, std::move(params));
}

void Person::read_history() {
  Operation& operation = begin("history");
  operation.place = random_.chance(0.1) ? any_room() : some_place();
  if (!gone_.empty() && random_.chance(0.2)) operation.place = gone_;
  operation.limit = random_.between(1, 60);
  operation.descending = random_.chance(0.7);
  if (!operation.descending || random_.chance(0.4)) operation.asked = random_.below(200);
  json::object params{{"in", operation.place}, {"limit", operation.limit}};
  if (!operation.descending) params["after"] = operation.asked;
  else if (operation.asked != 0) params["before"] = operation.asked;
  call(operation, std::move(params));
}

void Person::read_unread() {
  Operation& operation = begin("read");
  operation.place = some_place();
  operation.limit = random_.between(1, 40);
  json::object params{{"in", operation.place}, {"limit", operation.limit}};
  call(operation, std::move(params));
}

void Person::mark() {
  Operation& operation = begin("mark");
  operation.place = some_place();
  operation.asked = random_.below(300);
  json::object params{{"in", operation.place}, {"number", operation.asked}};
  call(operation, std::move(params));
}

void Person::ask_unread() { call(begin("unread"), {}); }

void Person::search() {
  Operation& operation = begin("search");
  operation.text = others_.at(random_.below(others_.size()));
  operation.limit = random_.between(1, 20);
  json::object params{{"text", operation.text}, {"limit", operation.limit}};
  call(operation, std::move(params));
}

// From a cursor of their own, of any age: cursors are used again, on whichever node.
void Person::sync() {
  const cli::Cursor now = client().cursor();
  Operation& operation = begin("sync");
  operation.asked = cursors_.empty() ? 0 : cursors_[random_.below(cursors_.size())];
  if (random_.chance(0.2)) operation.asked = now.index;
  operation.limit = random_.between(1, 200);
  const std::uint64_t generation = now.generation == 0 ? 1 : now.generation;
  json::object params{{"generation", generation}, {"cursor", operation.asked}, {"limit", operation.limit}};
  call(operation, std::move(params));
}

void Person::in_room(std::string method, std::string room) {
  Operation& operation = begin(std::move(method));
  operation.place = std::move(room);
  json::object params{{"room", operation.place}};
  submit(operation, std::move(params));
}

void Person::create() {
  Operation& operation = begin("room.create");
  operation.place = "#of-" + name_ + std::to_string(random_.below(3));
  json::object params{{"room", operation.place}};
  if (random_.chance(0.5)) params["invite_only"] = true;
  submit(operation, std::move(params));
}

void Person::with_somebody(std::string method) {
  Operation& operation = begin(std::move(method));
  operation.place = some_room();
  json::object params{{"room", operation.place}, {"account", others_.at(random_.below(others_.size()))}};
  submit(operation, std::move(params));
}

void Person::topic() {
  Operation& operation = begin("room.topic");
  operation.place = some_room();
  json::object params{{"room", operation.place}, {"topic", "as " + name_ + " sees it"}};
  submit(operation, std::move(params));
}

void Person::list() {
  Operation& operation = begin(random_.chance(0.5) ? "room.list" : "who");
  call(operation, {});
}

void Person::log_out() {
  Operation& operation = begin("logout");
  json::object params;
  if (random_.chance(0.3)) params["everywhere"] = true;
  submit(operation, std::move(params));
}

}  // namespace parley::sim
