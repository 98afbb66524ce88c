#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "cli/outcome.hpp"
#include "wire/rpc.hpp"

namespace parley::cli {

// What a node's answer means to this client; the reasons that ask for an action of the client come before the outcome.
struct Answer {
  enum class Kind : std::uint8_t {
    done, refused, later, unknown,
    invalid,          // not a request of the protocol: never carried out, by any node
    wrong_sequence, conflict, forgotten, unknown_client, not_attached, generation
  };
  Kind kind = Kind::unknown;
  json::value result;
  std::string reason;
  std::string message;
  milliseconds retry_after{0};                  // 0: not told
  std::optional<std::uint64_t> expected;        // of wrong_sequence

  Outcome to_outcome() &&;                      // done and refused; everything else as unknown
};

inline constexpr milliseconds retry_after_max{5000};   // a node that says more is asked again after this

Answer read_answer(wire::RpcResponse response);

}  // namespace parley::cli
