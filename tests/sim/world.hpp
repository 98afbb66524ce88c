#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
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

// Of bytes, for the trace: quick, and no secret depends on it.
std::uint64_t fingerprint(std::string_view bytes);

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
  boost::asio::io_context& context(Life life);   // whoever asks is about to post something there
  const std::string& name(Life life) const;
  bool alive(Life life) const { return lives_.contains(life); }

  // Destroys every coroutine of that life where it stands, as a crash does: no code of it runs again but destructors.
  // What the coroutines refer to (the node object) must still exist, and be destroyed by the caller afterwards.
  void end_life(Life life);

  // Called when a coroutine of the life lets an exception out, which ends a process. Without it run_until throws it.
  // Of the life nothing runs any more; the callee ends it.
  void on_failure(Life life, std::function<void(std::exception_ptr)> callee);

  // SIGSTOP and SIGCONT: a paused life runs nothing; what becomes due for it waits.
  void pause(Life life) { paused_.insert(life); }
  void resume(Life life) { paused_.erase(life); }
  bool paused(Life life) const { return paused_.contains(life); }

  // Runs a function of the world itself (a delivery, a fault) at a time.
  void schedule(TimePoint at, std::function<void()> action);

  // Runs a function after so many more handlers (turns of coroutines, any life's) have run: between two of them, that
  // is, at any co_await of any coroutine. A new one replaces one that waits.
  void interrupt_after(std::uint64_t handlers, std::function<void()> action);

  void clear_interrupt() {
    interrupt_in_ = 0;
    interrupt_ = nullptr;
  }

  // Called whenever something has run and nothing more is ready: what holds after every step can be looked at.
  void after_each_step(std::function<void()> look) { look_ = std::move(look); }

  using Handler = boost::asio::any_completion_handler<void()>;
  // What waits: its place, and its arming number, which is never 0 and never used again.
  struct Key {
    std::size_t place = 0;
    std::uint64_t number = 0;
  };
  Key park(Life life, TimePoint deadline, Handler handler);   // resumed at the deadline or by wake()
  void wake(Key parked);                                      // unknown or resumed already: nothing happens

  void run_until(TimePoint until);
  void run_for(Duration duration) { run_until(now_ + duration); }
  // Runs until the condition holds, looked at whenever nothing is ready; false: the time was over first.
  bool run_until(const std::function<bool()>& condition, Duration at_most);
  void stop() { stopped_ = true; }   // run_until returns at once, now and later

  // What happened, one line an event, hashed always and kept or told when asked to.
  void trace(std::string_view line);
  // The same for what happens often: the text is made only if somebody wants to read it.
  template <class MakeText>
  void trace_detail(std::uint64_t what, const MakeText& make_text) {
    mix(what);
    if (keep_trace_ || tells_details_) tell(make_text());
  }
  void keep_trace(bool keep) { keep_trace_ = keep; }
  using Listener = std::function<void(TimePoint, std::string_view)>;
  void tell_trace(Listener listener, bool details) {
    listener_ = std::move(listener);
    tells_details_ = details;
  }
  const std::vector<std::string>& trace_lines() const { return trace_lines_; }
  Digest trace_digest() const;
  std::uint64_t events() const { return events_; }

 private:
  struct LifeState {
    std::string name;
    std::unique_ptr<boost::asio::io_context> context;
    std::function<void(std::exception_ptr)> failed;
  };
  // Constructed and moved, never assigned to: in Boost 1.81 the move assignment of any_completion_handler calls itself.
  struct Event {
    std::uint64_t number = 0;
    Life life = 0;
    Handler handler;                // of a life
    std::function<void()> action;   // of the world
  };
  struct Due {
    TimePoint at;
    std::uint64_t number = 0;
    std::size_t place = 0;
    // For a heap whose first is the earliest; ties break by arming order.
    bool operator<(const Due& other) const { return at != other.at ? at > other.at : number > other.number; }
  };

  bool poll_all();
  std::size_t poll(Life life, LifeState& state);
  void count_to_interrupt(std::size_t handlers);
  Key arm(TimePoint at, Event event);
  Event disarm(std::size_t place);
  bool stands(const Due& due) const;
  void forget_what_woke_early();
  bool settle();                // everything that is ready runs; true: something did
  bool step(TimePoint until);   // one event; false if none is due
  void post(Life life, Handler handler);
  void mix(std::uint64_t what);
  void tell(std::string_view line);

  TimePoint now_{};
  Random random_;
  std::uint64_t sequence_ = 0;
  std::uint64_t events_ = 0;
  Life last_life_ = 0;
  std::map<Life, LifeState> lives_;
  std::set<Life> ready_;     // may have something to run
  std::set<Life> paused_;
  std::vector<std::optional<Event>> events_waiting_;   // by place
  std::vector<std::size_t> free_places_;
  std::vector<Due> timeline_;   // a heap; without what waits for ever, and still with what was woken before its time
  std::uint64_t interrupt_in_ = 0;              // 0: no interrupt waits
  std::function<void()> interrupt_;
  std::function<void()> look_;
  bool stopped_ = false;
  std::uint64_t trace_hash_[2] = {0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f};
  bool keep_trace_ = false;
  Listener listener_;
  bool tells_details_ = false;
  std::vector<std::string> trace_lines_;
};

}  // namespace parley::sim
