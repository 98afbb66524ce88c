#pragma once

#include <map>
#include <memory>
#include <string>

#include "net/clock.hpp"
#include "net/entropy.hpp"
#include "net/workers.hpp"
#include "sim/world.hpp"

namespace parley::sim {

using net::awaitable;

// The alarm of one simulated process: parks its waiter in the world's timeline.
class SimAlarm final : public net::Alarm {
 public:
  SimAlarm(World& world, Life life) : world_(world), life_(life) {}
  ~SimAlarm() override = default;
  awaitable<void> wait_until(TimePoint deadline) override;
  void ring() override;

 private:
  World& world_;
  Life life_;
  std::uint64_t parked_ = 0;
};

// Steady time is the world's, faster or slower by `drift`; wall time is that plus an offset which faults may move.
class SimClock final : public net::Clock {
 public:
  SimClock(World& world, Life life, milliseconds wall_offset) : world_(world), life_(life), wall_offset_(wall_offset) {}
  TimePoint now() const override { return world_.now(); }
  WallTime wall_now() const override;
  std::unique_ptr<net::Alarm> make_alarm() override { return std::make_unique<SimAlarm>(world_, life_); }
  void set_wall_offset(milliseconds offset) { wall_offset_ = offset; }

 private:
  World& world_;
  Life life_;
  milliseconds wall_offset_;
};

// How long a job of a lane takes: drawn between the two.
struct LaneDelay {
  Duration least = std::chrono::microseconds(20);
  Duration most = std::chrono::microseconds(200);
};

// A job runs inline when its turn comes, and the caller is resumed a drawn time later: a crash in between leaves
// the job done and its caller uninformed, as a real one can.
class SimWorkers final : public net::Workers {
 public:
  SimWorkers(World& world, Life life, std::map<net::Lane, LaneDelay> delays)
      : world_(world), life_(life), delays_(std::move(delays)), random_(world.random().fork()) {}
  awaitable<void> run(net::Lane lane, std::function<void()> job) override;
  std::size_t queued(net::Lane lane) const override;

 private:
  awaitable<void> wait_until(TimePoint time);

  World& world_;
  Life life_;
  std::map<net::Lane, LaneDelay> delays_;
  Random random_;
  std::map<net::Lane, TimePoint> free_at_;
  std::map<net::Lane, std::size_t> queued_;
};

class SimEntropy final : public net::Entropy {
 public:
  explicit SimEntropy(std::uint64_t seed) : random_(seed) {}
  void fill(void* bytes, std::size_t size) override;

 private:
  Random random_;
};

// Stands in for argon2id: the same interface, no cost, no security.
class SimHasher final : public net::PasswordHasher {
 public:
  std::string hash(const std::string& password) override;
  bool verify(const std::string& phc, const std::string& password) override;
};

}  // namespace parley::sim
