#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "net/network.hpp"

namespace parley::net {

// Frames over TCP: u32 size, little endian, then as many bytes, at most peer_message_max. An empty frame is a frame.
// Takes a connected socket; everything happens on the socket's executor.
std::shared_ptr<Connection> make_peer_connection(boost::asio::ip::tcp::socket socket);

}  // namespace parley::net
