#include "cli/answer.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "cli/json_fields.hpp"

namespace parley::cli {
namespace {

std::optional<Answer::Kind> special_kind(const std::string& reason) {
  if (reason == "wrong_sequence") return Answer::Kind::wrong_sequence;
  if (reason == "conflict") return Answer::Kind::conflict;
  if (reason == "forgotten") return Answer::Kind::forgotten;
  if (reason == "unknown_client") return Answer::Kind::unknown_client;
  if (reason == "not_attached") return Answer::Kind::not_attached;
  if (reason == "generation") return Answer::Kind::generation;
  return std::nullopt;
}

Answer::Kind kind_of(const wire::RpcError& error) {
  const auto outcome = text_field(error.data, "outcome");
  if (outcome == "refused") return Answer::Kind::refused;
  if (outcome == "later") return Answer::Kind::later;
  if (outcome == "unknown") return Answer::Kind::unknown;
  switch (error.code) {
    case wire::RpcCode::refused: return Answer::Kind::refused;
    case wire::RpcCode::later: return Answer::Kind::later;
    case wire::RpcCode::unknown: return Answer::Kind::unknown;
    case wire::RpcCode::internal: return Answer::Kind::unknown;
    default: return Answer::Kind::invalid;
  }
}

}  // namespace

Answer read_answer(wire::RpcResponse response) {
  Answer answer;
  if (auto* result = std::get_if<json::value>(&response.outcome)) {
    answer.kind = Answer::Kind::done;
    answer.result = std::move(*result);
    return answer;
  }
  auto& error = std::get<wire::RpcError>(response.outcome);
  answer.reason = text_field(error.data, "reason");
  answer.message = error.message.empty() ? answer.reason : std::move(error.message);
  const auto retry_after = number_field(error.data, "retry_after_ms").value_or(0);
  const auto most = static_cast<std::uint64_t>(retry_after_max.count());
  answer.retry_after = milliseconds(static_cast<std::int64_t>(std::min(retry_after, most)));
  answer.expected = number_field(error.data, "expected");
  answer.kind = special_kind(answer.reason).value_or(kind_of(error));
  if (answer.kind == Answer::Kind::invalid && answer.reason.empty()) answer.reason = "invalid_request";
  return answer;
}

Outcome Answer::to_outcome() && {
  Outcome outcome;
  switch (kind) {
    case Kind::done: outcome.kind = Outcome::Kind::done; break;
    case Kind::refused:
    case Kind::invalid:
    case Kind::conflict: outcome.kind = Outcome::Kind::refused; break;
    default: outcome.kind = Outcome::Kind::unknown; break;
  }
  outcome.result = std::move(result);
  outcome.reason = std::move(reason);
  outcome.message = std::move(message);
  return outcome;
}

}  // namespace parley::cli
