#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "net/network.hpp"
#include "net/peer_security.hpp"

namespace parley::net {

// Clients between accept() and accept(): their handshakes, and the finished ones that wait to be taken. At the limit
// nobody further is accepted (the kernel's queue holds them) until one has gone; a handshake older than
// handshake_grace is closed for it. So a crowd that dials at once waits its turn, and those who only open sockets
// and say nothing hold up the others for a second at most.
inline constexpr std::size_t client_handshakes_max = 256;
inline constexpr milliseconds handshake_grace{1'000};

// After a failing accept(), above all for want of file descriptors (EMFILE, ENFILE): the socket stays in the kernel's
// queue, so trying again at once would spin.
inline constexpr milliseconds accept_backoff{100};

// The same for nodes, where their links are under TLS: a handshake takes a millisecond, so these are strangers mostly.
inline constexpr std::size_t peer_handshakes_max = 128;

// Bind now; the error names the address and the reason. Everything happens on the strand of `executor`.
Result<std::unique_ptr<Listener>> make_peer_listener(boost::asio::any_io_executor executor, const std::string& address,
                                                     std::shared_ptr<const PeerSecurity> security);
Result<std::unique_ptr<Listener>> make_tls_listener(boost::asio::any_io_executor executor, const std::string& address,
                                                    std::shared_ptr<const PeerSecurity> security);
Result<std::unique_ptr<Listener>> make_client_listener(boost::asio::any_io_executor executor,
                                                       const std::string& address, HttpPages pages);

}  // namespace parley::net
