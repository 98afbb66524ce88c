#include "sim/judge_raw.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace parley::sim {
namespace {

using namespace std::chrono_literals;
using Fault = std::optional<std::string>;
using Ending = RawExchange::Ending;
using Number = std::pair<std::uint64_t, std::uint64_t>;   // client, sequence

constexpr Duration told_within = 5s;                      // who is connected to a healthy node
constexpr Index no_index{~0ULL};

class RawJudge {
 public:
  RawJudge(const Truth& truth, const RawHistory& raw, const NodeLives& lives, TimePoint quiet, TimePoint now)
      : truth_(truth), raw_(raw), lives_(lives), quiet_(quiet), now_(now) {
    for (const auto& change : truth.changes()) {
      if (change.is_new) sent_[{change.client.value, change.sequence.value}] = &change;
    }
    for (const auto& login : raw.logins) logins_[login.login] = &login;
    for (const auto& exchange : raw.exchanges) note(exchange);
  }

  Fault judge() {
    for (const auto& exchange : raw_.exchanges) {
      if (exchange.node == 0) continue;
      Fault fault = look_at(exchange);
      if (fault) return *fault + ": " + describe(exchange);
    }
    for (const auto& presence : raw_.presences) {
      if (auto fault = look_at(presence)) return fault;
    }
    return std::nullopt;
  }

 private:
  // All that went out and came back under one number.
  struct Use {
    std::map<std::uint64_t, const RawExchange*> sent;       // by operation: its first exchange
    std::map<std::uint64_t, const RawExchange*> answered;   // by operation: the first answer that is no objection
    TimePoint answered_at = never;                          // the first of all
  };

  static bool is_objection(const RawExchange& exchange) {
    return exchange.refused_as("conflict") || exchange.refused_as("forgotten") ||
           exchange.refused_as("wrong_sequence") || exchange.refused_as("unknown_client") ||
           exchange.refused_as("not_attached");
  }
  static bool is_send(const RawExchange& exchange) { return exchange.operation != no_operation; }

  void note(const RawExchange& exchange);
  Fault look_at(const RawExchange& exchange);
  Fault check_number(const RawExchange& exchange);
  Fault check_expected(const RawExchange& exchange) const;
  Fault check_outcome(const RawExchange& exchange) const;
  Fault check_denial(const RawExchange& exchange) const;
  Fault check_login(const RawExchange& exchange) const;
  Fault look_at(const RawPresence& presence) const;
  Index ended(const chat::LoginId& id) const;

  const Truth& truth_;
  const RawHistory& raw_;
  const NodeLives& lives_;
  TimePoint quiet_;
  TimePoint now_;
  std::map<Number, const Truth::Change*> sent_;
  std::map<chat::LoginId, const RawLogin*> logins_;
  std::map<Number, Use> uses_;
  std::map<std::uint64_t, std::map<TimePoint, std::uint64_t>> firsts_;   // by client: the highest `first` by then
};

void RawJudge::note(const RawExchange& exchange) {
  if (exchange.node == 0 || exchange.first == 0) return;
  std::uint64_t& first = firsts_[exchange.client][exchange.called];
  first = std::max(first, exchange.first);
  Use& use = uses_[{exchange.client, exchange.sequence}];
  const RawExchange*& sent = use.sent[exchange.operation];
  if (sent == nullptr || exchange.called < sent->called) sent = &exchange;
  if (!exchange.is_final() || is_objection(exchange)) return;
  const RawExchange*& answered = use.answered[exchange.operation];
  if (answered == nullptr || exchange.returned < answered->returned) answered = &exchange;
  use.answered_at = std::min(use.answered_at, exchange.returned);
}

Fault RawJudge::look_at(const RawExchange& exchange) {
  if (exchange.wanted_code != 0) {
    const bool put_off = exchange.ending == Ending::later || exchange.ending == Ending::unknown;
    if (exchange.answered() && !put_off && exchange.code != exchange.wanted_code) {
      return "nonsense was not answered with " + std::to_string(exchange.wanted_code);
    }
    if (!exchange.answered() && exchange.returned != never) return "nonsense was not answered, but what followed it";
    return std::nullopt;
  }
  if (!exchange.answered()) return std::nullopt;
  if (exchange.ending == Ending::invalid) return "a good request was not taken for one";
  if (exchange.first != 0) {
    if (auto fault = check_number(exchange)) return fault;
  }
  if (exchange.method == "outcome") {
    if (auto fault = check_outcome(exchange)) return fault;
  }
  if (auto fault = check_denial(exchange)) return fault;
  return check_login(exchange);
}

// K1, K2, K3.
Fault RawJudge::check_number(const RawExchange& exchange) {
  const Use& use = uses_.at({exchange.client, exchange.sequence});
  if (exchange.refused_as("wrong_sequence")) {
    if (exchange.expected >= exchange.sequence) return "the number that is expected is out of turn";
    return check_expected(exchange);
  }
  if (exchange.refused_as("conflict")) {
    const bool another = std::any_of(use.sent.begin(), use.sent.end(), [&](const auto& sent) {
      return sent.first != exchange.operation && sent.second->called <= exchange.returned;
    });
    return another ? Fault() : Fault("a conflict with nothing");
  }
  if (exchange.refused_as("forgotten")) {
    const auto& firsts = firsts_.at(exchange.client);
    const bool given_up = std::any_of(firsts.begin(), firsts.end(), [&](const auto& said) {
      return said.second > exchange.sequence && said.first <= exchange.returned;
    });
    return given_up ? Fault() : Fault("an answer that was still wanted was forgotten");
  }
  if (!exchange.is_final() || is_objection(exchange)) return std::nullopt;
  if (use.answered.size() > 1) return "two requests under one number were answered";
  if (!is_send(exchange)) return std::nullopt;
  const RawExchange& first = *use.answered.at(exchange.operation);
  // The place is named as it is now: an account may have ended.
  const bool same = first.ending == exchange.ending && first.message == exchange.message &&
                    first.number == exchange.number && first.reason == exchange.reason;
  if (exchange.result.find("\"in\":\"\"") != std::string::npos) return "it names no place";
  if (same) return std::nullopt;
  return "the first answer was another, " + describe(first);
}

// Whoever asks now is not told to begin with what had been answered before.
Fault RawJudge::check_expected(const RawExchange& exchange) const {
  for (auto use = uses_.lower_bound({exchange.client, exchange.expected});
       use != uses_.end() && use->first.first == exchange.client; ++use) {
    if (use->second.answered_at >= exchange.called) continue;
    return "number " + std::to_string(use->first.second) + " had been answered already";
  }
  return std::nullopt;
}

Fault RawJudge::check_outcome(const RawExchange& exchange) const {
  if (exchange.refused_as("wrong_sequence")) return check_expected(exchange);
  if (exchange.ending != Ending::done) return std::nullopt;
  const auto found = sent_.find({exchange.client, exchange.sequence});
  if (!exchange.sent) {
    if (found == sent_.end()) return std::nullopt;
    return "it stands in the log, as message " + std::to_string(found->second->message.value);
  }
  if (found == sent_.end()) return "nothing stands in the log under that number";
  const Truth::Change& change = *found->second;
  if (change.index > truth_.committed_by(exchange.returned)) return "it was not committed yet";
  const bool same = change.message.value == exchange.message && change.number.value == exchange.number;
  return same ? Fault() : Fault("it stands in the log as message " + std::to_string(change.message.value));
}

// Client sessions and logins that somebody had been told of.
Fault RawJudge::check_denial(const RawExchange& exchange) const {
  if (exchange.refused_as("unknown_client")) {
    for (const auto& session : raw_.sessions) {
      if (session.client != exchange.client || session.opened >= exchange.called) continue;
      if (!weeks_passed(raw_, session.opened, exchange.returned)) return "the client session was open";
    }
  }
  // What is sequenced is answered as the first copy of it was, which may have gone over another connection.
  if (!exchange.refused_as("not_logged_in") || !exchange.login || exchange.first != 0) return std::nullopt;
  const auto login = logins_.find(*exchange.login);
  if (login == logins_.end() || login->second->opened >= exchange.called) return std::nullopt;
  if (weeks_passed(raw_, login->second->opened, exchange.returned)) return std::nullopt;
  if (ended(*exchange.login) <= truth_.committed_by(exchange.returned)) return std::nullopt;
  return "the login was alive";
}

// K11. An index is where the log says so, so nothing hangs on clocks.
Fault RawJudge::check_login(const RawExchange& exchange) const {
  if (!exchange.login || exchange.ending != Ending::done) return std::nullopt;
  const Index end = ended(*exchange.login);
  const bool asks_for_login = exchange.method == "resume" || exchange.method == "unread" || exchange.method == "sync" ||
                              exchange.method == "outcome";
  if (!asks_for_login || end > exchange.applied) return std::nullopt;
  return "the login had ended at " + std::to_string(end.value) + ", and the node knew";
}

// The end of a login, as the log tells it, after it was asked for.
Index RawJudge::ended(const chat::LoginId& id) const {
  const auto login = logins_.find(id);
  if (login == logins_.end()) return no_index;
  const Index begun = truth_.committed_by(login->second->called);
  for (const auto& end : truth_.logins_ended()) {
    const bool meant = end.event.account == login->second->account && end.event.login.value_or(id) == id;
    if (meant && end.index > begun && end.event.except != id) return end.index;
  }
  return no_index;
}

Fault RawJudge::look_at(const RawPresence& presence) const {
  const auto words = [&] {
    return presence.who + "'s connection to node " + std::to_string(presence.node);
  };
  const Index end = ended(presence.login);
  const bool weeks = !raw_.weeks_passed.empty();   // then logins end by age, too
  const auto by = presence.until == never ? now_ : presence.until;
  if (presence.closing == "login_ended") {
    const bool over = end <= truth_.committed_by(by) || weeks;
    return over ? Fault() : Fault(words() + " was told that its login had ended, which it had not");
  }
  const bool connected = presence.until == never &&
                         lives_.life(presence.node, presence.connected) == lives_.life(presence.node, now_);
  if (!connected || end == no_index) return std::nullopt;
  const TimePoint ended_at = truth_.committed_at(end);
  if (ended_at <= presence.since || std::max(ended_at, quiet_) + told_within > now_) return std::nullopt;
  return words() + " was not told that its login had ended at " + std::to_string(end.value);
}

}  // namespace

std::optional<std::string> judge_raw(const Truth& truth, const History& history, const NodeLives& lives,
                                     TimePoint quiet, TimePoint now) {
  return RawJudge(truth, history.raw(), lives, quiet, now).judge();
}

}  // namespace parley::sim
