#include "sim/judge_requests.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "sim/linearizability.hpp"

namespace parley::sim {
namespace {

using Fault = std::optional<std::string>;

// Where each text of a send or an edit came to stand: places in truth.changes().
using Standing = std::map<std::string, std::vector<std::size_t>>;

struct Carried {
  const Operation* operation = nullptr;
  Index index;
  bool repeated = false;   // maybe, because its client session ended before the answer
};

std::string at(const Truth::Change& change) {
  return "message " + std::to_string(change.message.value) + " (index " + std::to_string(change.index.value) + ")";
}

Fault check_log(const Truth& truth) {
  for (const auto& [id, conversation] : truth.conversations()) {
    for (std::size_t i = 0; i < conversation.messages.size(); ++i) {
      const Truth::Message* message = truth.message(conversation.messages[i].value);
      if (message->number == chat::Number(i + 1)) continue;
      return "numbers of " + conversation.room + " are not dense: " + std::to_string(message->number.value) +
             " stands where " + std::to_string(i + 1) + " belongs";
    }
  }
  std::map<chat::MessageId, bool> deleted;
  for (const auto& change : truth.changes()) {
    if (deleted[change.message]) return at(change) + " was changed after it had been deleted";
    deleted[change.message] = change.deleted;
  }
  return std::nullopt;
}

Fault check_send(const Truth& truth, const Operation& operation, const Truth::Change& change) {
  const auto* conversation = truth.conversation(change.conversation);
  if (!change.is_new) return describe(operation) + " stands there as an edit";
  if (truth.account_name(change.author) != operation.person) return describe(operation) + " has another author";
  const bool in_room = operation.place.starts_with('#');
  if (in_room != !conversation->room.empty() || (in_room && conversation->room != operation.place)) {
    return describe(operation) + " stands in another place, " + conversation->room;
  }
  if (operation.ending != Operation::Ending::done) return std::nullopt;
  if (operation.message == change.message.value && operation.number == change.number.value) return std::nullopt;
  return describe(operation) + " stands as " + at(change) + ", number " + std::to_string(change.number.value);
}

Fault check_edit(const Truth&, const Operation& operation, const Truth::Change& change) {
  if (change.is_new || change.message.value != operation.messages.at(0)) {
    return describe(operation) + " changed " + at(change);
  }
  return std::nullopt;
}

// Its client session may have ended before the answer came: then what is harmless to repeat goes out under a new one
// (PROTOCOL.md section 3); only messages are sent once whatever happens.
bool outlived_a_session(const History& history, const Operation& operation) {
  return weeks_passed(history.raw(), operation.called, operation.returned);
}

Fault check_one(const Truth& truth, const Standing& standing, const Operation& operation, bool may_repeat,
                std::vector<Carried>& all) {
  static const std::vector<std::size_t> nowhere;
  const auto found = standing.find(operation.text);
  const auto& places = found == standing.end() ? nowhere : found->second;
  using Ending = Operation::Ending;
  if (places.size() > 1 && !may_repeat) {
    return describe(operation) + " was carried out " + std::to_string(places.size()) + " times: " +
           at(truth.changes()[places[0]]) + ", " + at(truth.changes()[places[1]]);
  }
  if (places.empty()) {
    if (operation.ending == Ending::done) return describe(operation) + " was acknowledged and is not there";
    return std::nullopt;
  }
  const Truth::Change& change = truth.changes()[places[0]];
  if (operation.ending == Ending::refused) return describe(operation) + " was refused and stands as " + at(change);
  all.push_back({&operation, change.index, may_repeat});
  return operation.method == "send" ? check_send(truth, operation, change) : check_edit(truth, operation, change);
}

Fault check_deletions(const Truth& truth, const History& history) {
  std::uint64_t counted = 0, in_doubt = 0, there = 0;
  for (const auto& change : truth.changes()) there += change.deleted ? 1 : 0;
  for (const auto& operation : history.operations()) {
    if (operation.method != "delete") continue;
    const bool doubtful = operation.ending == Operation::Ending::unknown || operation.ending == Operation::Ending::open;
    if (doubtful || outlived_a_session(history, operation)) in_doubt += operation.messages.size();
    if (operation.ending != Operation::Ending::done) continue;
    counted += operation.count;
    for (const auto id : operation.messages) {
      const Truth::Message* message = truth.message(id);
      const bool gone = message != nullptr && truth.changes()[message->changes.back()].deleted;
      if (!gone) return describe(operation) + " was acknowledged, and message " + std::to_string(id) + " is there";
    }
  }
  if (counted <= there && there <= counted + in_doubt) return std::nullopt;
  return std::to_string(counted) + " deletions were acknowledged and " + std::to_string(in_doubt) +
         " are in doubt, but there are " + std::to_string(there);
}

// Each person's requests in the order they were made, and all requests in an order that real time allows. An edit that
// is repeated under a new client session has no place in the first order: it comes behind messages that the ended one
// carried out, or stands there already before messages that the ended one refused and that go out again. Nobody can ask
// what became of it (PROTOCOL.md section 3).
Fault check_order(std::vector<Carried> all) {
  std::sort(all.begin(), all.end(), [](const Carried& a, const Carried& b) { return a.index < b.index; });
  std::map<std::string, const Operation*> last_of;
  std::vector<Appended> appends;
  for (const Carried& carried : all) {
    const Operation*& last = last_of[carried.operation->person];
    if (last != nullptr && last->id > carried.operation->id && !carried.repeated) {
      return describe(*last) + " stands before " + describe(*carried.operation) + ", which was asked for earlier";
    }
    if (!carried.repeated) last = carried.operation;
    const bool told = carried.operation->ending == Operation::Ending::done;
    appends.push_back({carried.index.value, carried.operation->called, told ? carried.operation->returned : never});
  }
  if (auto fault = find_nonlinear(std::move(appends), {})) return "the log (by index): " + *fault;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> judge_requests(const Truth& truth, const History& history) {
  if (auto fault = check_log(truth)) return fault;
  Standing standing;
  for (std::size_t i = 0; i < truth.changes().size(); ++i) {
    if (!truth.changes()[i].deleted) standing[truth.changes()[i].text].push_back(i);
  }
  std::vector<Carried> all;
  std::size_t asked_for = 0;
  for (const auto& operation : history.operations()) {
    if (operation.method != "send" && operation.method != "edit") continue;
    const bool may_repeat = operation.method == "edit" && outlived_a_session(history, operation);
    if (auto fault = check_one(truth, standing, operation, may_repeat, all)) return fault;
    asked_for += standing.contains(operation.text) ? 1 : 0;
  }
  if (asked_for != standing.size()) {
    return std::to_string(standing.size() - asked_for) + " texts stand in the log that nobody asked for";
  }
  if (auto fault = check_deletions(truth, history)) return fault;
  return check_order(std::move(all));
}

}  // namespace parley::sim
