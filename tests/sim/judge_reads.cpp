#include "sim/judge_reads.hpp"

#include <algorithm>
#include <tuple>

#include "sim/linearizability.hpp"

namespace parley::sim {
namespace {

using Fault = std::optional<std::string>;
using LifeKey = std::pair<std::uint32_t, std::uint64_t>;   // node, life
constexpr LifeKey anybody{0, 0};   // what was shown by any node was committed then

std::string words(const cli::Message& message) {
  return "message " + std::to_string(message.id) + ", number " + std::to_string(message.number) + " in " + message.in +
         ", \"" + message.text.substr(0, 40) + "\"" + (message.edited ? " edited" : "") +
         (message.deleted ? " deleted" : "");
}

// How far each process was known to be, as time went on.
class Floors {
 public:
  void raise(LifeKey life, TimePoint at, Index index) {
    raised_[life].push_back({at, index});
    raised_[anybody].push_back({at, index});
  }
  void sort() {
    for (auto& [life, steps] : raised_) {
      std::sort(steps.begin(), steps.end());
      for (std::size_t i = 1; i < steps.size(); ++i) steps[i].second = std::max(steps[i].second, steps[i - 1].second);
    }
  }
  Index before(LifeKey life, TimePoint time) const {   // strictly before: what is simultaneous may be in any order
    const auto found = raised_.find(life);
    if (found == raised_.end()) return Index(0);
    const auto& steps = found->second;
    const auto after = std::lower_bound(steps.begin(), steps.end(), std::pair(time, Index(0)));
    return after == steps.begin() ? Index(0) : std::prev(after)->second;
  }

 private:
  std::map<LifeKey, std::vector<std::pair<TimePoint, Index>>> raised_;
};

class ReadsJudge {
 public:
  ReadsJudge(const Truth& truth, const History& history, const NodeLives& lives)
      : truth_(truth), history_(history), lives_(lives) {
    for (const auto& [id, conversation] : truth.conversations()) {
      if (conversation.room.empty()) pairs_[{conversation.low, conversation.high}] = id;
    }
  }

  Fault judge() {
    for (const auto& operation : history_.operations()) {
      if (operation.returned == never || operation.local || operation.ending != Operation::Ending::done) continue;
      if (auto fault = look_at_rows(operation)) return *fault + ", in " + describe(operation);
    }
    floors_.sort();
    for (const auto& operation : history_.operations()) {
      if (operation.page.empty() || operation.ending != Operation::Ending::done) continue;
      if (auto fault = check_age(operation)) return *fault + ", in " + describe(operation);
    }
    if (auto fault = check_lengths()) return fault;
    if (auto fault = check_fresh_lengths()) return fault;
    return check_markers();
  }

 private:
  LifeKey life_of(const Operation& operation) const {
    return {operation.node, lives_.life(operation.node, operation.connected)};
  }
  bool is_ambiguous(const std::string& place) const {
    return place.starts_with('@') && truth_.accounts_called(place.substr(1)).size() > 1;
  }
  chat::ConversationId place_of(const Operation& operation) const;
  Fault check_name(const cli::Message& message, Index floor) const;
  Fault look_at_rows(const Operation& operation);
  Fault check_page(const Operation& operation) const;
  Fault check_age(const Operation& operation) const;
  Fault check_lengths() const;
  Fault check_fresh_lengths() const;
  Fault check_markers() const;

  const Truth& truth_;
  const History& history_;
  const NodeLives& lives_;
  Floors floors_;
  std::map<std::pair<chat::AccountId, chat::AccountId>, chat::ConversationId> pairs_;
};

// "@name~id" is one account for ever; "@name" may have been one after the other, and a page says of which it is.
chat::ConversationId ReadsJudge::place_of(const Operation& operation) const {
  if (operation.place.starts_with('#')) return truth_.room_named(operation.place);
  const auto one = truth_.account_named(operation.person);
  const auto pair_with = [&](chat::AccountId other) {
    const auto found = pairs_.find({std::min(one, other), std::max(one, other)});
    return found == pairs_.end() ? chat::ConversationId{} : found->second;
  };
  const auto tilde = operation.place.find('~');
  if (tilde != std::string::npos) return pair_with(chat::AccountId(std::stoull(operation.place.substr(tilde + 1))));
  const auto& others = truth_.accounts_called(operation.place.substr(1));
  if (!is_ambiguous(operation.place)) return others.empty() ? chat::ConversationId{} : pair_with(others.back());
  if (operation.page.empty()) return {};
  const Truth::Message* shown = truth_.message(operation.page.front().id);
  for (const auto other : others) {
    if (shown != nullptr && pair_with(other) == shown->conversation) return shown->conversation;
  }
  return {};
}

Fault ReadsJudge::look_at_rows(const Operation& operation) {
  const LifeKey life = life_of(operation);
  if (operation.method == "send") floors_.raise(life, operation.returned, Index(operation.message));
  // A cursor given back unchanged may come from another node that was further.
  const bool moved = operation.method == "sync" && operation.cursor > operation.asked;
  if (moved) floors_.raise(life, operation.returned, Index(operation.cursor));
  Index newest;
  for (const auto& message : operation.page) {
    std::size_t version = 0;
    if (auto fault = judge_message(truth_, operation.person, message, operation.returned, version)) return fault;
    // A client that could not know made the same edit again: then only the first of both was surely seen.
    const auto first = truth_.version(message.id, message.text, message.edited, message.deleted, Index(0));
    newest = std::max(newest, truth_.changes()[*first].index);
  }
  // What two reads of one page saw of archive and memory may differ, but the archive never holds what is not applied.
  if (newest != Index(0)) floors_.raise(life, operation.returned, newest);
  return check_page(operation);
}

Fault ReadsJudge::check_page(const Operation& operation) const {
  const bool by_number = operation.method == "history" || operation.method == "read";
  if (!by_number) return std::nullopt;
  const auto& page = operation.page;
  if (page.size() > operation.limit) return "more messages than asked for";
  const auto id = place_of(operation);
  const auto* conversation = truth_.conversation(id);
  if (conversation == nullptr) return page.empty() ? Fault() : Fault("messages of a place that is not there");
  for (std::size_t i = 0; i < page.size(); ++i) {
    if (truth_.message(page[i].id)->conversation != id) return words(page[i]) + " is of another conversation";
    if (i == 0) continue;
    if (page[i].number <= page[i - 1].number) return words(page[i]) + " is out of order";
    if (!conversation->invite_only && page[i].number != page[i - 1].number + 1) return "a gap before " + words(page[i]);
  }
  if (operation.method != "history" || conversation->invite_only || operation.last == 0) return std::nullopt;
  if (operation.descending) {
    const std::uint64_t end = operation.asked == 0 ? operation.last : std::min(operation.last, operation.asked - 1);
    if (end > 0 && (page.empty() || page.back().number < end)) return "the newest are missing";
  } else if (operation.last > operation.asked && (page.empty() || page.front().number != operation.asked + 1)) {
    return "the first after " + std::to_string(operation.asked) + " is missing";
  }
  return std::nullopt;
}

Fault ReadsJudge::check_age(const Operation& operation) const {
  // What is not marked stale holds all that was committed when it was asked (PROTOCOL.md section 5).
  const LifeKey whose = operation.stale ? life_of(operation) : anybody;
  const Index floor = floors_.before(whose, operation.called);
  for (const auto& message : operation.page) {
    if (auto fault = check_name(message, floor)) return fault;
    const Index by = truth_.committed_by(operation.returned);
    const auto version = truth_.version(message.id, message.text, message.edited, message.deleted, by);
    if (truth_.replaced_at(*version) > floor) continue;
    return (operation.stale ? "node " + std::to_string(operation.node) : std::string("a node")) +
           " had shown that it was at " + std::to_string(floor.value) + ", and then node " +
           std::to_string(operation.node) + " showed " + words(message) + ", replaced at " +
           std::to_string(truth_.replaced_at(*version).value);
  }
  return std::nullopt;
}

// A node that has applied the end of an account does not show it as alive.
Fault ReadsJudge::check_name(const cli::Message& message, Index floor) const {
  if (!message.in.starts_with('@') || message.in.find('~') != std::string::npos) return std::nullopt;
  const auto* conversation = truth_.conversation(truth_.message(message.id)->conversation);
  for (const auto account : {conversation->low, conversation->high}) {
    const bool meant = message.in.substr(1) == truth_.account_name(account) && truth_.account_deleted(account) <= floor;
    if (meant) return words(message) + " is shown as if that account were alive";
  }
  return std::nullopt;
}

// For each process: what it acknowledged and what it was asked, of each conversation, is linearizable; others' appends
// reach it at any time after they were called.
Fault ReadsJudge::check_lengths() const {
  std::map<std::pair<LifeKey, chat::ConversationId>, std::vector<LengthRead>> reads;
  std::map<chat::ConversationId, std::vector<const Operation*>> sends;
  for (const auto& operation : history_.operations()) {
    if (operation.ending != Operation::Ending::done) continue;
    if (operation.method == "send") {
      if (const auto* message = truth_.message(operation.message)) sends[message->conversation].push_back(&operation);
    }
    if (operation.method != "history") continue;
    const auto id = place_of(operation);
    if (id == chat::ConversationId{}) continue;
    reads[{life_of(operation), id}].push_back({operation.last, operation.called, operation.returned});
  }
  for (auto& [where, asked] : reads) {
    std::vector<Appended> appends;
    for (const Operation* send : sends[where.second]) {
      const bool here = life_of(*send) == where.first;
      appends.push_back({send->number, send->called, here ? send->returned : never});
    }
    if (auto fault = find_nonlinear(std::move(appends), std::move(asked))) {
      return "node " + std::to_string(where.first.first) + ", conversation " + std::to_string(where.second.value) +
             ": " + *fault;
    }
  }
  return std::nullopt;
}

// What is not marked stale is linearizable across all nodes (I5; PROTOCOL.md section 5): it holds whatever was
// acknowledged to anybody before it was asked, and never less than an earlier one.
Fault ReadsJudge::check_fresh_lengths() const {
  struct Place {
    std::vector<Appended> appends;
    std::vector<LengthRead> reads;
  };
  std::map<chat::ConversationId, Place> places;
  for (const auto& operation : history_.operations()) {
    if (operation.ending != Operation::Ending::done) continue;
    if (operation.method == "send") {
      const auto* message = truth_.message(operation.message);
      if (message == nullptr) continue;
      places[message->conversation].appends.push_back({operation.number, operation.called, operation.returned});
    } else if (operation.method == "history" && !operation.stale) {
      const auto id = place_of(operation);
      if (id == chat::ConversationId{}) continue;
      places[id].reads.push_back({operation.last, operation.called, operation.returned});
    }
  }
  for (auto& [id, place] : places) {
    if (auto fault = find_nonlinear(std::move(place.appends), std::move(place.reads))) {
      return "conversation " + std::to_string(id.value) + ", over all nodes: " + *fault;
    }
  }
  return std::nullopt;
}

// On one node a marker never goes back while it remembers what it gathered (R20: what it has not proposed yet goes with
// it, and is read again), but for those who left the place meanwhile.
Fault ReadsJudge::check_markers() const {
  std::map<std::tuple<std::string, std::string, LifeKey>, const MarkerSeen*> latest;
  for (const auto& seen : history_.markers()) {
    if (is_ambiguous(seen.place)) continue;   // of which account, it does not say
    if (seen.read > seen.last) return seen.person + " has read beyond the end of " + seen.place;
    const LifeKey life{seen.node, lives_.memory(seen.node, seen.connected)};
    const MarkerSeen*& before = latest[{seen.person, seen.place, life}];
    const MarkerSeen* earlier = before;
    if (before == nullptr || seen.returned > before->returned) before = &seen;
    if (earlier == nullptr || earlier->returned >= seen.called || seen.read >= earlier->read) continue;
    const auto* room = truth_.conversation(truth_.room_named(seen.place));
    const auto account = truth_.account_named(seen.person);
    const bool left = room != nullptr && room->members.contains(account) && room->members.at(account).size() > 1;
    if (!left) {
      return seen.person + "'s marker in " + seen.place + " went from " + std::to_string(earlier->read) + " to " +
             std::to_string(seen.read) + " on node " + std::to_string(seen.node);
    }
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t NodeLives::count(const Times& times, std::uint32_t node, TimePoint at) {
  const auto found = times.find(NodeId(node));
  if (found == times.end()) return 0;
  const auto after = std::upper_bound(found->second.begin(), found->second.end(), at);
  return static_cast<std::uint64_t>(after - found->second.begin());
}

std::optional<std::string> judge_message(const Truth& truth, const std::string& person, const cli::Message& message,
                                         TimePoint seen, std::size_t& version) {
  const Index by = message.cursor != 0 ? Index(message.cursor) : truth.committed_by(seen);
  const auto found = truth.version(message.id, message.text, message.edited, message.deleted, by);
  if (!found) return person + " saw " + words(message) + ", which never was";
  version = *found;
  const Truth::Change& change = truth.changes()[version];
  if (change.index > truth.committed_by(seen)) return person + " saw " + words(message) + " before it was committed";
  if (change.number.value != message.number) return person + " saw " + words(message) + " under a wrong number";
  if (truth.account_name(change.author) != message.from) return person + " saw " + words(message) + " from another";
  const auto* conversation = truth.conversation(change.conversation);
  const auto account = truth.account_named(person);
  if (!truth.may_ever_see(account, *conversation, change.number)) {
    return person + " saw " + words(message) + ", which was not theirs to see (R18)";
  }
  std::string place = conversation->room;
  if (place.empty()) {
    const auto other = account == conversation->low ? conversation->high : conversation->low;
    place = "@" + truth.account_name(other);
    const bool gone = truth.account_deleted(other) <= truth.committed_by(seen);
    if (gone && message.in == place + "~" + std::to_string(other.value)) return std::nullopt;
  }
  if (place != message.in) return person + " saw " + words(message) + ", which is in " + place;
  return std::nullopt;
}

std::optional<std::string> judge_reads(const Truth& truth, const History& history, const NodeLives& lives) {
  return ReadsJudge(truth, history, lives).judge();
}

}  // namespace parley::sim
