#include "net/dial.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <vector>

#include "net/address.hpp"
#include "net/deadline.hpp"
#include "net/socket.hpp"
#include "net/steady_clock.hpp"

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t tried_addresses_max = 8;

// A lookup can't be interrupted (getaddrinfo(3)), so it shares this with whoever waits for it, who may leave.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), alarm(executor) {}
  tcp::resolver resolver;
  SteadyAlarm alarm;
  bool ended = false;
  error_code failure = asio::error::timed_out;
  std::vector<tcp::endpoint> endpoints;
};

awaitable<std::shared_ptr<Lookup>> look_up(asio::any_io_executor executor, HostPort address, TimePoint deadline) {
  auto lookup = std::make_shared<Lookup>(executor);
  lookup->resolver.async_resolve(address.host, std::to_string(address.port), tcp::resolver::numeric_service,
                                 [lookup](error_code failure, const tcp::resolver::results_type& results) {
                                   lookup->ended = true;
                                   lookup->failure = failure;
                                   for (const auto& result : results) lookup->endpoints.push_back(result.endpoint());
                                   lookup->alarm.ring();
                                 });
  while (!lookup->ended && steady_now() < deadline) co_await lookup->alarm.wait_until(deadline);
  co_return lookup;
}

// Two processes on one machine can meet in the ephemeral ports: a connect() to a port that nobody listens on may be
// given that same port as its source and then connects to itself. Nobody is there: closed with a reset, so that the
// port isn't kept from its owner, and called refused.
bool undo_self_connect(tcp::socket& socket) {
  error_code failure;
  const auto local = socket.local_endpoint(failure);
  const auto remote = socket.remote_endpoint(failure);
  if (failure || local != remote) return false;
  socket.set_option(asio::socket_base::linger(true, 0), failure);
  socket.close(failure);
  return true;
}

awaitable<error_code> try_connect(tcp::socket& socket, tcp::endpoint endpoint, TimePoint deadline) {
  Deadline limit(socket.get_executor(), deadline, [&socket] { close_gently(socket); });
  const auto result = co_await socket.async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
  if (limit.expired()) co_return asio::error::timed_out;
  const error_code failure = std::get<0>(result);
  if (!failure && undo_self_connect(socket)) co_return asio::error::connection_refused;
  co_return failure;
}

ConnectFailure kind_of(const error_code& failure) {
  if (failure == asio::error::timed_out) return ConnectFailure::timed_out;
  if (failure == asio::error::connection_refused) return ConnectFailure::refused;
  return ConnectFailure::other;
}

ConnectFailure less_certain(ConnectFailure a, ConnectFailure b) {
  for (const auto kind : {ConnectFailure::timed_out, ConnectFailure::refused})
    if (a == kind || b == kind) return kind;
  return ConnectFailure::other;
}

Dialled failed(ConnectFailure failure, std::string detail) {
  Dialled result;
  result.failure = failure;
  result.detail = std::move(detail);
  return result;
}

awaitable<Dialled> dial_any(asio::any_io_executor executor, std::string address, std::vector<tcp::endpoint> endpoints,
                            TimePoint deadline) {
  Dialled result = failed(ConnectFailure::other, "cannot connect to " + address);
  if (endpoints.size() > tried_addresses_max) endpoints.resize(tried_addresses_max);
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const TimePoint now = steady_now();
    TimePoint until = deadline;
    if (deadline != never && i + 1 < endpoints.size()) until = now + (deadline - now) / (endpoints.size() - i);
    tcp::socket socket(executor);
    const tcp::endpoint& endpoint = endpoints[i];
    const auto failure = co_await try_connect(socket, endpoint, until);
    if (!failure) {
      result.failure = ConnectFailure::none;
      result.socket = std::move(socket);
      break;
    }
    result.failure = less_certain(result.failure, kind_of(failure));
    result.detail += (i == 0 ? ": " : "; ") + to_string(endpoint) + ": " + failure.message();
  }
  co_return std::move(result);
}

}  // namespace

awaitable<Dialled> dial(asio::any_io_executor executor, std::string address, TimePoint deadline) {
  const auto parsed = parse_address(address);
  if (!parsed) co_return failed(ConnectFailure::unresolved, parsed.error().message);
  auto endpoints = known_endpoints(*parsed);
  if (!endpoints) {
    const auto lookup = co_await look_up(executor, *parsed, deadline);
    if (!lookup->ended || lookup->endpoints.empty()) {
      co_return failed(ConnectFailure::unresolved,
                       "cannot resolve \"" + parsed->host + "\": " + lookup->failure.message());
    }
    endpoints = lookup->endpoints;
  }
  auto result = co_await dial_any(executor, std::move(address), std::move(*endpoints), deadline);
  co_return std::move(result);
}

}  // namespace parley::net
