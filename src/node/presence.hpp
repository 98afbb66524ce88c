#pragma once

#include <memory>
#include <vector>

#include "chat/types.hpp"
#include "node/replication.hpp"
#include "node/seams.hpp"
#include "node/session_hub.hpp"

namespace parley::node {

// Who is logged in on any reachable node. Travels from memory to memory, never through the log (R20).
class Presence {
 public:
  Presence(Seams seams, Sessions& sessions);

  // Tells the other nodes who is here: at once after a change, but at most once per presence_gap.
  net::awaitable<void> presence_loop(Replication& replication);
  void stop();

  std::vector<chat::AccountId> online() const;  // sorted; here and elsewhere
  bool online(chat::AccountId account) const;

 private:
  Seams seams_;
  Sessions& sessions_;
  Replication* replication_ = nullptr;
  std::unique_ptr<net::Alarm> alarm_;
  bool changed_ = true;
  bool stopping_ = false;
};

}  // namespace parley::node
