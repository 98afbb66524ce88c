#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <memory>
#include <optional>

#include "base/ids.hpp"
#include "net/clock.hpp"

namespace parley::node {

struct Services;

// What clients are told of the copies (docs/PROTOCOL.md section 7), by the leader only: a follower does not know.
struct CopiesTold {
  bool bearable = false;                  // one more failure, not the leader's
  std::size_t copies = 0;                 // if not bearable: voters that hold all that is committed; else 0, as it
                                          // changes with every message then
  std::optional<TimePoint> bearable_at;   // not bearable, but from then on
  bool operator==(const CopiesTold&) const = default;
};
void put_copies(boost::json::object& params, const std::optional<CopiesTold>& told, TimePoint now);

// Tells the clients of a leader when it changes whether one more failure is bearable.
// INVARIANT: what clients were told last is `Services::copies_told`, whether by hello or by a notification; so a change
// reaches all of them, and none of them more than once in an interval.
class CopiesWatch {
 public:
  explicit CopiesWatch(Services& services);

  net::awaitable<void> watch_loop();   // until the machine's tasks are told to stop, and stop()
  void stop();

  static constexpr Duration interval = milliseconds(1000);

 private:
  std::optional<CopiesTold> known();
  void look();

  Services& services_;
  std::unique_ptr<net::Alarm> alarm_;
  std::optional<Term> led_in_;
};

}  // namespace parley::node
