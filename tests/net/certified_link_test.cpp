// Links between nodes that have certificates, over real sockets.
#include <gmock/gmock.h>

#include "net/peer_link_fixture.hpp"
#include "net/spawn.hpp"
#include "wire/peer_frame.hpp"

namespace parley::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

awaitable<void> talk(Pair& pair, std::size_t size, bool& done) {
  std::string message(size, 'x');
  const bool sent = co_await pair.near->write(message);
  const Message there = co_await pair.far->read();
  const bool returned = co_await pair.far->write(message);
  const Message back = co_await pair.near->read();
  done = sent && returned && there == message && back == message;
}

awaitable<void> two_members(World& world, Side& first, Side& second) {
  const auto listener = second.listen();
  auto pair = co_await connect(world, first, *listener);
  EXPECT_EQ(pair.near->certified(), NodeId(2));
  EXPECT_EQ(pair.far->certified(), NodeId(1));
  for (const std::size_t size : {0U, 1U, 1'000U, 65'537U, 300'000U}) {
    bool done = false;
    co_await talk(pair, size, done);
    EXPECT_TRUE(done) << size;
  }
  EXPECT_EQ(pair.near->trouble(), "");
}

TEST(CertifiedLink, members_talk_and_know_each_other) {
  World world;
  const Authority authority;
  Side first(world, authority, 1);
  Side second(world, authority, 2);
  world.run(two_members(world, first, second));
  EXPECT_THAT(first.turned_away, ElementsAre());
  EXPECT_THAT(second.turned_away, ElementsAre());
}

// Who dials is through before the other side has looked at its certificate: the first read ends, and says why.
awaitable<void> refused_by_the_listener(World& world, Side& dials, Side& accepts, std::string& trouble) {
  const auto listener = accepts.listen();
  const std::string address = listener->local();
  auto result = co_await dials.network.connect(Transport::peer, address, world.soon());
  if (!result.connection) throw std::runtime_error(result.detail);
  co_await result.connection->write(wire::encode(wire::PeerFrame(wire::Hello())));
  const Message answer = co_await result.connection->read();
  EXPECT_EQ(answer, std::nullopt);
  trouble = result.connection->trouble();
}

TEST(CertifiedLink, who_is_refused_by_the_other_side_hears_why) {
  World world;
  const Authority ours;
  const Authority theirs("Another CA");
  auto files = theirs.files(2);
  files.authorities += ours.certificate();   // so it takes ours
  Side dials(world);
  dials.network.use(certified(files, 2));
  Side accepts(world, ours, 1);
  std::string trouble;
  world.run(refused_by_the_listener(world, dials, accepts, trouble));
  EXPECT_THAT(trouble, HasSubstr("it does not accept this node's certificate"));
  EXPECT_THAT(accepts.turned_away, ElementsAre(HasSubstr("its certificate is of another CA")));
  EXPECT_THAT(dials.turned_away, ElementsAre(HasSubstr("it does not accept this node's certificate")));
}

awaitable<void> fail_to_dial(World& world, Side& dials, Side& accepts, ConnectResult& result) {
  const auto listener = accepts.listen();
  const std::string address = listener->local();
  result = co_await dials.network.connect(Transport::peer, address, world.soon());
  while (accepts.turned_away.empty()) co_await world.pause(milliseconds(1));
}

TEST(CertifiedLink, who_refuses_the_listener_says_why_and_it_hears_of_it) {
  World world;
  const Authority ours;
  const Authority theirs("Another CA");
  Side dials(world, ours, 1);
  Side accepts(world, theirs, 2);
  ConnectResult result;
  world.run(fail_to_dial(world, dials, accepts, result));
  EXPECT_EQ(result.failure, ConnectFailure::other);   // not `refused`: its process is not gone
  EXPECT_THAT(result.detail, HasSubstr("its certificate is of another CA"));
  EXPECT_THAT(accepts.turned_away, ElementsAre(HasSubstr("it does not accept this node's certificate")));
}

TEST(CertifiedLink, a_node_with_a_key_and_one_with_certificates_say_so) {
  World world;
  const Authority authority;
  Side certificates(world, authority, 1);
  Side key(world, cluster_key);
  ConnectResult result;
  world.run(fail_to_dial(world, key, certificates, result));
  EXPECT_THAT(result.detail, HasSubstr("it has cluster_certificates"));
  EXPECT_THAT(certificates.turned_away, ElementsAre(HasSubstr("it has a cluster_key_file")));
  world.run(fail_to_dial(world, certificates, key, result));
  EXPECT_THAT(result.detail, HasSubstr("it has a cluster_key_file"));
  EXPECT_THAT(key.turned_away, ElementsAre(HasSubstr("it has cluster_certificates")));
}

awaitable<void> dial_in_plain_text(World& world, Side& dials, Side& accepts, Message& answer) {
  const auto listener = accepts.listen();
  const std::string address = listener->local();
  auto result = co_await dials.network.connect(Transport::peer, address, world.soon());
  if (!result.connection) throw std::runtime_error(result.detail);
  co_await result.connection->write(wire::encode(wire::PeerFrame(wire::Hello())));
  answer = co_await result.connection->read();
}

TEST(CertifiedLink, plain_text_is_refused_and_both_sides_know_why) {
  World world;
  const Authority authority;
  Side plain(world);
  Side accepts(world, authority, 1);
  Message answer;
  world.run(dial_in_plain_text(world, plain, accepts, answer));
  ASSERT_TRUE(answer.has_value());
  const auto frame = wire::decode_peer_frame(*answer);
  ASSERT_TRUE(frame.ok());
  EXPECT_THAT(std::get<wire::Rejected>(*frame).reason, HasSubstr("this node needs the same cluster_certificates"));
  EXPECT_THAT(accepts.turned_away, ElementsAre(HasSubstr("it has no cluster_certificates")));
}

awaitable<void> read_once(std::shared_ptr<Connection> connection) {
  const Message ignored = co_await connection->read();
  EXPECT_EQ(ignored, std::nullopt);
}
awaitable<void> accept_and_read(Listener& listener, bool& ended) {
  auto connection = co_await listener.accept();
  co_await read_once(std::move(connection));
  ended = true;
}
awaitable<void> dial_one_in_plain_text(World& world, Side& dials, Side& plain, ConnectResult& result) {
  const auto listener = plain.listen();
  const std::string address = listener->local();
  bool ended = false;
  spawn(world.executor, accept_and_read(*listener, ended));
  result = co_await dials.network.connect(Transport::peer, address, world.soon());
  while (!ended) co_await world.pause(milliseconds(1));
}

TEST(CertifiedLink, tls_to_a_node_in_plain_text_is_refused_and_both_sides_know_why) {
  World world;
  const Authority authority;
  Side dials(world, authority, 1);
  Side plain(world);
  ConnectResult result;
  world.run(dial_one_in_plain_text(world, dials, plain, result));
  EXPECT_THAT(result.detail, HasSubstr("it speaks plain text: it has no cluster_certificates"));
  EXPECT_THAT(plain.turned_away, ElementsAre(HasSubstr("it speaks TLS: it has a cluster_key_file or cluster_certifi")));
}

// -- renewal -----------------------------------------------------------------------------------------------------

// Three ages of a cluster that changes its CA: each trusts the next, so no link breaks on the way.
awaitable<void> renew(World& world, Side& first, Side& second, const Authority& former, const Authority& next) {
  const auto listener = second.listen();   // the same one all the time
  auto oldest = co_await connect(world, first, *listener);
  auto files = former.files(2);
  files.authorities += next.certificate();
  second.network.use(certified(files, 2));        // trusts both
  first.network.use(certified(next.files(1), 1));   // of the next CA already; doesn't trust the former any more
  const std::string address = listener->local();
  auto early = co_await first.network.connect(Transport::peer, address, world.soon());
  EXPECT_EQ(early.connection, nullptr);
  EXPECT_THAT(early.detail, HasSubstr("its certificate is of another CA"));
  second.network.use(certified(next.files(2), 2));
  auto newest = co_await connect(world, first, *listener);
  for (Pair* const pair : {&oldest, &newest}) {
    bool done = false;
    co_await talk(*pair, 1'000, done);
    EXPECT_TRUE(done);
  }
}

TEST(CertifiedLink, new_certificates_count_for_new_links_of_an_open_listener_and_old_links_go_on) {
  World world;
  const Authority former;
  const Authority next("Parley CA 2");
  Side first(world, former, 1);
  Side second(world, former, 2);
  world.run(renew(world, first, second, former, next));
}

TEST(CertifiedLink, the_network_knows_when_its_certificate_expires) {
  World world;
  const Authority authority;
  Side plain(world);
  EXPECT_EQ(plain.network.certificate_expires(), std::nullopt);
  const auto made = certified(authority.files(1), 1);
  plain.network.use(made);
  EXPECT_EQ(plain.network.certificate_expires(), made.expires);
  EXPECT_GT(made.expires, world.clock.wall_now());
}

TEST(CertifiedLink, with_a_certificate_a_node_listens_off_the_loopback) {
  World world;
  const Authority authority;
  Side side(world, authority, 1);
  const auto listener = side.network.listen(Transport::peer, "192.0.2.7:7101", {});   // not an address of this machine
  ASSERT_FALSE(listener.ok());
  EXPECT_THAT(listener.error().message, ::testing::Not(HasSubstr("plain text")));
}

}  // namespace
}  // namespace parley::net
