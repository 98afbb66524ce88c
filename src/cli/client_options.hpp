#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace parley::cli {

// From where messages are delivered: everything changed after `index` in that generation.
struct Cursor {
  std::uint64_t generation = 0;
  std::uint64_t index = 0;
  bool operator==(const Cursor&) const = default;
};

struct ClientOptions {
  std::string client_name = "parley";      // shown in the nodes' logs
  // false ("--stay"): begins with the first server given and keeps the node it has while that one works.
  bool follow_leader = true;
  bool receive = true;                     // sync and deliver messages; false for pure writers
  std::optional<Cursor> cursor;            // nullopt: from the moment of the login on
  bool replay_after_restore = true;        // another generation: deliver from its beginning; false: from now on
  std::string operator_token;              // said on every connection if not empty

  milliseconds connect_timeout{1000};
  milliseconds ask_timeout{3000};          // hello, attach, resume, sync: then another node is tried
  milliseconds answer_timeout{10'000};     // a request without an answer: the node is given up
  // A machine that lost its power closes no connection. So a node that has been silent for that long is asked whether
  // it is there, sooner if it owes an answer; without a word after ping_timeout it is given up (decision 0021).
  milliseconds ping_after{3000};
  milliseconds ping_after_request{1000};
  milliseconds ping_timeout{2000};
  milliseconds call_timeout{10'000};       // call() without a deadline of its own
  // On a node that knows no leader, before another is asked. Longer than an election among those that hear each other:
  // this one is cut off. With the 300 ms after which a leader notices that itself, a second in all is seldom exceeded.
  milliseconds no_leader_patience{500};
  milliseconds no_outcome_patience{8000};  // on one that answers, and carries out nothing of what waits: likewise
  milliseconds failover_jitter{20};        // before the next node is tried after a loss, 0 … this
  milliseconds backoff_min{50};            // after every known node was tried in vain; doubles
  milliseconds backoff_max{2000};

  std::size_t outbox_max = 10'000;                     // requests waiting: more are refused (outbox_full)
  std::size_t outbox_bytes_max = 16 * 1024 * 1024;     // of parameters, likewise
  std::size_t window_max = 128;                        // sequenced requests under way on one connection
  std::size_t calls_max = 1024;                        // unsequenced ones waiting: more are refused (too_many_calls)
  std::size_t held_messages_max = 4096;                // pushed during a sync; more: synced again instead
  std::size_t servers_max = 64;                        // addresses remembered
};

}  // namespace parley::cli
