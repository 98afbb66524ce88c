#include "sim/past.hpp"

#include "sim/judge_feeds.hpp"
#include "sim/judge_requests.hpp"

namespace parley::sim {

Past::Past() {
  truth.add_account(anna, "anna");
  truth.add_account(ben, "ben");
  lives.began(NodeId(1), at(1));
  commit(10, room("ops", ops, anna, chat::RoomChanged::What::created));
  commit(11, room("ops", ops, ben, chat::RoomChanged::What::joined));
  commit(12, room("closed", closed, anna, chat::RoomChanged::What::created));
  commit(20, message(20, ops, 1, anna, "anna 1"));
  commit(21, message(21, ops, 2, ben, "ben 1"));
  commit(22, edited(message(20, ops, 1, anna, "anna 2")));
  commit(23, message(23, closed, 1, anna, "anna 3"));
  commit(24, room("closed", closed, ben, chat::RoomChanged::What::joined));
  commit(25, message(25, closed, 2, anna, "anna 4"));
  commit(26, deleted(message(21, ops, 2, ben, "")));
}

// -- what was committed ---------------------------------------------------------------------------------------------

chat::MessageRow Past::message(std::uint64_t id, chat::ConversationId in, std::uint64_t number, chat::AccountId author,
                               std::string text) {
  chat::MessageRow row;
  row.id = chat::MessageId(id);
  row.conversation = in;
  row.number = chat::Number(number);
  row.author = author;
  row.text = std::move(text);
  return row;
}

chat::MessageRow Past::edited(chat::MessageRow row) {
  row.edited = true;
  return row;
}

chat::MessageRow Past::deleted(chat::MessageRow row) {
  row.deleted = true;
  return row;
}

chat::RoomChanged Past::room(std::string name, chat::ConversationId id, chat::AccountId who,
                             chat::RoomChanged::What what) {
  chat::RoomChanged event;
  event.what = what;
  event.conversation = id;
  event.room = std::move(name);
  event.account = who;
  return event;
}

void Past::commit(std::uint64_t index, chat::RoomChanged event) {
  const bool created = event.what == chat::RoomChanged::What::created;
  if (created && event.room == "closed") {
    Truth::Conversation conversation;
    conversation.invite_only = true;
    truth.add_conversation(event.conversation, conversation);
  }
  chat::Effects effects;
  effects.deliveries.push_back({{anna, ben}, std::move(event)});
  truth.add(Index(index), effects, at(static_cast<int>(index)));
}

void Past::commit(std::uint64_t index, chat::MessageRow row) {
  row.changed_index = Index(index);
  const bool closed_to_ben = row.conversation == closed && index < 24;
  chat::Effects effects;
  effects.messages.push_back(row);
  std::vector<chat::AccountId> audience = {anna};
  if (!closed_to_ben) audience.push_back(ben);
  effects.deliveries.push_back({audience, chat::MessageChanged{row, false}});
  truth.add(Index(index), effects, at(static_cast<int>(index)));
}

// -- what people did and saw ----------------------------------------------------------------------------------------

Operation& Past::operation(std::string person, std::string method, int called, int returned) {
  Operation& made = history.begin(std::move(person), std::move(method), at(called));
  made.returned = at(returned);
  made.ending = Operation::Ending::done;
  made.node = 1;
  made.connected = at(2);
  return made;
}

Operation& Past::send(std::string person, std::string place, std::string text, std::uint64_t id,
                      std::uint64_t number) {
  Operation& made = operation(std::move(person), "send", static_cast<int>(id) - 1, static_cast<int>(id));
  made.place = std::move(place);
  made.text = std::move(text);
  made.message = id;
  made.number = number;
  return made;
}

void Past::good_requests() {
  send("anna", "#ops", "anna 1", 20, 1);
  send("ben", "#ops", "ben 1", 21, 2);
  Operation& edit = operation("anna", "edit", 21, 22);
  edit.messages = {20};
  edit.text = "anna 2";
  send("anna", "#closed", "anna 3", 23, 1);
  send("anna", "#closed", "anna 4", 25, 2);
  Operation& erase = operation("ben", "delete", 25, 26);
  erase.messages = {21};
  erase.count = 1;
}

cli::Message Past::seen(std::uint64_t id, std::string in, std::uint64_t number, std::string from, std::string text) {
  cli::Message message;
  message.id = id;
  message.in = std::move(in);
  message.number = number;
  message.from = std::move(from);
  message.text = std::move(text);
  return message;
}

cli::Message Past::as_edited(cli::Message message) {
  message.edited = true;
  return message;
}

cli::Message Past::as_deleted(cli::Message message) {
  message.deleted = true;
  message.text.clear();
  return message;
}

Operation& Past::page(int called, int returned, std::uint64_t last, std::vector<cli::Message> messages) {
  Operation& made = operation("ben", "history", called, returned);
  made.place = "#ops";
  made.descending = true;
  made.limit = 50;
  made.last = last;
  made.page = std::move(messages);
  return made;
}

Feed& Past::feed(std::uint64_t begin, std::vector<cli::Message> messages, std::uint64_t cursor) {
  Feed& made = history.begin_feed("ben", begin, at(15));
  for (auto& message : messages) made.items.push_back({std::move(message), at(30)});
  made.bookmarks.push_back({made.items.size(), cursor, at(30)});
  made.ended = at(31);
  return made;
}

// -- what the judges say --------------------------------------------------------------------------------------------

std::string Past::requests() const { return judge_requests(truth, history).value_or("fine"); }

std::string Past::reads() const { return judge_reads(truth, history, lives).value_or("fine"); }

std::string Past::feeds(int now) const { return judge_feeds(truth, history, lives, at(27), at(now)).value_or("fine"); }

}  // namespace parley::sim
