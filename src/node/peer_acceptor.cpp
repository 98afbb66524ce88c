#include "node/peer_acceptor.hpp"

namespace parley::node {
namespace {

constexpr Duration greeting_timeout = milliseconds(2000);

std::string encode(const Greeting& answer) {
  return std::visit([](const auto& frame) { return wire::encode(wire::PeerFrame(frame)); }, answer);
}

}  // namespace

Result<Nothing> PeerAcceptor::listen(const std::string& address) {
  auto listener = seams_.network.listen(net::Transport::peer, address, nullptr);
  if (!listener.ok()) return listener.error();
  listener_ = std::move(*listener);
  return success();
}

void PeerAcceptor::start() { tasks_.spawn(accept_loop()); }

void PeerAcceptor::stop() {
  stopping_ = true;
  if (listener_) listener_->close();
  for (const auto& [number, link] : links_) link->close("this node stops");
  pause_->ring();
}

bool PeerAcceptor::hears(NodeId node) const {
  const auto first = current_.lower_bound(ServerId{node, Incarnation(0)});
  return first != current_.end() && first->first.node == node;
}

net::awaitable<void> PeerAcceptor::accept_loop() {
  while (!stopping_) {
    auto connection = co_await listener_->accept();
    if (!connection) break;
    if (links_.size() >= links_max) {
      seams_.logger.warn("links_max", "refusing " + connection->remote() + ": too many links to the peer port");
      connection->close();
      continue;
    }
    const std::uint64_t number = ++last_number_;
    const auto link = std::make_shared<Link>(std::move(connection), seams_.clock);
    links_.emplace(number, link);
    tasks_.spawn(serve(link, number));
  }
}

net::awaitable<void> PeerAcceptor::serve(std::shared_ptr<Link> link, std::uint64_t number) {
  tasks_.spawn(close_unless_greeted(link, seams_.clock, seams_.clock.now() + greeting_timeout));
  auto hello = co_await greet(link, number);
  link->greeted = true;
  link->alarm->ring();
  if (hello && !stopping_) co_await read_loop(link, number, std::move(*hello));
  link->close();
  links_.erase(number);
}

// Reads Hello and answers it; nullopt: the link is of no use. From the moment of a Welcome on nothing is heard that was
// said over an older link: the greeting was compared with all that had been (decisions 0020, 0028).
net::awaitable<std::optional<wire::Hello>> PeerAcceptor::greet(std::shared_ptr<Link> link, std::uint64_t number) {
  const auto bytes = co_await link->connection->read();
  if (!bytes) co_return std::nullopt;
  auto frame = wire::decode_peer_frame(*bytes);
  const auto* hello = frame.ok() ? std::get_if<wire::Hello>(&*frame) : nullptr;
  if (hello == nullptr) {
    if (bad_greetings_.allow(seams_.clock.now())) {
      const std::string what = frame.ok() ? "another frame than Hello" : frame.error().message;
      seams_.logger.warn("bad_greeting", link->connection->remote() + " on the peer port: " + what);
    }
    co_return std::nullopt;
  }
  const auto answer = this->answer(*link, *hello);
  const bool welcome = std::holds_alternative<wire::Welcome>(answer);
  if (welcome) take_over(hello->from, number);
  else say_refused(answer, link->connection->remote(), hello->from.node);
  auto reply = encode(answer);
  const bool written = co_await link->connection->write(std::move(reply));
  if (written && welcome) co_return *hello;
  if (welcome) over(hello->from, number);
  co_return std::nullopt;
}

// Nobody speaks for another node than its certificate does, whatever it knows of that one.
Greeting PeerAcceptor::answer(const Link& link, const wire::Hello& hello) {
  const auto certified = link.connection->certified();
  if (!certified || *certified == hello.from.node) return owner_.answer(hello);
  wire::Rejected rejected;
  rejected.reason = "it says that it is node " + std::to_string(hello.from.node.value) +
                    ", and its certificate speaks for node " + std::to_string(certified->value);
  return rejected;
}

void PeerAcceptor::say_refused(const Greeting& answer, const std::string& remote, NodeId node) {
  if (!bad_greetings_.allow(seams_.clock.now())) return;
  const std::string who = remote + ": node " + std::to_string(node.value);
  if (const auto* rejected = std::get_if<wire::Rejected>(&answer)) {
    seams_.logger.warn("peer_rejected", remote + ": " + rejected->reason);
  } else if (std::holds_alternative<wire::NotAMember>(answer)) {
    seams_.logger.warn("not_a_member", who + " is no member any more");
  } else {
    seams_.logger.warn("rolled_back", who + " came back with less of the log than it had acknowledged, or without a "
                                            "term or vote that it had told: its disk was set back, and counts for "
                                            "nothing");
  }
}

net::awaitable<void> PeerAcceptor::read_loop(std::shared_ptr<Link> link, std::uint64_t number, wire::Hello hello) {
  if (!link->closed) owner_.inbound_up(hello);   // else the server has dialled again meanwhile
  while (!stopping_ && !link->closed) {
    const auto bytes = co_await link->connection->read();
    if (!bytes || stopping_ || link->closed) break;
    auto frame = wire::decode_peer_frame(*bytes);
    if (!frame.ok()) {
      seams_.logger.warn("bad_frame", "node " + std::to_string(hello.from.node.value) + " at " +
                                          link->connection->remote() + ": " + frame.error().message);
      break;
    }
    owner_.arrived(hello, std::move(*frame));
  }
  over(hello.from, number);
}

void PeerAcceptor::over(ServerId from, std::uint64_t number) {
  const auto current = current_.find(from);
  if (current == current_.end() || current->second != number) return;   // a newer link speaks for it
  current_.erase(current);
  owner_.inbound_down(from);
}

// The server dialled again: what is left of its former link is over.
void PeerAcceptor::hang_up(ServerId on, std::string_view reason) {
  const auto current = current_.find(on);
  if (current == current_.end()) return;
  const auto link = links_.find(current->second);
  if (link != links_.end()) link->second->close(reason);
}

void PeerAcceptor::take_over(ServerId from, std::uint64_t number) {
  hang_up(from, "dialled again");
  current_.insert_or_assign(from, number);
}

}  // namespace parley::node
