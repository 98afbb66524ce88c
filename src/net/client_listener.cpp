#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <list>

#include "net/acceptor.hpp"
#include "net/address.hpp"
#include "net/client_handshake.hpp"
#include "net/http_pages.hpp"
#include "net/listener.hpp"
#include "net/socket.hpp"
#include "net/spawn.hpp"
#include "net/steady_clock.hpp"
#include "net/websocket_connection.hpp"

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// What the listener, its accept loop and the handshakes share; outlives the listener until the last of them has ended.
struct Clients {
  Clients(tcp::acceptor a, HttpPages p)
      : acceptor(std::move(a)), pages(std::move(p)), arrived(acceptor.get_executor()), left(acceptor.get_executor()) {}

  bool full() const { return pending.size() + ready.size() >= client_handshakes_max; }

  tcp::acceptor acceptor;
  HttpPages pages;                                       // not called after close()
  std::list<std::shared_ptr<PendingClient>> pending;     // oldest first
  std::deque<std::shared_ptr<Connection>> ready;
  SteadyAlarm arrived;                                   // of Listener::accept(): `ready` has one, or closed
  SteadyAlarm left;                                      // of accept_loop: no longer full, or closed
  bool closed = false;
};

// One client's handshake: a page, a connection that is ready, or nothing.
awaitable<void> shake_hands(std::shared_ptr<Clients> clients, std::shared_ptr<PendingClient> client) {
  auto head = co_await read_head(client);
  if (head && !clients->closed) {
    auto page = answer_http(*head, clients->pages);
    if (page) {
      co_await send_page(client, std::move(*page));
    } else {
      auto connection = co_await accept_websocket(std::move(client->socket), std::move(*head));
      if (connection && !clients->closed) clients->ready.push_back(std::move(connection));
    }
  }
  clients->pending.remove(client);
  clients->arrived.ring();
  clients->left.ring();
}

// At the limit: closes the oldest handshake if it had its grace, else waits until it has, or until somebody left.
awaitable<void> make_room(std::shared_ptr<Clients> clients) {
  TimePoint until = never;
  for (const auto& client : clients->pending) {
    if (!client->socket.is_open()) continue;   // closed already, or a WebSocket by now: about to leave
    until = client->since + handshake_grace;
    if (until <= steady_now()) {
      close_gently(client->socket);
      until = never;   // its end rings
    }
    break;
  }
  co_await clients->left.wait_until(until);
}

awaitable<void> accept_loop(std::shared_ptr<Clients> clients) {
  while (!clients->closed) {
    if (clients->full()) {
      co_await make_room(clients);
      continue;
    }
    auto result = co_await clients->acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if (clients->closed) break;
    if (std::get<0>(result)) {
      co_await clients->left.wait_until(steady_now() + accept_backoff);
      continue;
    }
    auto client = std::make_shared<PendingClient>(PendingClient{std::move(std::get<1>(result)), steady_now()});
    prepare(client->socket, client_socket_times);
    clients->pending.push_back(client);
    spawn(clients->acceptor.get_executor(), shake_hands(clients, std::move(client)));
  }
}

class ClientListener final : public Listener {
 public:
  explicit ClientListener(std::shared_ptr<Clients> clients)
      : clients_(std::move(clients)), local_(to_string(clients_->acceptor.local_endpoint())) {
    spawn(clients_->acceptor.get_executor(), accept_loop(clients_));
  }
  ~ClientListener() override { ClientListener::close(); }

  awaitable<std::shared_ptr<Connection>> accept() override { return accept_next(clients_); }

  void close() override {
    if (clients_->closed) return;
    clients_->closed = true;
    boost::system::error_code ignored;
    clients_->acceptor.close(ignored);
    for (const auto& client : clients_->pending) close_gently(client->socket);
    clients_->ready.clear();
    clients_->arrived.ring();
    clients_->left.ring();
  }

  std::string local() const override { return local_; }

 private:
  static awaitable<std::shared_ptr<Connection>> accept_next(std::shared_ptr<Clients> clients) {
    while (!clients->closed) {
      if (clients->ready.empty()) {
        co_await clients->arrived.wait_until(never);
        continue;
      }
      auto connection = std::move(clients->ready.front());
      clients->ready.pop_front();
      clients->left.ring();
      co_return std::move(connection);
    }
    co_return nullptr;
  }

  std::shared_ptr<Clients> clients_;
  const std::string local_;
};

}  // namespace

Result<std::unique_ptr<Listener>> make_client_listener(asio::any_io_executor executor, const std::string& address,
                                                       HttpPages pages) {
  auto acceptor = open_acceptor(executor, address);
  if (!acceptor) return acceptor.error();
  auto clients = std::make_shared<Clients>(std::move(*acceptor), std::move(pages));
  return std::unique_ptr<Listener>(std::make_unique<ClientListener>(std::move(clients)));
}

}  // namespace parley::net
