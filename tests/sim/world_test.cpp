#include "sim/world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include "sim/seams.hpp"
#include "sim/sim_network.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

void spawn(World& world, Life life, awaitable<void> loop) {
  boost::asio::co_spawn(world.context(life), std::move(loop), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
}

awaitable<void> sleep_then_note(World& world, Life life, Duration time, std::string note) {
  SimAlarm alarm(world, life);
  const TimePoint until = world.now() + time;
  while (world.now() < until) co_await alarm.wait_until(until);
  world.trace(note);
}

TEST(World, TimeJumpsFromDeadlineToDeadline) {
  World world(1);
  world.keep_trace(true);
  const Life life = world.begin_life("a");
  const TimePoint begin = world.now();
  spawn(world, life, sleep_then_note(world, life, 2h, "late"));
  spawn(world, life, sleep_then_note(world, life, 1h, "early"));
  world.run_for(3h);
  ASSERT_EQ(world.trace_lines().size(), 2U);
  EXPECT_TRUE(world.trace_lines()[0].ends_with("early"));
  EXPECT_TRUE(world.trace_lines()[1].ends_with("late"));
  EXPECT_EQ(world.now(), begin + 3h);
}

TEST(World, AnEndedLifeRunsNoMore) {
  World world(1);
  world.keep_trace(true);
  const Life life = world.begin_life("a");
  spawn(world, life, sleep_then_note(world, life, 1h, "never seen"));
  world.run_for(30min);
  world.end_life(life);
  world.run_for(2h);
  EXPECT_TRUE(world.trace_lines().empty());
}

TEST(SimAlarm, ARingWithNobodyWaitingIsNotRemembered) {
  World world(1);
  const Life life = world.begin_life("a");
  SimAlarm alarm(world, life);
  alarm.ring();
  bool woken = false;
  spawn(world, life, [](SimAlarm& a, bool& w) -> awaitable<void> {
    co_await a.wait_until(never);
    w = true;
  }(alarm, woken));
  world.run_for(1h);
  EXPECT_FALSE(woken);
  alarm.ring();
  world.run_for(1ns);
  EXPECT_TRUE(woken);
}

TEST(SimWorkers, JobsOfOneLaneRunInOrderOfArrivalAndTakeTheirTime) {
  World world(5);
  const Life life = world.begin_life("a");
  SimWorkers workers(world, life, {{net::Lane::log, {1ms, 1ms}}});
  std::vector<int> order;
  const auto job = [](SimWorkers& w, std::vector<int>& o, int number) -> awaitable<void> {
    std::function<void()> work = [&o, number] { o.push_back(number); };
    co_await w.run(net::Lane::log, std::move(work));
    o.push_back(number + 10);
  };
  spawn(world, life, job(workers, order, 1));
  spawn(world, life, job(workers, order, 2));
  world.run_for(500us);
  EXPECT_EQ(order, (std::vector<int>{1}));
  world.run_for(10ms);
  EXPECT_EQ(order, (std::vector<int>{1, 11, 2, 12}));
}

// -- the network ------------------------------------------------------------------------------------------------

struct Pair {
  World world{7};
  Fabric fabric{world, {}};
  Life server = world.begin_life("server");
  Life client = world.begin_life("client");
  SimNetwork server_network{world, fabric, server, 1};
  SimNetwork client_network{world, fabric, client, 2};
  std::shared_ptr<net::Connection> server_end;
  net::ConnectResult result;
  std::vector<std::string> received;
  bool ended = false;

  ~Pair() {   // whoever waits refers to the members
    world.end_life(server);
    world.end_life(client);
  }
  void connect() {
    spawn(world, server, accept(*this));
    world.run_for(1ms);
    spawn(world, client, dial(*this));
    world.run_for(5ms);
  }
  static awaitable<void> accept(Pair& pair) {
    auto listener = pair.server_network.listen(net::Transport::peer, "10.0.0.1:1", {});
    pair.server_end = co_await (*listener)->accept();
    for (;;) {
      auto message = co_await pair.server_end->read();
      if (!message) break;
      pair.received.push_back(std::move(*message));
    }
    pair.ended = true;
  }
  static awaitable<void> dial(Pair& pair) {
    pair.result = co_await pair.client_network.connect(net::Transport::peer, "10.0.0.1:1", pair.world.now() + 100ms);
  }
  static awaitable<void> send(Pair& pair, std::string text) {
    const bool sent = co_await pair.result.connection->write(std::move(text));
    EXPECT_TRUE(sent);
  }
};

TEST(SimNetwork, MessagesArriveWholeAndInOrder) {
  Pair pair;
  pair.connect();
  ASSERT_TRUE(pair.result.connection);
  for (int i = 0; i < 20; ++i) spawn(pair.world, pair.client, Pair::send(pair, std::to_string(i)));
  pair.world.run_for(10ms);
  ASSERT_EQ(pair.received.size(), 20U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(pair.received[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST(SimNetwork, APartedPairHearsNothingUntilItIsHealed) {
  Pair pair;
  pair.connect();
  pair.fabric.part_both(1, 2);
  spawn(pair.world, pair.client, Pair::send(pair, "held up"));
  pair.world.run_for(2s);
  EXPECT_TRUE(pair.received.empty());
  EXPECT_FALSE(pair.ended);
  pair.fabric.heal();
  pair.world.run_for(1ms);
  EXPECT_EQ(pair.received, std::vector<std::string>{"held up"});
}

TEST(SimNetwork, TheOtherEndHearsOfACrash) {
  Pair pair;
  pair.connect();
  pair.result = {};
  pair.world.end_life(pair.client);
  pair.world.run_for(5ms);
  EXPECT_TRUE(pair.ended);
}

TEST(SimNetwork, NobodyListeningRefuses) {
  Pair pair;
  spawn(pair.world, pair.client, Pair::dial(pair));
  pair.world.run_for(5ms);
  EXPECT_FALSE(pair.result.connection);
  EXPECT_EQ(pair.result.failure, net::ConnectFailure::refused);
}

}  // namespace
}  // namespace parley::sim
