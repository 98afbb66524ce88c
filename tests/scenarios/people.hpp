#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/client.hpp"
#include "scenarios/harness.hpp"

namespace parley::scenario {

// A message as somebody who was told "done" remembers it.
struct Acknowledged {
  std::string text;
  std::uint64_t id = 0;
  std::uint64_t number = 0;
  TimePoint at{};
};

// Somebody at a client: registers, logs in, joins the room, and writes or reads. The production client as it is.
class Person final : public cli::Observer {
 public:
  Person(Scenario& scenario, std::string name, NodeId home);   // by Scenario::person
  ~Person() override;

  awaitable<bool> arrive(std::string room);        // connect, register, log in, create or join the room
  void leave() { client_->stop(); }                 // ends the client, soon
  bool living() const { return living_; }           // false: it has ended, and may be destroyed

  // Writes numbered messages to the room until `count` are acknowledged or stop_writing(); `window` at a time.
  void begin_writing(std::string room, std::size_t count, std::size_t window = 1);
  void stop_writing() { wanted_ = written_; }
  bool writing() const { return under_way_ > 0 || written_ < wanted_; }

  cli::Client& client() { return *client_; }
  const std::string& name() const { return name_; }
  const std::vector<Acknowledged>& acknowledged() const { return acknowledged_; }
  const std::vector<std::string>& refused() const { return refused_; }
  const std::vector<std::string>& unknown() const { return unknown_; }
  const std::vector<cli::Message>& received() const { return received_; }
  // How many messages it had received when it was told of another generation; empty: never.
  std::optional<std::size_t> rewound_at() const { return rewound_at_; }
  const std::vector<std::uint32_t>& leaders_told() const { return leaders_told_; }
  std::uint64_t written() const { return written_; }
  TimePoint last_acknowledged() const { return last_acknowledged_; }

 private:
  void on_message(const cli::Message& message) override { received_.push_back(message); }
  void on_generation(std::uint64_t, std::uint64_t) override { rewound_at_ = received_.size(); }
  void on_leader(const cli::LeaderState& leader) override { leaders_told_.push_back(leader.node); }
  void write_next();
  void settled(const std::string& text, const cli::Outcome& outcome);
  awaitable<void> live();

  Scenario& scenario_;
  std::string name_;
  std::unique_ptr<cli::Client> client_;
  bool living_ = false;

  std::string room_;
  std::size_t window_ = 1;
  std::uint64_t wanted_ = 0;
  std::uint64_t written_ = 0;
  std::size_t under_way_ = 0;
  std::vector<Acknowledged> acknowledged_;
  std::vector<std::string> refused_;
  std::vector<std::string> unknown_;
  std::vector<cli::Message> received_;
  std::vector<std::uint32_t> leaders_told_;
  std::optional<std::size_t> rewound_at_;
  TimePoint last_acknowledged_{};
};

// `count` people named PREFIX1, PREFIX2 …, all in the room; empty (and a failure) if one could not arrive. `homes`:
// where they stay, in turn; empty: with the leader.
awaitable<std::vector<Person*>> gather(Scenario& scenario, std::string prefix, std::size_t count, std::string room,
                                       std::vector<NodeId> homes = {});
// People of the room #ops who write on and on, `window` messages at a time each, so many acknowledged already; and
// somebody who reads. No writers: a failure, somebody could not arrive.
struct Crowd {
  std::vector<Person*> writers;
  Person* reader = nullptr;
};
awaitable<Crowd> crowd(Scenario& scenario, std::size_t writers, std::size_t window, std::size_t acknowledged);
// What that node says of its cluster; empty: nothing in time.
awaitable<cli::json::object> status_of(Scenario& scenario, NodeId node);
std::size_t acknowledged(const std::vector<Person*>& writers);
// The longest time without any of their messages being acknowledged, from then to now.
Duration longest_gap(Scenario& scenario, const std::vector<Person*>& writers, TimePoint from);
bool all_done(const std::vector<Person*>& writers);
// Waits until that many of their messages were acknowledged, or until all are done.
awaitable<bool> until_acknowledged(Scenario& scenario, std::vector<Person*> writers, std::size_t count,
                                   Duration at_most);
awaitable<bool> until_done(Scenario& scenario, std::vector<Person*> writers, Duration at_most);

// Everything in the room as the reader's node keeps it, in order; fails the test if it can't be had.
awaitable<std::vector<cli::Message>> whole_room(Scenario& scenario, Person& reader, std::string room);

}  // namespace parley::scenario
