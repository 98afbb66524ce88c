#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/clock.hpp"
#include "net/network.hpp"
#include "wire/peer_frame.hpp"

namespace parley::node {

// One connection between two nodes. Its dialler speaks; the other end answers the greeting and then only listens.
struct Link {
  Link(std::shared_ptr<net::Connection> open, net::Clock& clock)
      : connection(std::move(open)), alarm(clock.make_alarm()) {}

  void close(std::string_view reason = {}) {
    closed = true;
    connection->close(reason);
    alarm->ring();
  }

  std::shared_ptr<net::Connection> connection;
  std::unique_ptr<net::Alarm> alarm;   // rung when `greeted` or `closed` changes
  bool greeted = false;
  bool closed = false;
};

// Ends a link whose far end takes too long to greet: a port scanner, a stopped process, a wrong program.
net::awaitable<void> close_unless_greeted(std::shared_ptr<Link> link, net::Clock& clock, TimePoint deadline);

// The answer to a Hello; but for Welcome the link ends with it.
using Greeting = std::variant<wire::Welcome, wire::Rejected, wire::NotAMember, wire::RolledBack>;

// What links ask of their node and tell it. All on the strand; nothing here waits.
class LinkOwner {
 public:
  virtual ~LinkOwner() = default;

  // -- links that this node dialled --
  virtual wire::Hello hello_to(NodeId peer) const = 0;
  // Whether the answer to our greeting will do; the error says why not, for the log.
  virtual Result<Nothing> accept_welcome(NodeId peer, const wire::Welcome& welcome) = 0;
  virtual void link_up(NodeId peer, const wire::Welcome& welcome) = 0;
  // `unsent`: the ids of forwarded commands that were never written, so surely did not arrive.
  virtual void link_down(NodeId peer, const std::vector<std::uint64_t>& unsent) = 0;
  virtual void connect_failed(NodeId peer, const net::ConnectResult& result) = 0;
  virtual std::optional<raft::Message> message_for(ServerId peer) = 0;
  // In place of a Welcome; returns what that means, for people. Throws Replaced if this node's part is over.
  virtual std::string told_not_a_member(NodeId by, const wire::NotAMember& frame) = 0;

  // Likewise. This node's life ends if that is true.
  virtual std::string told_rolled_back(NodeId by, const wire::RolledBack& frame) = 0;

  // -- links that were dialled from elsewhere --
  virtual Greeting answer(const wire::Hello& hello) = 0;
  virtual void inbound_up(const wire::Hello& hello) = 0;
  virtual void inbound_down(ServerId from) = 0;
  virtual void arrived(const wire::Hello& hello, wire::PeerFrame frame) = 0;
};

}  // namespace parley::node
