#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "node/driver.hpp"
#include "node/driver_tasks.hpp"
#include "node/member_changes.hpp"
#include "node/seams.hpp"
#include "wire/peer_frame.hpp"

namespace parley::node {

// Requests about members: to the leader, wherever it is, and carried out there. One strand; outlives its tasks.
class Membership {
 public:
  using Post = std::function<bool(NodeId, wire::PeerFrame)>;   // false: no link
  using Stops = std::function<bool(NodeId)>;

  // `random`: where the numbers of its requests begin; an answer to a former run must not fit one of this.
  Membership(Seams seams, TaskGroup& tasks, Driver& driver, Post post, Stops stops, std::uint64_t random);

  // Carried out, refused, or why not now; within member_timeout.
  net::awaitable<wire::MemberReply> ask(wire::MemberRequest request);

  void requested(NodeId from, wire::MemberRequest request);      // arrived; answered over our link to `from`
  void answered(NodeId from, const wire::MemberReply& reply);
  void stop();
  net::awaitable<void> join();                                   // until nobody asks any more; one waiter

  static constexpr Duration member_timeout = milliseconds(5000);
  static constexpr std::size_t requests_max = 64;                // under way on this node; beyond: `later`

 private:
  // Somebody is inside ask(), who is no task of this node's.
  class Asking {
   public:
    explicit Asking(Membership& owner) : owner_(owner) { ++owner_.asking_; }
    ~Asking() {
      if (--owner_.asking_ == 0) owner_.left_->ring();
    }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

   private:
    Membership& owner_;
  };
  struct UnderWay {
    NodeId to;
    std::optional<wire::MemberReply> reply;
  };
  net::awaitable<wire::MemberReply> forward(wire::MemberRequest request, NodeId leader, TimePoint deadline);
  net::awaitable<wire::MemberReply> carry_out(wire::MemberRequest request, TimePoint deadline);
  net::awaitable<wire::MemberReply> change(MemberPlan plan, TimePoint deadline);
  net::awaitable<wire::MemberReply> transfer(NodeId target, wire::MemberReply reply, TimePoint deadline);
  net::awaitable<void> serve(NodeId from, wire::MemberRequest request);

  Seams seams_;
  TaskGroup& tasks_;
  Driver& driver_;
  ServerId self() const { return driver_.self(); }
  Post post_;
  Stops stops_;
  std::map<std::uint64_t, UnderWay> forwarded_;
  std::size_t serving_ = 0;
  std::size_t asking_ = 0;
  std::unique_ptr<net::Alarm> left_;
  std::uint64_t last_id_;
  bool stopping_ = false;
};

}  // namespace parley::node
