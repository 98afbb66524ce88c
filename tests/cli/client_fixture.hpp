#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/client.hpp"
#include "cli/fake_cluster.hpp"
#include "cli/fake_world.hpp"

namespace parley::cli {

// Everything that a client told, as lines.
class Recorder final : public Observer {
 public:
  void on_message(const Message& message) override {
    messages.push_back(message.deleted ? "deleted " + std::to_string(message.id) : message.text);
  }
  void on_leader(const LeaderState& leader) override { leaders.push_back(leader.node); }
  void on_settled(const Settled& each) override {
    settled.push_back(each.method + " " + std::to_string(static_cast<int>(each.outcome.kind)));
    if (each.from_earlier_run) from_earlier_run.push_back(each.method);
  }
  void on_login_ended(const std::string& message) override { ended_logins.push_back(message); }
  void on_generation(std::uint64_t before, std::uint64_t now) override {
    generations.push_back(std::to_string(before) + " " + std::to_string(now));
  }
  void on_closing(const std::string& reason) override { closings.push_back(reason); }
  void on_marker(const std::string& in, std::uint64_t number) override {
    markers.push_back(in + std::to_string(number));
  }
  void on_room(const RoomEvent& event) override { rooms.push_back(event.what + " " + event.room); }

  std::vector<std::string> messages, settled, from_earlier_run, ended_logins, generations, closings, markers, rooms;
  std::vector<std::uint32_t> leaders;
};

class ClientTest : public ::testing::Test {
 protected:
  ~ClientTest() override { end(); }

  void start(std::unique_ptr<OutboxStore> store = nullptr) {
    client_ = std::make_unique<Client>(seams(), servers_, options_, recorder_, std::move(store));
    running_ = true;
    run();
  }
  void start_ready(std::unique_ptr<OutboxStore> store = nullptr) {
    start(std::move(store));
    ASSERT_TRUE(ready());
  }
  void end() {
    if (!client_) return;
    client_->stop();
    EXPECT_TRUE(world_.run_until([this] { return !running_; })) << "a loop of the client did not end";
    client_.reset();
  }
  bool ready() {
    return world_.run_until([this] { return client_->connection().phase == ConnectionState::Phase::ready; });
  }

  // Sends a text and keeps its outcome.
  std::size_t send(const std::string& text) {
    json::object params;
    params["to"] = "#room";
    params["text"] = text;
    const std::size_t ticket = outcomes_.size();
    outcomes_.emplace_back();
    const auto keep = [this, ticket](const Outcome& outcome) { outcomes_[ticket] = outcome; };
    client_->submit_then("send", std::move(params), keep);
    return ticket;
  }
  std::size_t ask(const std::string& method, TimePoint deadline = {}) {
    const std::size_t ticket = outcomes_.size();
    outcomes_.emplace_back();
    client_->call_then(method, {}, deadline, [this, ticket](const Outcome& outcome) { outcomes_[ticket] = outcome; });
    return ticket;
  }
  Outcome outcome(std::size_t ticket, Duration at_most = std::chrono::seconds(60)) {
    EXPECT_TRUE(world_.run_until([&] { return outcomes_[ticket].has_value(); }, at_most)) << "no outcome";
    return outcomes_[ticket].value_or(Outcome{});
  }
  Outcome::Kind kind(std::size_t ticket) { return outcome(ticket).kind; }
  Outcome log_in(const std::string& name);

  ClientSeams seams() { return {world_.context().get_executor(), world_, cluster_, world_}; }
  FakeNode& node(std::size_t id) { return cluster_.node(id - 1); }
  std::uint32_t connected_to() const { return client_->connection().node; }

  FakeWorld world_;
  FakeCluster cluster_{world_};
  ClientOptions options_;
  std::vector<std::string> servers_{"node1:1", "node2:1", "node3:1"};
  Recorder recorder_;
  std::unique_ptr<Client> client_;
  std::vector<std::optional<Outcome>> outcomes_;

 private:
  void run();
  bool running_ = false;
};

}  // namespace parley::cli
