#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/acceptor.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "net/peer_connection.hpp"
#include "net/steady_clock.hpp"

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

class PeerListener final : public Listener {
 public:
  PeerListener(tcp::acceptor acceptor, std::shared_ptr<const PeerSecurity> security)
      : state_(std::make_shared<State>(std::move(acceptor), std::move(security))),
        local_(to_string(state_->acceptor.local_endpoint())) {}
  ~PeerListener() override { PeerListener::close(); }

  awaitable<std::shared_ptr<Connection>> accept() override { return accept_next(state_); }

  void close() override {
    boost::system::error_code ignored;
    state_->closed = true;
    state_->acceptor.close(ignored);
    state_->alarm.ring();
  }

  std::string local() const override { return local_; }

 private:
  struct State {   // outlives the listener while accept() is pending
    State(tcp::acceptor a, std::shared_ptr<const PeerSecurity> s)
        : acceptor(std::move(a)), security(std::move(s)), alarm(acceptor.get_executor()) {}
    tcp::acceptor acceptor;
    std::shared_ptr<const PeerSecurity> security;
    SteadyAlarm alarm;
    bool closed = false;
  };

  static awaitable<std::shared_ptr<Connection>> accept_next(std::shared_ptr<State> state) {
    while (!state->closed) {
      auto result = co_await state->acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
      if (state->closed) break;
      if (!std::get<0>(result)) {
        auto stream = make_accepted_plain_stream(std::move(std::get<1>(result)), state->security);
        co_return make_peer_connection(std::move(stream));
      }
      co_await state->alarm.wait_until(steady_now() + accept_backoff);
    }
    co_return nullptr;
  }

  std::shared_ptr<State> state_;
  const std::string local_;
};

}  // namespace

Result<std::unique_ptr<Listener>> make_peer_listener(asio::any_io_executor executor, const std::string& address,
                                                     std::shared_ptr<const PeerSecurity> security) {
  auto acceptor = open_acceptor(executor, address);
  if (!acceptor) return acceptor.error();
  return std::unique_ptr<Listener>(std::make_unique<PeerListener>(std::move(*acceptor), std::move(security)));
}

}  // namespace parley::net
