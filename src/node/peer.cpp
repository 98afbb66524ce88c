#include "node/peer.hpp"

#include <algorithm>

namespace parley::node {
namespace {

// The first tries after a break come at once: a refused one tells that the process is gone (R5), and that has to be
// known within milliseconds. Who stays away costs a few dials a second.
constexpr Duration retry_first = milliseconds(1);
constexpr Duration retry_most = milliseconds(250);
constexpr std::size_t attempts_unsaid = 10;   // about a second: nodes that start together miss each other at first
constexpr Duration trouble_interval = milliseconds(60'000);
constexpr Duration other_trouble_interval = milliseconds(5'000);
constexpr Duration connect_timeout = milliseconds(1000);
constexpr Duration steady_link = milliseconds(500);
constexpr Duration greeting_timeout = milliseconds(2000);

}  // namespace

Peer::Peer(Seams seams, TaskGroup& tasks, LinkOwner& owner, NodeId id, std::uint64_t seed)
    : seams_(seams), tasks_(tasks), owner_(owner), id_(id), random_(seed), alarm_(seams.clock.make_alarm()) {}

void Peer::start() { tasks_.spawn(peer_loop()); }

void Peer::stop() {
  stopping_ = true;
  if (link_) link_->close();
  alarm_->ring();
}

void Peer::set_addresses(std::vector<std::string> addresses) {
  if (addresses == addresses_) return;
  addresses_ = std::move(addresses);
  address_turn_ = 0;
  alarm_->ring();   // it may wait for some
}

const std::string& Peer::address() const {
  static const std::string none = "(no address known)";
  return addresses_.empty() ? none : addresses_[address_turn_ % addresses_.size()];
}

net::awaitable<void> Peer::peer_loop() {
  while (!stopping_) {
    if (!link_ && seams_.clock.now() < dial_due()) {
      co_await alarm_->wait_until(dial_due());
      continue;
    }
    if (!link_) {
      co_await dial();
      continue;
    }
    if (link_->closed) {
      drop_link();
      continue;
    }
    auto frame = next_frame();
    if (!frame) {
      idle_ = true;
      co_await alarm_->wait_until(presence_due());
      idle_ = false;
      continue;
    }
    const auto link = link_;
    const bool written = co_await link->connection->write(std::move(*frame));
    writing_frame_ = false;
    if (!written) link->close();
  }
  if (link_) drop_link();
}

net::awaitable<void> Peer::dial() {
  const std::string address = this->address();
  auto result = co_await seams_.network.connect(net::Transport::peer, address, seams_.clock.now() + connect_timeout);
  if (stopping_) co_return;
  if (!result.connection) {
    trouble_ = result.detail;
    owner_.connect_failed(id_, result);
    if (attempt_ >= attempts_unsaid) say_trouble();
    wait_before_retry();
    co_return;
  }
  const auto link = std::make_shared<Link>(std::move(result.connection), seams_.clock);
  link_ = link;   // so that stop() reaches it
  auto welcome = co_await greet(link);
  if (!welcome || stopping_) {
    link->close();
    link_.reset();
    say_trouble();
    wait_before_retry();
    co_return;
  }
  welcome_ = std::move(welcome);
  up_since_ = seams_.clock.now();
  trouble_.clear();
  said_trouble_.clear();
  if (!presence_latest_.empty()) presence_ = presence_latest_;
  tasks_.spawn(watch(link));
  owner_.link_up(id_, *welcome_);
}

// Hello, then Welcome or Rejected; nullopt: no link, and trouble_ says why.
net::awaitable<std::optional<wire::Welcome>> Peer::greet(std::shared_ptr<Link> link) {
  const auto certified = link->connection->certified();
  if (certified && *certified != id_) {   // before a word is said to it
    trouble_ = address() + " is node " + std::to_string(certified->value) + " by its certificate, not node " +
               std::to_string(id_.value) + ": check the addresses in the configuration";
    co_return std::nullopt;
  }
  tasks_.spawn(close_unless_greeted(link, seams_.clock, seams_.clock.now() + greeting_timeout));
  auto hello = wire::encode(wire::PeerFrame(owner_.hello_to(id_)));
  const bool written = co_await link->connection->write(std::move(hello));
  std::optional<std::string> bytes;
  if (written) bytes = co_await link->connection->read();
  link->greeted = true;
  link->alarm->ring();
  if (!bytes) {
    const std::string why = link->connection->trouble();
    trouble_ = address() + " closed the connection during the greeting" + (why.empty() ? "" : ": " + why);
    co_return std::nullopt;
  }
  auto frame = wire::decode_peer_frame(*bytes);
  if (!frame.ok()) {
    trouble_ = address() + " does not speak our protocol: " + frame.error().message;
    co_return std::nullopt;
  }
  if (const auto* rejected = std::get_if<wire::Rejected>(&*frame)) {
    trouble_ = address() + " rejected this node: " + rejected->reason;
    co_return std::nullopt;
  }
  if (const auto* stranger = std::get_if<wire::NotAMember>(&*frame)) {
    trouble_ = address() + " answered: " + owner_.told_not_a_member(id_, *stranger);
    co_return std::nullopt;
  }
  if (const auto* rolled_back = std::get_if<wire::RolledBack>(&*frame)) {
    trouble_ = address() + " answered: " + owner_.told_rolled_back(id_, *rolled_back);
    co_return std::nullopt;
  }
  const auto* welcome = std::get_if<wire::Welcome>(&*frame);
  if (welcome == nullptr) {
    trouble_ = address() + " answered the greeting with another frame";
    co_return std::nullopt;
  }
  const auto accepted = owner_.accept_welcome(id_, *welcome);
  if (!accepted.ok()) {
    trouble_ = accepted.error().message;
    co_return std::nullopt;
  }
  co_return *welcome;
}

// The far end never speaks after its Welcome, so whatever the read gives, the link is over: this is how a dead
// process is noticed at once.
net::awaitable<void> Peer::watch(std::shared_ptr<Link> link) {
  const auto unexpected = co_await link->connection->read();
  static_cast<void>(unexpected);
  link->close();
  if (link == link_) alarm_->ring();
}

std::optional<std::string> Peer::next_frame() {
  if (!frames_turn_ || frames_.empty()) {
    frames_turn_ = true;
    if (!ready_) take_message();
    if (ready_) return std::exchange(ready_, std::nullopt);
  }
  frames_turn_ = false;
  if (!frames_.empty()) {
    auto bytes = wire::encode(frames_.front());
    frames_.pop_front();
    writing_frame_ = true;
    return bytes;
  }
  if (presence_ && seams_.clock.now() >= presence_due()) {
    wire::Presence presence;
    presence.accounts = std::move(*presence_);
    presence_.reset();
    presence_sent_ = seams_.clock.now();
    return wire::encode(wire::PeerFrame(std::move(presence)));
  }
  return std::nullopt;
}

void Peer::take_message() {
  auto message = owner_.message_for(welcome_->from);   // built now, from what is true now: nothing stale is queued
  if (message) ready_ = wire::encode(wire::PeerFrame(std::move(*message)));
}

void Peer::look() {
  if (!idle_ || !welcome_ || ready_) return;
  take_message();
  if (ready_) alarm_->ring();
}

bool Peer::post(wire::PeerFrame frame) {
  if (!welcome_) return false;
  if (frames_.size() == frames_max) {
    seams_.logger.warn("link_too_slow", "node " + std::to_string(id_.value) + " does not keep up; dropping its link");
    link_->close();
    alarm_->ring();
    return false;
  }
  frames_.push_back(std::move(frame));
  ++posted_;
  if (idle_) alarm_->ring();
  return true;
}

void Peer::announce_presence(std::vector<std::uint64_t> accounts) {
  presence_latest_ = accounts;
  if (!welcome_) return;
  presence_ = std::move(accounts);
  if (idle_) alarm_->ring();
}

TimePoint Peer::dial_due() const { return addresses_.empty() ? never : retry_at_; }

TimePoint Peer::presence_due() const {
  if (!presence_) return never;
  return presence_sent_ == long_ago ? long_ago : presence_sent_ + presence_interval;
}

void Peer::dial_now() {
  if (link_) return;
  attempt_ = 0;
  retry_at_ = long_ago;
  alarm_->ring();
}

void Peer::redial() {
  if (link_) link_->close();
  dial_now();
  alarm_->ring();
}

void Peer::drop_link() {
  std::vector<std::uint64_t> unsent;
  for (const auto& frame : frames_) {
    if (const auto* forward = std::get_if<wire::Forward>(&frame)) unsent.push_back(forward->id);
  }
  link_->close();
  link_.reset();
  welcome_.reset();
  frames_.clear();
  ready_.reset();
  presence_.reset();
  trouble_ = "the link to " + address() + " broke";
  if (seams_.clock.now() - up_since_ >= steady_link) {
    attempt_ = 0;
    retry_at_ = long_ago;   // at once: a refusal now tells that the process is gone (R5)
  } else {
    wait_before_retry();    // links that break as soon as they are up must not become a busy loop
  }
  owner_.link_down(id_, unsent);
}

// Once for each new trouble, and now and then while it lasts.
void Peer::say_trouble() {
  if (stopping_) return;
  const TimePoint now = seams_.clock.now();
  if (now < (trouble_ == said_trouble_ ? say_again_at_ : say_other_at_)) return;
  said_trouble_ = trouble_;
  say_again_at_ = now + trouble_interval;
  say_other_at_ = now + other_trouble_interval;
  seams_.logger.warn("no_link", "no link to node " + std::to_string(id_.value) + ": " + trouble_);
}

void Peer::wait_before_retry() {
  ++address_turn_;
  const auto doubled = retry_first * (std::uint64_t{1} << std::min<std::size_t>(attempt_, 16));
  const auto most = std::min<Duration>(doubled, retry_most);
  ++attempt_;
  const auto jittered = most / 2 + Duration(random_.below(static_cast<std::uint64_t>(most.count()) / 2 + 1));
  retry_at_ = seams_.clock.now() + jittered;
}

}  // namespace parley::node
