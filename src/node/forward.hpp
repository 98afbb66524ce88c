#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "net/clock.hpp"
#include "node/replication.hpp"
#include "wire/peer_frame.hpp"

namespace parley::node {

// Commands on their way to the leader over a link, and what became of them. A command whose answer can no longer
// come is `unknown`: it may be in the leader's log or not, and only the replicated client session can tell.
// One strand. An entry is forgotten when its waiter has looked.
class ForwardTable {
 public:
  // `random`: where the ids begin. An answer to a former run of this node must not fit a command of this one.
  ForwardTable(net::Clock& clock, std::uint64_t random) : clock_(clock), last_id_(random) {}

  // Limits of what is under way; beyond them a new command is answered `busy` (nothing happened).
  static constexpr std::size_t forwards_max = 4096;
  static constexpr std::size_t forward_bytes_max = 16 * 1024 * 1024;
  bool full(std::size_t more_bytes) const;

  std::uint64_t begin(NodeId to, std::size_t bytes);
  // Waits for the answer, at most until the deadline: then `unknown`.
  net::awaitable<Submitted> wait(std::uint64_t id, TimePoint deadline);

  void answered(NodeId from, const wire::Forwarded& answer);      // from another node than asked: ignored
  void not_sent(const std::vector<std::uint64_t>& ids);           // `no_leader`: surely nothing happened
  void link_lost(NodeId to);                                      // `unknown` for all that were sent there
  void led_by(NodeId leader);                                     // `unknown` for all that were sent to another one
  void stop();                                                    // `unknown` for all
  std::size_t size() const { return under_way_.size(); }

 private:
  struct UnderWay {
    NodeId to;
    std::size_t bytes = 0;
    std::unique_ptr<net::Alarm> alarm;
    std::optional<Submitted> outcome;
  };
  void settle(UnderWay& forward, Submitted::Outcome outcome, raft::EntryId entry = {});

  net::Clock& clock_;
  std::map<std::uint64_t, UnderWay> under_way_;
  std::size_t bytes_ = 0;
  std::uint64_t last_id_;
};

}  // namespace parley::node
