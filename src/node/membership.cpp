#include "node/membership.hpp"

#include <algorithm>
#include <utility>

#include "raft/log.hpp"

namespace parley::node {
namespace {

using Outcome = wire::MemberReply::Outcome;

constexpr Duration look_interval = milliseconds(5);   // while something is waited for: seldom, and never for long

constexpr const char* taken_back =   // decision 0022
    "it was taken back: those who had to confirm it are not heard; look at `parley status`, and ask again";

constexpr const char* led_no_more =
    "begun, but the leadership ended before it was known to be committed: look at the list of members";

wire::MemberReply reply_of(Outcome outcome, std::string text) {
  wire::MemberReply reply;
  reply.outcome = outcome;
  reply.text = std::move(text);
  return reply;
}

}  // namespace

Membership::Membership(Seams seams, TaskGroup& tasks, Driver& driver, Post post, Stops stops, std::uint64_t random)
    : seams_(seams),
      tasks_(tasks),
      driver_(driver),
      post_(std::move(post)),
      stops_(std::move(stops)),
      left_(seams.clock.make_alarm()),
      last_id_(random) {}

void Membership::stop() { stopping_ = true; }

net::awaitable<void> Membership::join() {
  while (asking_ > 0) co_await left_->wait_until(never);
}

net::awaitable<wire::MemberReply> Membership::ask(wire::MemberRequest request) {
  const Asking asking(*this);
  const TimePoint deadline = seams_.clock.now() + member_timeout;
  if (!driver_.started() || stopping_) co_return reply_of(Outcome::later, "there is no cluster yet");
  const auto status = driver_.consensus().status();
  if (status.role == raft::Role::leader) co_return co_await carry_out(std::move(request), deadline);
  if (!status.leader) co_return reply_of(Outcome::later, "no leader is known just now");
  co_return co_await forward(std::move(request), *status.leader, deadline);
}

net::awaitable<wire::MemberReply> Membership::forward(wire::MemberRequest request, NodeId leader, TimePoint deadline) {
  if (forwarded_.size() >= requests_max) co_return reply_of(Outcome::later, "too many such requests at once");
  const std::uint64_t id = request.id = ++last_id_;
  const std::string name = "node " + std::to_string(leader.value);
  if (!post_(leader, wire::PeerFrame(std::move(request)))) {
    co_return reply_of(Outcome::later, "the leader, " + name + ", is not connected");
  }
  forwarded_.emplace(id, UnderWay{leader, std::nullopt});
  const auto alarm = seams_.clock.make_alarm();
  while (!stopping_ && !forwarded_.at(id).reply && seams_.clock.now() < deadline) {
    const TimePoint next = std::min(deadline, seams_.clock.now() + look_interval);
    co_await alarm->wait_until(next);
  }
  auto reply = std::move(forwarded_.at(id).reply);
  forwarded_.erase(id);
  if (!reply) co_return reply_of(Outcome::unknown, "the leader, " + name + ", did not answer in time");
  co_return std::move(*reply);
}

void Membership::answered(NodeId from, const wire::MemberReply& reply) {
  const auto found = forwarded_.find(reply.id);
  if (found != forwarded_.end() && found->second.to == from) found->second.reply = reply;
}

void Membership::requested(NodeId from, wire::MemberRequest request) {
  if (serving_ >= requests_max) {
    auto reply = reply_of(Outcome::later, "too many such requests at once");
    reply.id = request.id;
    post_(from, wire::PeerFrame(std::move(reply)));
    return;
  }
  ++serving_;
  tasks_.spawn(serve(from, std::move(request)));
}

net::awaitable<void> Membership::serve(NodeId from, wire::MemberRequest request) {
  const std::uint64_t id = request.id;
  const TimePoint deadline = seams_.clock.now() + member_timeout;
  auto reply = co_await carry_out(std::move(request), deadline);
  reply.id = id;
  --serving_;
  post_(from, wire::PeerFrame(std::move(reply)));
}

net::awaitable<wire::MemberReply> Membership::carry_out(wire::MemberRequest request, TimePoint deadline) {
  for (;;) {
    auto plan = plan_member_change(driver_.consensus().status(), self(), request, stops_);
    if (plan.transfer) co_return co_await transfer(*plan.transfer, std::move(plan.reply), deadline);
    if (!plan.configuration) co_return std::move(plan.reply);
    const bool first_step = plan.goes_on;
    auto reply = co_await change(std::move(plan), deadline);
    const bool goes_on = first_step && reply.outcome == Outcome::done && seams_.clock.now() < deadline;
    if (!goes_on) co_return reply;
  }
}

// Proposes it and waits until it is committed. Another change under way: its turn comes after that one, and what was
// planned may then not fit any more, so it is planned anew by whoever asks again.
net::awaitable<wire::MemberReply> Membership::change(MemberPlan plan, TimePoint deadline) {
  const auto before = driver_.consensus().status().configuration;
  const auto proposed = driver_.consensus().propose_configuration(std::move(*plan.configuration), driver_.now());
  if (!proposed.ok() && proposed.error() == raft::Refusal::invalid) {
    co_return reply_of(Outcome::refused, "the configuration can't be changed like that in one step");
  }
  if (!proposed.ok()) co_return reply_of(Outcome::later, "another change is under way, or the leader has just changed");
  driver_.wake();
  seams_.logger.warn("member_change", "asked for: " + plan.reply.text);
  const raft::EntryId entry = *proposed;
  const auto alarm = seams_.clock.make_alarm();
  while (!stopping_ && seams_.clock.now() < deadline) {
    const auto status = driver_.consensus().status();
    const bool leads = status.role == raft::Role::leader && status.term == entry.term;
    if (!leads) co_return reply_of(Outcome::unknown, led_no_more);   // a new leader decides what becomes of it
    const Index latest = driver_.consensus().log().configuration_index();
    const bool undone = latest > entry.index && raft::same(status.configuration, before);
    if (undone && status.commit_index >= latest) co_return reply_of(Outcome::later, taken_back);
    if (!undone && status.commit_index >= entry.index) co_return std::move(plan.reply);
    const TimePoint next = std::min(deadline, seams_.clock.now() + look_interval);
    co_await alarm->wait_until(next);
  }
  co_return reply_of(Outcome::unknown, "begun, but not known to be committed: look at the list of members");
}

net::awaitable<wire::MemberReply> Membership::transfer(NodeId target, wire::MemberReply reply, TimePoint deadline) {
  const auto begun = driver_.consensus().transfer_leadership(target, driver_.now());
  if (!begun.ok()) co_return reply_of(Outcome::later, "a hand-over is under way, or the leader has just changed");
  driver_.wake();
  const auto alarm = seams_.clock.make_alarm();
  while (!stopping_ && seams_.clock.now() < deadline) {
    const auto status = driver_.consensus().status();
    const bool leads = status.role == raft::Role::leader;
    if (leads && !status.transfer_target) co_return reply_of(Outcome::later, "it did not take over in time");
    if (!leads && status.leader == target) co_return reply;
    const TimePoint next = std::min(deadline, seams_.clock.now() + look_interval);
    co_await alarm->wait_until(next);
  }
  co_return reply_of(Outcome::unknown, "begun, but who leads is not known yet");
}

}  // namespace parley::node
