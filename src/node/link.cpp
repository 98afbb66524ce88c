#include "node/link.hpp"

namespace parley::node {

net::awaitable<void> close_unless_greeted(std::shared_ptr<Link> link, net::Clock& clock, TimePoint deadline) {
  while (!link->greeted && !link->closed && clock.now() < deadline) co_await link->alarm->wait_until(deadline);
  if (!link->greeted && !link->closed) link->close("no greeting in time");
}

}  // namespace parley::node
