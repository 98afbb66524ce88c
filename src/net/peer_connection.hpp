#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "net/byte_stream.hpp"
#include "net/network.hpp"

namespace parley::net {

// Frames over a stream: u32 size, little endian, then as many bytes, at most peer_message_max. An empty frame is a
// frame. Everything happens on the stream's executor.
std::shared_ptr<Connection> make_peer_connection(std::shared_ptr<ByteStream> stream);

// What one kind of node tells the other, which can read it: the frame `Rejected` in plain text. The caller closes.
std::string links_are_encrypted(std::string_view setting);   // of the configuration: what the other one lacks
inline constexpr std::string_view links_are_plain = "it has neither a cluster_key_file nor cluster_certificates";
void answer_plain_text(boost::asio::ip::tcp::socket& socket, std::string_view reason);

}  // namespace parley::net
