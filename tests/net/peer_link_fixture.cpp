#include "net/peer_link_fixture.hpp"

#include <gmock/gmock.h>

namespace parley::net {

Certified certified(const PeerCertificates& files, unsigned node) {
  auto made = make_tls_context(files, NodeId(node));
  if (!made.ok()) throw std::runtime_error(made.error().reason);
  return std::move(*made);
}

PeerSecurity Side::security(std::shared_ptr<const TlsContext> tls) {
  PeerSecurity made;
  made.tls = std::move(tls);
  made.turned_away = [this](const std::string& remote, const std::string& what) {
    EXPECT_THAT(remote, ::testing::HasSubstr("127.0.0.1:"));
    turned_away.push_back(what);
  };
  return made;
}

std::unique_ptr<Listener> Side::listen() {
  auto listener = network.listen(Transport::peer, "127.0.0.1:0", {});
  if (!listener) throw std::runtime_error(listener.error().message);
  return std::move(*listener);
}

awaitable<Pair> connect(World& world, Side& dials, Listener& listener) {
  Pair pair;
  const std::string address = listener.local();
  auto result = co_await dials.network.connect(Transport::peer, address, world.soon());
  if (!result.connection) throw std::runtime_error(result.detail);
  pair.near = std::move(result.connection);
  pair.far = co_await listener.accept();
  co_return std::move(pair);
}

awaitable<void> read_into(std::shared_ptr<Connection> connection, std::optional<Message>& result) {
  result = co_await connection->read();
}

awaitable<void> accept_into(Listener& listener, std::optional<std::shared_ptr<Connection>>& result) {
  result = co_await listener.accept();
}

awaitable<void> close_listener(World& world, Listener& listener, std::optional<std::shared_ptr<Connection>>& result) {
  listener.close();
  while (!result) co_await world.pause(milliseconds(1));
}

}  // namespace parley::net
