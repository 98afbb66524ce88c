#include "node/copies_watch.hpp"

#include <utility>

#include "node/machine_services.hpp"
#include "node/session_notify.hpp"
#include "node/status.hpp"

namespace parley::node {

void put_copies(boost::json::object& params, const std::optional<CopiesTold>& told, TimePoint now) {
  if (!told) return;
  std::optional<milliseconds> in;
  if (told->bearable_at) in = wait_until(*told->bearable_at, now);
  put_bearable(params, told->bearable, in);
  if (!told->bearable) params["copies"] = told->copies;
}

CopiesWatch::CopiesWatch(Services& services) : services_(services), alarm_(services.seams.clock.make_alarm()) {}

net::awaitable<void> CopiesWatch::watch_loop() {
  while (!services_.tasks.stopping()) {
    look();
    const TimePoint next = services_.now() + interval;
    co_await alarm_->wait_until(next);
  }
}

void CopiesWatch::stop() { alarm_->ring(); }

// Nobody has answered who has just begun to lead, and to say that all copies are missing would be wrong.
std::optional<CopiesTold> CopiesWatch::known() {
  const auto status = services_.replication->status();
  const auto view = services_.replication->quorum();
  if (status.role != raft::Role::leader || !view) {
    led_in_.reset();
    return std::nullopt;
  }
  if (std::exchange(led_in_, status.term) != status.term) return std::nullopt;
  const auto copies = copies_of(services_, status);
  CopiesTold told;
  told.bearable = copies.bearable;
  if (!told.bearable) {
    told.copies = copies.copies;
    told.bearable_at = view->acts_at;
  }
  return told;
}

void CopiesWatch::look() {
  const auto seen = known();
  if (seen == services_.copies_told) return;
  services_.copies_told = seen;
  services_.sessions.tell(leader_frame(services_.replication->leader(), seen, services_.now()));
}

}  // namespace parley::node
