#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <list>

#include "net/acceptor.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "net/peer_connection.hpp"
#include "net/spawn.hpp"
#include "net/steady_clock.hpp"
#include "net/tls_stream.hpp"

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

struct Arrival {
  std::shared_ptr<TlsStream> stream;
  TimePoint since;
  bool told_to_go = false;   // its place is wanted: closed, about to leave
};

// What the listener, its accept loop and the handshakes share; outlives the listener until the last of them has ended.
// So whoever has not proved that it belongs to the cluster never takes one of the node's own places for links.
struct Arrivals {
  Arrivals(tcp::acceptor a, std::shared_ptr<const PeerSecurity> s)
      : acceptor(std::move(a)),
        security(std::move(s)),
        arrived(acceptor.get_executor()),
        left(acceptor.get_executor()) {}

  bool full() const { return pending.size() + ready.size() >= peer_handshakes_max; }

  tcp::acceptor acceptor;
  std::shared_ptr<const PeerSecurity> security;          // told of nobody after close()
  std::list<std::shared_ptr<Arrival>> pending;           // oldest first
  std::deque<std::shared_ptr<Connection>> ready;
  SteadyAlarm arrived;                                   // of Listener::accept(): `ready` has one, or closed
  SteadyAlarm left;                                      // of accept_loop: no longer full, or closed
  bool closed = false;
};

awaitable<void> shake_hands(std::shared_ptr<Arrivals> arrivals, std::shared_ptr<Arrival> arrival) {
  const bool secured = co_await TlsStream::shake_hands(arrival->stream, arrival->since + tls_handshake_max);
  if (!arrivals->closed) {
    if (secured) {
      arrivals->ready.push_back(make_peer_connection(arrival->stream));
    } else if (!arrival->stream->heard_nothing() || arrival->stream->timed_out()) {   // not a mere look at the port
      const std::string slow = "its handshake took too long while others waited";
      arrivals->security->tell(arrival->stream->remote(), arrival->told_to_go ? slow : arrival->stream->failure());
    }
  }
  arrivals->pending.remove(arrival);
  arrivals->arrived.ring();
  arrivals->left.ring();
}

// At the limit: closes the oldest handshake if it had its grace, else waits until it has, or until somebody left.
awaitable<void> make_room(std::shared_ptr<Arrivals> arrivals) {
  TimePoint until = never;
  for (const auto& arrival : arrivals->pending) {
    if (arrival->told_to_go) continue;
    until = arrival->since + handshake_grace;
    if (until <= steady_now()) {
      arrival->told_to_go = true;
      arrival->stream->close();
      until = never;   // its end rings
    }
    break;
  }
  co_await arrivals->left.wait_until(until);
}

awaitable<void> accept_loop(std::shared_ptr<Arrivals> arrivals) {
  while (!arrivals->closed) {
    if (arrivals->full()) {
      co_await make_room(arrivals);
      continue;
    }
    auto result = co_await arrivals->acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if (arrivals->closed) break;
    if (std::get<0>(result)) {
      co_await arrivals->left.wait_until(steady_now() + accept_backoff);
      continue;
    }
    auto arrival = std::make_shared<Arrival>();
    arrival->stream = std::make_shared<TlsStream>(std::move(std::get<1>(result)), arrivals->security,
                                                  TlsSession::Role::accepts);
    arrival->since = steady_now();
    arrivals->pending.push_back(arrival);
    spawn(arrivals->acceptor.get_executor(), shake_hands(arrivals, std::move(arrival)));
  }
}

class TlsListener final : public Listener {
 public:
  explicit TlsListener(std::shared_ptr<Arrivals> arrivals)
      : arrivals_(std::move(arrivals)), local_(to_string(arrivals_->acceptor.local_endpoint())) {
    spawn(arrivals_->acceptor.get_executor(), accept_loop(arrivals_));
  }
  ~TlsListener() override { TlsListener::close(); }

  awaitable<std::shared_ptr<Connection>> accept() override { return accept_next(arrivals_); }

  void close() override {
    if (arrivals_->closed) return;
    arrivals_->closed = true;
    boost::system::error_code ignored;
    arrivals_->acceptor.close(ignored);
    for (const auto& arrival : arrivals_->pending) arrival->stream->close();
    arrivals_->ready.clear();
    arrivals_->arrived.ring();
    arrivals_->left.ring();
  }

  std::string local() const override { return local_; }

 private:
  static awaitable<std::shared_ptr<Connection>> accept_next(std::shared_ptr<Arrivals> arrivals) {
    while (!arrivals->closed) {
      if (arrivals->ready.empty()) {
        co_await arrivals->arrived.wait_until(never);
        continue;
      }
      auto connection = std::move(arrivals->ready.front());
      arrivals->ready.pop_front();
      arrivals->left.ring();
      co_return std::move(connection);
    }
    co_return nullptr;
  }

  std::shared_ptr<Arrivals> arrivals_;
  const std::string local_;
};

}  // namespace

Result<std::unique_ptr<Listener>> make_tls_listener(asio::any_io_executor executor, const std::string& address,
                                                    std::shared_ptr<const PeerSecurity> security) {
  auto acceptor = open_acceptor(executor, address);
  if (!acceptor) return acceptor.error();
  auto arrivals = std::make_shared<Arrivals>(std::move(*acceptor), std::move(security));
  return std::unique_ptr<Listener>(std::make_unique<TlsListener>(std::move(arrivals)));
}

}  // namespace parley::net
