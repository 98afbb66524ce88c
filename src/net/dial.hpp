#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>

#include "net/network.hpp"

namespace parley::net {

struct Dialled {
  std::optional<boost::asio::ip::tcp::socket> socket;   // connected, or none
  ConnectFailure failure = ConnectFailure::none;
  std::string detail;                                   // what was tried and what happened
};

// A TCP connection to "host:port". Names are resolved now, on Asio's resolver thread; numeric hosts and "localhost"
// need none. Every address of the name is tried until the deadline, each with its share of the time left.
//
// Of several failures the least certain counts: timed_out (somebody may be there) before refused (the host answered
// that nobody is) before other, so that `refused` may be taken for "that process is gone" (DESIGN.md R5).
awaitable<Dialled> dial(boost::asio::any_io_executor executor, std::string address, TimePoint deadline);

}  // namespace parley::net
