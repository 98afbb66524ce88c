#pragma once

#include <exception>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "net/clock.hpp"
#include "net/entropy.hpp"
#include "net/workers.hpp"
#include "sim/world.hpp"

namespace parley::sim {

using net::awaitable;

// The alarm of one simulated process: parks its waiter in the world's timeline. Its deadlines are the world's.
class SimAlarm final : public net::Alarm {
 public:
  SimAlarm(World& world, Life life) : world_(world), life_(life) {}
  ~SimAlarm() override = default;
  awaitable<void> wait_until(TimePoint deadline) override;
  void ring() override;

 private:
  World& world_;
  Life life_;
  World::Key parked_{};   // of the latest wait; nothing stands there any more when it is over
};

// The clocks of one machine, which outlive its processes: steady time begins anywhere and runs a little fast or slow,
// wall time jumps.
class MachineClock {
 public:
  explicit MachineClock(const World& world) : world_(world), anchor_(world.now()), shown_(world.now()) {}

  TimePoint now() const { return shown_at(world_.now()); }
  WallTime wall_now() const;
  // The first moment of the world at which this clock shows `time` or later; never and long_ago stay what they are.
  TimePoint when(TimePoint time) const;

  void set_start(Duration since_boot);
  void set_drift(std::int64_t parts_per_million);   // from now on
  void set_wall_offset(milliseconds offset) { wall_offset_ = offset; }
  milliseconds wall_offset() const { return wall_offset_; }

 private:
  TimePoint shown_at(TimePoint world_time) const;

  const World& world_;
  TimePoint anchor_;   // of the world
  TimePoint shown_;    // of this clock at that moment
  std::int64_t ppm_ = 0;
  milliseconds wall_offset_{0};
};

// What one life sees of its machine's clocks.
class SimClock final : public net::Clock {
 public:
  SimClock(World& world, Life life, const MachineClock& machine)
      : world_(world), life_(life), own_(world), machine_(machine) {}
  // A machine's clock of its own, true but for the offset of its wall clock.
  SimClock(World& world, Life life, milliseconds wall_offset) : SimClock(world, life, own_) {
    own_.set_wall_offset(wall_offset);
  }
  SimClock(const SimClock&) = delete;
  SimClock& operator=(const SimClock&) = delete;
  void set_wall_offset(milliseconds offset) { own_.set_wall_offset(offset); }
  TimePoint now() const override { return machine_.now(); }
  WallTime wall_now() const override { return machine_.wall_now(); }
  std::unique_ptr<net::Alarm> make_alarm() override;

 private:
  World& world_;
  Life life_;
  MachineClock own_;
  const MachineClock& machine_;
};

// How long a job of a lane takes: drawn between the two.
struct LaneDelay {
  Duration least = std::chrono::microseconds(20);
  Duration most = std::chrono::microseconds(200);
};
using LaneDelays = std::map<net::Lane, LaneDelay>;

// A job takes a drawn time and is done, inline, at a drawn moment of it; then the caller is resumed. So a crash finds
// it not begun, done with its caller uninformed, or, by `interrupt`, somewhere in its middle.
class SimWorkers final : public net::Workers {
 public:
  SimWorkers(World& world, Life life, LaneDelays delays)
      : world_(world), life_(life), delays_(std::move(delays)), random_(world.random().fork()) {}
  awaitable<void> run(net::Lane lane, std::function<void()> job) override;
  std::size_t queued(net::Lane lane) const override;

  // The lane's jobs stand still until then.
  void stall(net::Lane lane, TimePoint until);

  // The machine is about to lose its power: does the jobs that are under way now, lane by lane, each with `before` run
  // first, which limits what of it reaches the disk. What they throw is nobody's business any more.
  void interrupt(const std::function<void()>& before);

  // Throws when the machine has lost its power: asked after each job, whatever that made of it.
  void look_after_each(std::function<void()> power) { power_ = std::move(power); }

 private:
  struct Job {
    std::function<void()>* work = nullptr;
    TimePoint begin;
    bool done = false;
  };
  struct LaneState {
    TimePoint free_at{};
    TimePoint stalled_until{};
    std::list<Job*> jobs;   // waiting or running, in order
  };
  awaitable<void> wait_until(net::Lane lane, TimePoint time);
  Duration draw(Duration least, Duration most);

  World& world_;
  Life life_;
  LaneDelays delays_;
  Random random_;
  std::map<net::Lane, LaneState> lanes_;
  std::function<void()> power_;
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
