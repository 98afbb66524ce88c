#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "base/result.hpp"

namespace parley::net {

// A listening socket on "host:port". A name is resolved by blocking: nodes listen once, at their start.
Result<boost::asio::ip::tcp::acceptor> open_acceptor(const boost::asio::any_io_executor& executor,
                                                     const std::string& address);

}  // namespace parley::net
