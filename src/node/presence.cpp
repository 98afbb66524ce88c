#include "node/presence.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "wire/peer_frame.hpp"

namespace parley::node {
namespace {

constexpr milliseconds presence_gap{100};

}  // namespace

Presence::Presence(Seams seams, Sessions& sessions)
    : seams_(seams), sessions_(sessions), alarm_(seams_.clock.make_alarm()) {
  sessions_.on_presence_change([this] {
    changed_ = true;
    alarm_->ring();
  });
}

net::awaitable<void> Presence::presence_loop(Replication& replication) {
  replication_ = &replication;
  auto not_before = long_ago;
  while (!stopping_) {
    const auto now = seams_.clock.now();
    if (!changed_) {
      co_await alarm_->wait_until(never);
    } else if (now < not_before) {
      co_await alarm_->wait_until(not_before);
    } else {
      changed_ = false;
      not_before = now + presence_gap;
      std::vector<std::uint64_t> here;
      for (const auto account : sessions_.accounts()) here.push_back(account.value);
      if (here.size() > wire::presence_max) here.resize(wire::presence_max);
      replication.announce_presence(std::move(here));
    }
  }
}

void Presence::stop() {
  stopping_ = true;
  alarm_->ring();
}

std::vector<chat::AccountId> Presence::online() const {
  const auto here = sessions_.accounts();
  std::vector<chat::AccountId> elsewhere;
  if (replication_) {
    for (const auto account : replication_->remote_presence()) elsewhere.emplace_back(account);
  }
  std::vector<chat::AccountId> result;
  std::set_union(here.begin(), here.end(), elsewhere.begin(), elsewhere.end(), std::back_inserter(result));
  return result;
}

bool Presence::online(chat::AccountId account) const {
  if (sessions_.online(account)) return true;
  if (!replication_) return false;
  const auto elsewhere = replication_->remote_presence();
  return std::binary_search(elsewhere.begin(), elsewhere.end(), account.value);
}

}  // namespace parley::node
