#include "node/machine_services.hpp"

#include <algorithm>

namespace parley::node {

net::awaitable<bool> catch_up(Services& services, milliseconds at_most) {
  const auto deadline = services.now() + at_most;
  auto alarm = services.seams.clock.make_alarm();
  while (services.now() < deadline) {
    const auto index = co_await services.replication->read_index(deadline);
    if (index) {
      const bool applied = co_await services.applier.wait_applied(*index, deadline);
      co_return applied;
    }
    if (services.tasks.stopping()) co_return false;
    co_await alarm->wait_until(std::min(deadline, services.now() + leader_poll));
  }
  co_return false;
}

}  // namespace parley::node
