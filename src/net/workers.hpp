#pragma once

#include <cstdint>
#include <functional>

#include "net/clock.hpp"

namespace parley::net {

// What may block runs on a lane's own thread, in order of arrival; the strand goes on meanwhile.
enum class Lane : std::uint8_t {
  log,        // the write-ahead log
  archive,    // SQLite writes
  pages,      // SQLite reads: history pages, facts about old messages
  search,     // full-text search and copies; idle priority
  password,   // argon2id; idle priority
};
inline constexpr std::size_t lane_count = 5;

class Workers {
 public:
  virtual ~Workers() = default;
  // Runs `job` on the lane and resumes the caller on its own executor. What the job throws is thrown here.
  // The caller keeps whatever the job refers to alive until then.
  virtual awaitable<void> run(Lane lane, std::function<void()> job) = 0;
  virtual std::size_t queued(Lane lane) const = 0;   // jobs waiting or running: callers bound their queues by it
};

}  // namespace parley::net
