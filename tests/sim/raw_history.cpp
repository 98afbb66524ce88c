#include "sim/raw_history.hpp"

#include <array>
#include <string_view>

namespace parley::sim {

std::string describe(const RawExchange& exchange) {
  static constexpr std::array<std::string_view, 6> endings = {"not answered", "done",    "refused",
                                                              "later",        "unknown", "invalid"};
  std::string text = exchange.who + "'s " + exchange.method + " to node " + std::to_string(exchange.node);
  if (exchange.client != 0) text += ", client " + std::to_string(exchange.client);
  if (exchange.sequence != 0) text += " number " + std::to_string(exchange.sequence);
  text += " (" + std::string(endings[static_cast<std::size_t>(exchange.ending)]);
  if (exchange.code != 0) text += " " + std::to_string(exchange.code);
  if (!exchange.reason.empty()) text += ", " + exchange.reason;
  if (exchange.expected != 0) text += ", expected " + std::to_string(exchange.expected);
  if (exchange.message != 0) text += ", message " + std::to_string(exchange.message);
  if (!exchange.result.empty()) text += ", " + exchange.result.substr(0, 100);
  return text + "; the node stood at " + std::to_string(exchange.applied.value) + ")";
}

}  // namespace parley::sim
