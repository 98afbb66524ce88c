#include "writer.hpp"

#include <algorithm>
#include <stdexcept>

#include "net/spawn.hpp"

namespace parley::bench {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 60s;
constexpr auto poll_interval = milliseconds(1);

}  // namespace

Writer::Writer(BenchCluster& cluster, Options options) : cluster_(cluster), options_(std::move(options)) {
  cli::ClientOptions client_options;
  client_options.client_name = "parley-bench " + options_.name;
  client_options.receive = false;
  client_options.follow_leader = options_.home.value == 0;
  client_options.window_max = std::max<std::size_t>(client_options.window_max, options_.window);
  if (options_.retry.count() > 0) {
    client_options.failover_jitter = options_.retry;
    client_options.backoff_min = options_.retry;
    client_options.backoff_max = options_.retry;
  }
  auto servers = cluster.cluster().servers();
  if (options_.home.value != 0) {   // the home first, the others when it fails
    const std::string home = cluster.cluster().server(options_.home);
    if (options_.other_way) std::reverse(servers.begin(), servers.end());
    std::stable_partition(servers.begin(), servers.end(), [&home](const auto& server) { return server == home; });
  }
  if (options_.own_room) options_.room = "#bench-" + options_.name;
  client_ = std::make_unique<cli::Client>(cluster.seams(), std::move(servers), client_options, *this);
  net::spawn(cluster.seams().executor, live());
}

awaitable<void> Writer::live() {
  co_await client_->run();
  living_ = false;
}

awaitable<void> Writer::expect(std::string method, cli::json::object params, std::string tolerated) {
  const auto outcome = co_await client_->submit(method, std::move(params), cluster_.clock().now() + patience);
  if (!outcome.done() && outcome.reason != tolerated) {
    throw std::runtime_error(options_.name + ": " + method + " ended as " + outcome.reason + ": " + outcome.message);
  }
}

awaitable<void> Writer::arrive() {
  cli::json::object account;
  account["name"] = options_.name;
  account["password"] = "bench password of nobody";
  co_await expect("account.register", std::move(account), "name_taken");
  const TimePoint deadline = cluster_.clock().now() + patience;
  const auto login = co_await client_->login(options_.name, "bench password of nobody", deadline);
  if (!login.done()) throw std::runtime_error(options_.name + " cannot log in: " + login.message);
  cli::json::object create;
  create["room"] = options_.room;
  co_await expect("room.create", std::move(create), "room_exists");
  cli::json::object join;
  join["room"] = options_.room;
  co_await expect("room.join", std::move(join), "already_a_member");
}

void Writer::begin() {
  sending_ = true;
  while (under_way_ < options_.window) send_one();
}

void Writer::send_one() {
  ++under_way_;
  const TimePoint begin = cluster_.clock().now();
  const std::uint64_t number = ++last_number_;
  cli::json::object send;
  send["to"] = options_.room;
  send["text"] = numbered_text(number);
  client_->submit_then("send", std::move(send), [this, begin, number](const cli::Outcome& outcome) {
    --under_way_;
    const TimePoint now = cluster_.clock().now();
    if (outcome.done()) {
      acknowledged_.push_back(number);
      latencies_.add(now - begin);
      acknowledged_at_.push_back(now);
    } else {
      ++failed_;
      ++failed_ever_;
    }
    if (sending_) send_one();
  });
}

std::string Writer::numbered_text(std::uint64_t number) const {
  std::string text = std::to_string(number) + ' ';
  if (text.size() < options_.text_bytes) text.resize(options_.text_bytes, 'x');
  return text;
}

void Writer::forget() {
  latencies_ = Samples();
  acknowledged_at_.clear();
  failed_ = 0;
}

Writers::Writers(BenchCluster& cluster, std::size_t count, Writer::Options pattern, std::vector<NodeId> homes)
    : cluster_(cluster) {
  for (std::size_t i = 0; i < count; ++i) {
    Writer::Options options = pattern;
    options.name += std::to_string(i + 1);
    if (!homes.empty()) {
      options.home = homes[i % homes.size()];
      options.other_way = i / homes.size() % 2 == 1;   // who leaves a node does not all go to the same one
    }
    writers_.push_back(std::make_unique<Writer>(cluster, options));
  }
}

awaitable<void> Writers::arrive() {
  for (const auto& writer : writers_) co_await writer->arrive();
}

void Writers::begin() {
  for (const auto& writer : writers_) writer->begin();
}

awaitable<void> Writers::end() {
  for (const auto& writer : writers_) writer->end();
  const auto busy = [](const auto& writer) { return !writer->idle(); };
  while (std::any_of(writers_.begin(), writers_.end(), busy)) co_await cluster_.cluster().pause(poll_interval);
}

awaitable<void> Writers::leave() {
  for (const auto& writer : writers_) writer->leave();
  const auto here = [](const auto& writer) { return !writer->gone(); };
  while (std::any_of(writers_.begin(), writers_.end(), here)) co_await cluster_.cluster().pause(poll_interval);
}

void Writers::forget() {
  for (const auto& writer : writers_) writer->forget();
}

Samples Writers::latencies() const {
  Samples all;
  for (const auto& writer : writers_) all.add(writer->latencies());
  return all;
}

std::size_t Writers::failed() const {
  std::size_t count = 0;
  for (const auto& writer : writers_) count += writer->failed();
  return count;
}

std::size_t Writers::failed_ever() const {
  std::size_t count = 0;
  for (const auto& writer : writers_) count += writer->failed_ever();
  return count;
}

}  // namespace parley::bench
