#include "cli/server_list.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace parley::cli {

ServerList::ServerList(std::vector<std::string> given, const ClientOptions& options, Random random)
    : options_(options), random_(random) {
  learn(given);
  PARLEY_ASSERT(!known_.empty(), "a client needs at least one server to begin with");
  // Many clients spread over the nodes from the start; who is to stay where it is begins with the first one given.
  if (options_.follow_leader) position_ = random_.below(known_.size());
}

void ServerList::learn(const std::vector<std::string>& addresses) {
  for (const auto& address : addresses) {
    if (address.empty() || known_.size() >= options_.servers_max) continue;
    if (std::find(known_.begin(), known_.end(), address) == known_.end()) known_.push_back(address);
  }
}

std::string ServerList::next() {
  if (preferred_) {
    std::string address = std::move(*preferred_);
    preferred_.reset();
    return address;
  }
  std::string address = known_[position_++ % known_.size()];
  if (address == last_lost_ && known_.size() > 1) address = known_[position_++ % known_.size()];
  last_lost_.clear();
  return address;
}

Duration ServerList::failed(const std::string& address, TimePoint now) {
  ++failures_;
  last_lost_ = address;
  if (failed_at_.size() > options_.servers_max) failed_at_.clear();
  failed_at_[address] = now;
  const auto rounds = failures_ / known_.size();
  if (rounds == 0) return draw(options_.failover_jitter);
  Duration most = options_.backoff_min;
  for (std::size_t i = 1; i < rounds && most < options_.backoff_max; ++i) most *= 2;
  most = std::min<Duration>(most, options_.backoff_max);
  return draw_between(most / 2, most);
}

Duration ServerList::lost(const std::string& address) {
  last_lost_ = address;
  return draw(options_.failover_jitter);
}

bool ServerList::worth_moving_to(const std::string& address, TimePoint now) const {
  const auto at = failed_at_.find(address);
  return at == failed_at_.end() || at->second + failed_for <= now;
}

Duration ServerList::draw_between(Duration least, Duration most) {
  if (most <= least) return least;
  const auto span = static_cast<std::uint64_t>((most - least).count());
  return least + Duration(static_cast<Duration::rep>(random_.below(span + 1)));
}

}  // namespace parley::cli
