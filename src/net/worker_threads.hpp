#pragma once

#include <array>
#include <memory>

#include "net/workers.hpp"

namespace parley::net {

// The real Workers: one thread a lane, first come first served within a lane.
//
// Lifetime: made after the io_context and destroyed before it, after everything that calls run(); the destructor
// calls stop(). A job, and what it captured, is destroyed with the caller's coroutine frame, on the caller's strand.
//
// Priority: `password` runs at nice 10 and `search` under SCHED_IDLE (sched(7)), so that on two busy cores a flood of
// logins or searches takes nothing noticeable from the strand and the log. Hashes are not under SCHED_IDLE: its weight
// is 1/340 of a normal thread's, and on a saturated machine nobody could log in; nice 10 leaves them about a tenth.
class WorkerThreads final : public Workers {
 public:
  WorkerThreads();
  ~WorkerThreads() override;
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  awaitable<void> run(Lane lane, std::function<void()> job) override;   // throws WorkersStopped after stop()
  std::size_t queued(Lane lane) const override;

  // Waits for the jobs that run now. Jobs that haven't begun never will: their callers get WorkersStopped. Idempotent.
  void stop();

 private:
  class LaneThread;
  std::array<std::unique_ptr<LaneThread>, lane_count> lanes_;
};

// The job was not run and will not be.
class WorkersStopped : public std::exception {
 public:
  const char* what() const noexcept override { return "the workers were stopped before the job began"; }
};

}  // namespace parley::net
