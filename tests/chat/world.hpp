#pragma once

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/queries.hpp"
#include "chat/state.hpp"

namespace parley::chat {

inline constexpr std::int64_t hour_ms = 3600LL * 1000;
inline constexpr std::int64_t day_ms = 24 * hour_ms;

// One state machine with what a node has around it: a log that gives indexes and times, an archive that takes records
// and rows, and people who know their tokens. When a World ends, the archive must hold exactly what State holds.
class World {
 public:
  World();
  ~World();

  const Effects& apply(Command command);
  const Effects& apply_nothing();
  void pass(std::int64_t ms) { time_.ms += ms; }
  void pass_entries(std::uint64_t count) {
    for (; count > 0; --count) apply_nothing();
  }

  // A client session of its own for the request, so that tests of other things need no sequence numbers.
  Reply ask(Request request, std::optional<LoginId> login = std::nullopt, bool by_operator = false);
  Reply as(std::string_view name, Request request) { return ask(std::move(request), login_of(name)); }
  Reply as_operator(Request request) { return ask(std::move(request), std::nullopt, true); }

  AccountId add_person(std::string_view name);             // registers and logs in
  static LoginId login_of(std::string_view name) { return digest(std::string("login of ") + std::string(name)); }
  AccountId id(std::string_view name) const;
  Reply log_in(std::string_view name, const LoginId& login);

  ClientId open_client();
  Reply sequenced(ClientId client, std::uint64_t sequence, std::uint64_t first, Request request,
                  std::string_view payload, std::optional<LoginId> login = std::nullopt);

  // As a node reads them now: facts and the index they were seen at.
  MessageFacts facts(MessageId message) const;
  EditMessage edit(MessageId message, std::string_view text) const;
  DeleteMessages deletion(std::vector<MessageId> messages) const;
  void mark(std::string_view name, ConversationId conversation, std::uint64_t number);

  template <class E>
  std::vector<std::pair<std::vector<AccountId>, E>> events() const {   // of the last entry
    std::vector<std::pair<std::vector<AccountId>, E>> found;
    for (const auto& delivery : effects_.deliveries) {
      if (const auto* event = std::get_if<E>(&delivery.event)) found.emplace_back(delivery.audience, *event);
    }
    return found;
  }

  std::vector<RecordRow> archived() const;
  void check_records() const;
  State& state() { return state_; }
  const State& state() const { return state_; }
  const Effects& effects() const { return effects_; }
  const std::map<MessageId, MessageRow>& rows() const { return rows_; }
  Digest chain() const { return chain_; }   // over all effects (R10)
  Index index() const { return index_; }
  LogTime now() const { return time_; }

 private:
  void archive();

  State state_;
  Effects effects_;
  Index index_;
  LogTime time_{1'000'000};
  Digest chain_;
  ClientId client_;
  Sequence sequence_;
  std::map<std::pair<std::uint8_t, std::string>, std::string> records_;
  std::map<MessageId, MessageRow> rows_;
};

// Everything that must hold of the tables whatever was applied; the first thing that doesn't, in words.
std::optional<std::string> broken_invariant(const State& state);

std::string_view word(Code code);
void PrintTo(Code code, std::ostream* out);   // GoogleTest shows a code by its word

}  // namespace parley::chat
