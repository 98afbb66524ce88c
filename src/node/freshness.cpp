#include "node/freshness.hpp"

#include <algorithm>

namespace parley::node {
namespace {

std::optional<milliseconds> contact_age(const Services& services, TimePoint contact) {
  if (contact == long_ago) return std::nullopt;
  const auto age = std::chrono::duration_cast<milliseconds>(services.now() - contact);
  return std::max(age, milliseconds{0});
}

}  // namespace

net::awaitable<Freshness> confirm_fresh(Services& services) {
  const auto patience = 2 * services.cluster.election_timeout;
  const auto deadline = services.now() + patience;
  auto alarm = services.seams.clock.make_alarm();
  Freshness freshness;
  for (;;) {
    const auto index = co_await services.replication->read_index(deadline);
    if (index) {
      freshness.confirmed = co_await services.applier.wait_applied(*index, deadline);
      if (freshness.confirmed) co_return freshness;
    }
    const auto now = services.now();
    const auto contact = services.replication->status().leader_heard;
    freshness.age = contact_age(services, contact);
    const bool lasting = contact != long_ago && now >= contact + patience;
    if (lasting || now >= deadline || services.tasks.stopping()) co_return freshness;
    co_await alarm->wait_until(std::min(deadline, now + leader_poll));
  }
}

bool too_old(const Services& services, const Freshness& freshness) {
  if (freshness.confirmed) return false;
  const auto up = std::chrono::duration_cast<milliseconds>(services.now() - services.started);
  return freshness.age.value_or(up) > services.cluster.stale_read_max;
}

void mark_stale(const Freshness& freshness, boost::json::object& result) {
  if (freshness.confirmed) return;
  result["stale"] = true;
  if (freshness.age) result["age_ms"] = freshness.age->count();
}

}  // namespace parley::node
