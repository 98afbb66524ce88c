#include "net/acceptor.hpp"

#include "net/address.hpp"
#include "net/socket.hpp"

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

Result<tcp::endpoint> endpoint_to_bind(const asio::any_io_executor& executor, const HostPort& address) {
  const auto known = known_endpoints(address);
  if (known) return known->front();
  error_code failure;
  tcp::resolver resolver(executor);
  const auto found = resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::numeric_service,
                                      failure);
  if (failure || found.empty()) return Error{"cannot resolve \"" + address.host + "\": " + failure.message()};
  return found.begin()->endpoint();
}

std::string reason_for(const error_code& failure) {
  if (failure == asio::error::address_in_use)
    return "another program listens there already; stop it or take another port";
  if (failure == asio::error::access_denied) return "not permitted; ports below 1024 need a privilege";
  if (failure == boost::system::errc::address_not_available) return "this machine has no such address";
  return failure.message();
}

}  // namespace

Result<tcp::acceptor> open_acceptor(const asio::any_io_executor& executor, const std::string& address) {
  const auto parsed = parse_address(address);
  if (!parsed) return parsed.error();
  const auto endpoint = endpoint_to_bind(executor, *parsed);
  if (!endpoint) return endpoint.error();

  error_code failure;
  tcp::acceptor acceptor(executor);
  acceptor.open(endpoint->protocol(), failure);
  // A restarted node gets its port back although connections of its last life are still in TIME_WAIT.
  if (!failure) acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
  if (!failure) keep_from_children(acceptor.native_handle());
  if (!failure) acceptor.bind(*endpoint, failure);
  if (!failure) acceptor.listen(asio::socket_base::max_listen_connections, failure);
  if (failure) return Error{"cannot listen on " + address + ": " + reason_for(failure)};
  return acceptor;
}

}  // namespace parley::net
