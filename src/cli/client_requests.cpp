#include <algorithm>
#include <utility>

#include "cli/client_core.hpp"
#include "cli/methods.hpp"
#include "cli/utf8.hpp"

namespace parley::cli {
namespace {

constexpr milliseconds out_of_turn_delay{5};
constexpr milliseconds default_retry{100};          // after a `later` that names no time
constexpr milliseconds unknown_retry{20};           // doubles with each further `unknown` in a row
constexpr unsigned unknown_doublings_max = 6;
constexpr unsigned failures_max = 100;              // of one request that nodes keep failing on: then it is unknown
constexpr std::size_t envelope_bytes = 256;         // of a request, beside its parameters
constexpr std::size_t escape_factor = 6;            // one byte of text as \u00xx

bool all_utf8(const json::value& value) {
  if (const auto* text = value.if_string()) return !find_invalid_utf8({text->data(), text->size()});
  if (const auto* object = value.if_object()) {
    return std::all_of(object->begin(), object->end(), [](const auto& member) { return all_utf8(member.value()); });
  }
  if (const auto* array = value.if_array()) return std::all_of(array->begin(), array->end(), all_utf8);
  return true;
}

}  // namespace

// What no node could even read must not enter the outbox: it would block everything behind it.
std::optional<Outcome> Client::Core::unsendable(const std::string& method, const json::object& params,
                                                std::size_t& bytes) const {
  const auto refuse = [](std::string reason, std::string message) {
    return Outcome::make_local(Outcome::Kind::refused, std::move(reason), std::move(message));
  };
  if (stopping_) return refuse("stopped", "the client was stopped; nothing was sent");
  bytes = json_size(params);
  if (bytes * escape_factor + envelope_bytes > net::client_message_max) {
    wire::RpcRequest request;
    request.id = last_rpc_id_;
    request.method = method;
    request.params = params;
    if (wire::encode(request).size() + envelope_bytes > net::client_message_max)
      return refuse("too_long", "a request may have at most " + std::to_string(net::client_message_max) + " bytes");
  }
  for (const auto& member : params) {
    if (!all_utf8(member.value())) return refuse("bad_text", "the text is not valid UTF-8");
  }
  return std::nullopt;
}

void Client::Core::submit_then(std::string method, json::object params, OnOutcome then) {
  std::size_t bytes = 0;
  auto failure = unsendable(method, params, bytes);
  if (!failure && !outbox_.has_room(bytes)) {
    failure = Outcome::make_local(Outcome::Kind::refused, "outbox_full",
                                  std::to_string(outbox_.size()) + " requests are waiting for the cluster already");
  }
  if (failure) {
    if (then) then(*failure);
    return;
  }
  Outbox::Entry& entry = outbox_.add(std::move(method), std::move(params), bytes, std::move(then));
  if (const auto kept = store_->durable() ? store_->add(to_stored(entry)) : success(); !kept) {
    const auto taken = outbox_.take(entry.sequence);
    outbox_.withdraw_last();
    const auto outcome = Outcome::make_local(Outcome::Kind::refused, "outbox_unwritable",
                                             "not sent, because it could not be kept: " + kept.error().message);
    if (taken->then) taken->then(outcome);
    return;
  }
  if (session_.client == 0) wake_driver();
  pump();
}

// Sends what may be sent now, in order. Cheap when there is nothing.
void Client::Core::pump() {
  if (state_.phase != Phase::ready || !attached_ || rollover_ != Rollover::none || outbox_.empty()) return;
  if (hold_until_ > seams_.clock.now()) return wake_driver_by(hold_until_);
  if (outbox_.front()->secret_lost) {   // its number can't be used up any more: client_sessions.cpp
    rollover_ = Rollover::gap;
    return wake_driver();
  }
  while (auto* entry = outbox_.next_to_send(options_.window_max)) {
    if (entry->secret_lost) return;
    send_sequenced(*entry);
  }
}

void Client::Core::send_sequenced(Outbox::Entry& entry) {
  const std::uint64_t rpc_id = ++last_rpc_id_;
  wire::RpcRequest request;
  request.id = rpc_id;
  request.method = entry.method;
  entry.params["seq"] = entry.sequence;
  entry.params["first"] = outbox_.first();
  request.params = std::move(entry.params);   // borrowed
  // Until the sync that follows it. If one is under way already, what it holds back is kept for its end.
  if (entry.method == "login" && !feed_.holding()) feed_.hold();
  InFlight in_flight;
  in_flight.sequence = entry.sequence;
  in_flight.sent_at = seams_.clock.now();
  in_flight_.emplace(rpc_id, std::move(in_flight));
  outbox_.mark_sent(entry, rpc_id);
  send_frame(wire::encode(request));
  entry.params = std::move(request.params);
}

void Client::Core::send_frame(std::string frame) {
  outgoing_.push_back(std::move(frame));
  write_alarm_->ring();
}

void Client::Core::on_answer(std::uint64_t rpc_id, wire::RpcResponse response) {
  const auto at = in_flight_.find(rpc_id);
  if (at == in_flight_.end()) return;   // of a request that was settled or sent again meanwhile
  const InFlight in_flight = std::move(at->second);
  in_flight_.erase(at);
  Answer answer = read_answer(std::move(response));
  if (in_flight.ask) {
    in_flight.ask->answer = std::move(answer);
    in_flight.ask->alarm->ring();
  } else if (in_flight.call != 0) {
    on_call_answer(in_flight.call, std::move(answer));
  } else if (auto* entry = outbox_.find(in_flight.sequence)) {
    const bool final = answer.kind == Answer::Kind::done || answer.kind == Answer::Kind::refused;
    if (final || entry->rpc_id == rpc_id) on_sequenced_answer(*entry, std::move(answer));
  }
}

void Client::Core::on_sequenced_answer(Outbox::Entry& entry, Answer answer) {
  const std::uint64_t sequence = entry.sequence;
  switch (answer.kind) {
    case Answer::Kind::refused:
      if (entry.in_doubt) answer.kind = Answer::Kind::unknown;   // it may be what it did itself that is in its way
      [[fallthrough]];
    case Answer::Kind::done:
    case Answer::Kind::invalid:     // its number stays unused: the next one brings wrong_sequence, hence a rollover
    case Answer::Kind::forgotten:
      unknown_answers_ = 0;
      settle(sequence, std::move(answer).to_outcome());
      return pump();
    case Answer::Kind::conflict:
      answer.message = "its number was used for another request (was the outbox copied?); send it again";
      settle(sequence, std::move(answer).to_outcome());
      return pump();
    case Answer::Kind::wrong_sequence: return on_out_of_turn(entry, answer);
    case Answer::Kind::unknown_client:
      rollover_ = Rollover::expired;
      return wake_driver();
    case Answer::Kind::not_attached: return lose_link(state_.address + " lost our client session", Loss::broke);
    case Answer::Kind::generation: return lose_link("the cluster was restored");
    case Answer::Kind::later:
      return retry_from(sequence, answer.retry_after.count() > 0 ? answer.retry_after : default_retry);
    case Answer::Kind::unknown:
      // A cluster without a majority says so too, for as long as that lasts: then it is the outbox's to wait.
      if (answer.reason != "leadership_lost" && ++entry.failures >= failures_max) {
        return settle(sequence, std::move(answer).to_outcome());
      }
      retry_from(sequence, unknown_retry * (1 << unknown_answers_));
      if (unknown_answers_ < unknown_doublings_max) ++unknown_answers_;
      return;
  }
}

// `expected` comes from apply, so it is the truth at its place in the log.
void Client::Core::on_out_of_turn(Outbox::Entry& entry, const Answer& answer) {
  if (answer.expected && *answer.expected < outbox_.first()) {
    // We shall never send that number: nothing after it can ever be carried out in this client session, not even
    // copies that are still on their way. So all of it may safely go into a new one.
    rollover_ = Rollover::gap;
    return wake_driver();
  }
  retry_from(std::min(entry.sequence, answer.expected.value_or(entry.sequence)), out_of_turn_delay);
}

void Client::Core::retry_from(std::uint64_t sequence, milliseconds delay) {
  outbox_.rewind(sequence);
  hold_until_ = std::max(hold_until_, seams_.clock.now() + delay);
  wake_driver_by(hold_until_);
}

void Client::Core::call_then(std::string method, json::object params, TimePoint deadline, OnOutcome then) {
  std::size_t bytes = 0;
  auto failure = unsendable(method, params, bytes);
  if (!failure && calls_.size() >= options_.calls_max) {
    failure = Outcome::make_local(Outcome::Kind::refused, "too_many_calls",
                                  std::to_string(calls_.size()) + " questions are waiting for answers already");
  }
  if (failure) {
    if (then) then(*failure);
    return;
  }
  const std::uint64_t key = ++last_call_;
  Call& call = calls_[key];
  call.repeatable = traits_of(method).repeatable;
  call.method = std::move(method);
  call.params = std::move(params);
  call.deadline = deadline == TimePoint{} ? seams_.clock.now() + options_.call_timeout : deadline;
  call.then = std::move(then);
  wake_driver_by(call.deadline);
  if (state_.phase == Phase::ready) send_call(key, call);
}

void Client::Core::send_call(std::uint64_t key, Call& call) {
  const std::uint64_t rpc_id = ++last_rpc_id_;
  wire::RpcRequest request;
  request.id = rpc_id;
  request.method = call.method;
  request.params = std::move(call.params);   // borrowed
  InFlight in_flight;
  in_flight.call = key;
  in_flight.sent_at = seams_.clock.now();
  in_flight_.emplace(rpc_id, std::move(in_flight));
  call.sent = true;
  send_frame(wire::encode(request));
  call.params = std::move(request.params);
}

void Client::Core::on_call_answer(std::uint64_t key, Answer answer) {
  const auto at = calls_.find(key);
  if (at == calls_.end()) return;   // its deadline came first
  Call& call = at->second;
  const bool again = answer.kind == Answer::Kind::later ||
                     (answer.kind == Answer::Kind::unknown && call.repeatable && answer.reason != "internal");
  if (!again) return finish_call(key, std::move(answer).to_outcome());
  call.sent = false;
  call.not_before = seams_.clock.now() + (answer.retry_after.count() > 0 ? answer.retry_after : default_retry);
  wake_driver_by(call.not_before);
}

// Sends what waits, ends what is too late; returns when to look again.
TimePoint Client::Core::look_after_calls(TimePoint now) {
  TimePoint wake = never;
  std::vector<std::uint64_t> late;
  for (auto& [key, call] : calls_) {
    if (call.deadline <= now) {
      late.push_back(key);
      continue;
    }
    wake = std::min(wake, call.deadline);
    if (call.sent) continue;
    if (call.not_before > now) {
      wake = std::min(wake, call.not_before);
    } else if (state_.phase == Phase::ready) {
      send_call(key, call);
    }
  }
  for (const auto key : late) {
    const std::string where = state_.detail.empty() ? state_.address : state_.detail;
    finish_call(key, Outcome::make_local(Outcome::Kind::unknown, "no_answer", "no node answered in time: " + where));
  }
  return wake;
}

void Client::Core::finish_call(std::uint64_t key, Outcome outcome) {
  const auto at = calls_.find(key);
  if (at == calls_.end()) return;
  const OnOutcome then = std::move(at->second.then);
  calls_.erase(at);
  if (then) then(outcome);
}

std::shared_ptr<Client::Core::Wait> Client::Core::make_wait() {
  auto wait = std::make_shared<Wait>();
  wait->alarm = seams_.clock.make_alarm();
  return wait;
}

OnOutcome Client::Core::brings(std::shared_ptr<Wait> wait) {
  return [wait = std::move(wait)](const Outcome& outcome) {
    wait->outcome = outcome;
    wait->alarm->ring();
  };
}

awaitable<void> Client::Core::wait_for(std::shared_ptr<Wait> wait, TimePoint deadline) {
  while (!wait->outcome && seams_.clock.now() < deadline) co_await wait->alarm->wait_until(deadline);
}

}  // namespace parley::cli
