#include "node/limits.hpp"

#include <algorithm>

namespace parley::node {

milliseconds Throttle::wait(const std::string& key, TimePoint now) const {
  const auto found = failures_.find(key);
  if (found == failures_.end() || now >= found->second.not_before) return milliseconds{0};
  return std::chrono::ceil<milliseconds>(found->second.not_before - now);
}

void Throttle::failed(const std::string& key, TimePoint now) {
  auto found = failures_.find(key);
  if (found == failures_.end()) {
    make_room(now);
    found = failures_.emplace(key, Failures{0, now, now}).first;
  }
  auto& failures = found->second;
  if (now - failures.last > policy_.forget_after) failures.count = 0;
  ++failures.count;
  failures.last = now;
  if (failures.count <= policy_.free_tries) return;
  const unsigned doublings = std::min(failures.count - policy_.free_tries - 1, 20U);
  failures.not_before = now + std::min<Duration>(policy_.first_delay * (1LL << doublings), policy_.delay_max);
}

void Throttle::succeeded(const std::string& key) { failures_.erase(key); }

void Throttle::make_room(TimePoint now) {
  if (failures_.size() < throttle_keys_max) return;
  std::erase_if(failures_, [&](const auto& entry) { return now - entry.second.last > policy_.forget_after; });
  if (failures_.size() < throttle_keys_max) return;
  const auto older = [](const auto& a, const auto& b) { return a.second.last < b.second.last; };
  failures_.erase(std::min_element(failures_.begin(), failures_.end(), older));
}

bool RateLimit::take(const std::string& key, TimePoint now) {
  auto found = buckets_.find(key);
  if (found == buckets_.end()) {
    if (buckets_.size() >= throttle_keys_max) {
      const auto older = [](const auto& a, const auto& b) { return a.second.at < b.second.at; };
      buckets_.erase(std::min_element(buckets_.begin(), buckets_.end(), older));
    }
    found = buckets_.emplace(key, Bucket{burst_, now}).first;
  }
  auto& bucket = found->second;
  const double seconds = std::chrono::duration<double>(now - bucket.at).count();
  bucket.tokens = std::min(burst_, bucket.tokens + seconds * rate_);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

std::string address_of(const std::string& remote) {
  const auto colon = remote.rfind(':');
  auto address = colon == std::string::npos ? remote : remote.substr(0, colon);
  if (address.size() >= 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  return address;
}

}  // namespace parley::node
