#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "node/driver_tasks.hpp"
#include "node/link.hpp"
#include "node/logging.hpp"
#include "node/seams.hpp"

namespace parley::node {

// The peer port: greets the nodes that dial this one and reads what they say. One strand; outlives its tasks.
class PeerAcceptor {
 public:
  PeerAcceptor(Seams seams, TaskGroup& tasks, LinkOwner& owner)
      : seams_(seams), tasks_(tasks), owner_(owner), pause_(seams.clock.make_alarm()) {}

  Result<Nothing> listen(const std::string& address);
  void start();
  void stop();

  bool hears(NodeId node) const;   // an open link from it
  void hang_up(ServerId on, std::string_view reason);   // ends the link that this server dialled, if there is one
  std::string local() const { return listener_ ? listener_->local() : std::string(); }

  static constexpr std::size_t links_max = 256;   // open ones, greeted or not; more are closed at once

 private:
  net::awaitable<void> accept_loop();
  net::awaitable<void> serve(std::shared_ptr<Link> link, std::uint64_t number);
  net::awaitable<std::optional<wire::Hello>> greet(std::shared_ptr<Link> link, std::uint64_t number);
  Greeting answer(const Link& link, const wire::Hello& hello);
  void say_refused(const Greeting& answer, const std::string& remote, NodeId node);
  net::awaitable<void> read_loop(std::shared_ptr<Link> link, std::uint64_t number, wire::Hello hello);
  void take_over(ServerId from, std::uint64_t number);
  void over(ServerId from, std::uint64_t number);   // that link, if it still speaks for the server

  Seams seams_;
  TaskGroup& tasks_;
  LinkOwner& owner_;
  std::unique_ptr<net::Alarm> pause_;
  std::unique_ptr<net::Listener> listener_;
  std::map<std::uint64_t, std::shared_ptr<Link>> links_;
  std::map<ServerId, std::uint64_t> current_;   // the link that speaks for a server: its latest
  std::uint64_t last_number_ = 0;
  LogLimiter bad_greetings_{milliseconds(1000)};
  bool stopping_ = false;
};

}  // namespace parley::node
