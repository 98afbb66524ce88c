#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cli/client_options.hpp"
#include "cli/events.hpp"
#include "cli/outbox_store.hpp"
#include "cli/outcome.hpp"
#include "net/clock.hpp"
#include "net/entropy.hpp"
#include "net/network.hpp"

namespace parley::cli {

using net::awaitable;

// All outlive the client. `executor` is the strand that everything of this client runs on; many clients may share it.
struct ClientSeams {
  boost::asio::any_io_executor executor;
  net::Clock& clock;
  net::Network& network;
  net::Entropy& entropy;
};

// A client of the cluster: keeps one connection to some node (the leader, if it may), fails over to another, and brings
// every sequenced request to an end exactly once (docs/PROTOCOL.md section 3). No socket, clock or file of its own.
// Everything on one strand; not thread-safe.
class Client {
 public:
  // `servers`: "host:port", at least one; more are learned from the nodes. `observer` outlives the client.
  // `store` null: nothing is kept over a restart.
  Client(ClientSeams seams, std::vector<std::string> servers, ClientOptions options, Observer& observer,
         std::unique_ptr<OutboxStore> store = nullptr);
  ~Client();   // after run() has returned, or before it was started
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Connects and works until stop(); returns when every loop of the client has ended. Once.
  awaitable<void> run();

  // Ends run() soon. Calls end as unknown, sequenced requests as pending (kept by a durable store) or unknown.
  void stop();

  // -- sequenced requests (S in PROTOCOL.md): kept until answered, carried out at most once, in the order of the calls.
  // Without "seq" and "first". Numbers are given before submit_then returns, so a pipeline keeps its order; submit() is
  // lazy like any coroutine: its place is taken when it is awaited or spawned.
  void submit_then(std::string method, json::object params, OnOutcome then);
  awaitable<Outcome> submit(std::string method, json::object params, TimePoint deadline = never);

  // -- unsequenced requests. Reads are retried on other nodes until the deadline (default: call_timeout from now);
  // one that moves something (`read`) is not retried once it was sent: lost answer, outcome unknown.
  void call_then(std::string method, json::object params, TimePoint deadline, OnOutcome then);
  awaitable<Outcome> call(std::string method, json::object params, TimePoint deadline = TimePoint{});

  // -- logging in: makes a token, submits `login`, and keeps the token so that later connections resume by it.
  awaitable<Outcome> login(std::string name, std::string password, TimePoint deadline = never);
  awaitable<Outcome> logout(bool everywhere, TimePoint deadline = never);
  const std::string& account() const;        // logged in as; empty: nobody

  // Becomes another user of the program: what waits stays in the old store (a memory store forgets it: such requests
  // end as unknown), everything from now on lives in `store`. Reconnects.
  void use_store(std::unique_ptr<OutboxStore> store);

  // Waits until nothing is unanswered in the outbox; false: the deadline came first, or the client was stopped.
  awaitable<bool> drain(TimePoint deadline);
  // Waits until the connection is ready; false as above.
  awaitable<bool> wait_ready(TimePoint deadline);

  // Breaks the present connection, if any; the client reconnects (tests, `/reconnect`).
  void drop_connection(const std::string& reason);

  // -- looking
  const ConnectionState& connection() const;
  const LeaderState& leader() const;
  const CopiesState& copies() const;
  std::size_t pending() const;                // sequenced requests without an answer
  Cursor cursor() const;                      // everything up to it was delivered
  std::vector<std::string> servers() const;   // given and learned

 private:
  class Core;                                 // client_core.hpp
  std::unique_ptr<Core> core_;
};

// 22 or more characters of base64url from `bytes` random bytes: session keys (16) and login tokens (32).
std::string random_token(net::Entropy& entropy, std::size_t bytes);

}  // namespace parley::cli
