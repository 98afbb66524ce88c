#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "node/driver_tasks.hpp"
#include "node/link.hpp"
#include "node/logging.hpp"
#include "node/seams.hpp"

namespace parley::node {

// The link from here to one other node: dials it, greets, writes what is for it, dials again when it broke.
// One strand. Outlives its loop.
class Peer {
 public:
  Peer(Seams seams, TaskGroup& tasks, LinkOwner& owner, NodeId id, std::uint64_t seed);

  void start();   // spawns peer_loop
  void stop();    // the loop ends soon after

  // Where to dial, best first; none: not at all. A failing address gives the next one its turn.
  void set_addresses(std::vector<std::string> addresses);
  const std::string& address() const;   // the one whose turn it is

  // Consensus may have something new for this node: takes it if the loop is idle, and wakes the loop for it.
  void look();

  // Queues a frame that is not consensus (forwarded commands and answers, the birth). False: no link, or
  // frames_max are waiting already, which ends the link: who reads so slowly is as good as gone.
  bool post(wire::PeerFrame frame);
  void announce_presence(std::vector<std::uint64_t> accounts);   // the latest list, at most every 200 ms (R20)

  void dial_now();   // it has just dialled us, so it lives: no more waiting
  void redial();     // greet anew: this node now belongs to a cluster

  NodeId id() const { return id_; }
  bool up() const { return welcome_.has_value(); }
  // Frames posted so far, and how many of them are out: written, or lost with their link. Who waits for its own words
  // needn't wait for all that others say meanwhile.
  std::uint64_t posted() const { return posted_; }
  std::uint64_t out() const { return posted_ - frames_.size() - (writing_frame_ ? 1 : 0); }
  const std::optional<wire::Welcome>& welcome() const { return welcome_; }   // of the present link
  const std::string& trouble() const { return trouble_; }                    // why there is no link, for people

  static constexpr std::size_t frames_max = 16 * 1024;
  static constexpr Duration presence_interval = milliseconds(200);

 private:
  net::awaitable<void> peer_loop();
  net::awaitable<void> dial();
  net::awaitable<std::optional<wire::Welcome>> greet(std::shared_ptr<Link> link);
  net::awaitable<void> watch(std::shared_ptr<Link> link);

  std::optional<std::string> next_frame();
  void take_message();
  TimePoint dial_due() const;
  TimePoint presence_due() const;
  void drop_link();
  void say_trouble();
  void wait_before_retry();

  Seams seams_;
  TaskGroup& tasks_;
  LinkOwner& owner_;
  NodeId id_;
  Random random_;
  std::unique_ptr<net::Alarm> alarm_;

  std::vector<std::string> addresses_;
  std::size_t address_turn_ = 0;
  std::size_t attempt_ = 0;         // failed dials in a row
  TimePoint retry_at_ = long_ago;
  TimePoint up_since_ = long_ago;
  std::string trouble_ = "not dialled yet";
  std::string said_trouble_;
  TimePoint say_again_at_ = long_ago;
  TimePoint say_other_at_ = long_ago;

  std::shared_ptr<Link> link_;                // greeted, or being greeted
  std::optional<wire::Welcome> welcome_;      // set while the link is up
  std::deque<wire::PeerFrame> frames_;
  std::uint64_t posted_ = 0;
  bool writing_frame_ = false;                // the loop writes one of them
  std::optional<std::string> ready_;          // an encoded message, taken for a loop that was idle
  bool idle_ = false;
  bool frames_turn_ = false;                  // frames and messages alternate, so that neither starves
  bool stopping_ = false;

  std::optional<std::vector<std::uint64_t>> presence_;   // the list to send next
  std::vector<std::uint64_t> presence_latest_;           // what a new link begins with
  TimePoint presence_sent_ = long_ago;
};

}  // namespace parley::node
