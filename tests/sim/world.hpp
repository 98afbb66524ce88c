#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace parley::sim {

// One life of one simulated process: from its start to its crash or end. Everything that waits on behalf of a life is
// destroyed with it.
using Life = std::uint64_t;

// Virtual time and the order of all that happens, from one seed. One thread. Nothing happens but in run_until: first
// everything that is ready runs, life by life; then time jumps to the first deadline. Ties break by arming order:
// that is the whole of determinism.
class World {
 public:
  explicit World(std::uint64_t seed);
  ~World();

  TimePoint now() const { return now_; }
  Random& random() { return random_; }

  Life begin_life(std::string name);
  boost::asio::io_context& context(Life life);
  const std::string& name(Life life) const;
  bool alive(Life life) const { return lives_.contains(life); }

  // Destroys every coroutine of that life where it stands, as a crash does: no code of it runs again but destructors.
  // What the coroutines refer to (the node object) must still exist, and be destroyed by the caller afterwards.
  void end_life(Life life);

  // Runs a function of the world itself (a delivery, a fault) at a time.
  void schedule(TimePoint at, std::function<void()> action);

  using Handler = boost::asio::any_completion_handler<void()>;
  std::uint64_t park(Life life, TimePoint deadline, Handler handler);   // resumed at the deadline or by wake()
  void wake(std::uint64_t parked);                                      // unknown or resumed already: nothing happens

  void run_until(TimePoint until);
  void run_for(Duration duration) { run_until(now_ + duration); }
  // Runs until the condition holds, looked at whenever nothing is ready; false: the time was over first.
  bool run_until(const std::function<bool()>& condition, Duration at_most);

  // What happened, one line an event, hashed always and kept when asked to.
  void trace(std::string_view line);
  void keep_trace(bool keep) { keep_trace_ = keep; }
  const std::vector<std::string>& trace_lines() const { return trace_lines_; }
  Digest trace_digest() const { return trace_digest_; }
  std::uint64_t events() const { return events_; }

 private:
  struct LifeState {
    std::string name;
    std::unique_ptr<boost::asio::io_context> context;
  };
  // Constructed and moved, never assigned to: in Boost 1.81 the move assignment of any_completion_handler calls itself.
  struct Event {
    Life life = 0;
    Handler handler;                // of a life
    std::function<void()> action;   // of the world
  };
  using Key = std::pair<TimePoint, std::uint64_t>;

  bool poll_all();
  bool step(TimePoint until);   // one event; false if none is due

  TimePoint now_{};
  Random random_;
  std::uint64_t sequence_ = 0;
  std::uint64_t events_ = 0;
  Life last_life_ = 0;
  std::map<Life, LifeState> lives_;
  std::map<Key, Event> timeline_;
  std::map<std::uint64_t, TimePoint> parked_;   // sequence -> its place in the timeline
  Digest trace_digest_;
  bool keep_trace_ = false;
  std::vector<std::string> trace_lines_;
};

}  // namespace parley::sim
