#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/client.hpp"
#include "sim/cluster.hpp"
#include "sim/history.hpp"
#include "sim/seams.hpp"

namespace parley::sim {

// What one person may do next.
enum class Action : std::uint8_t {
  send, send_direct, reply_all, edit, erase, history, read, mark, unread, search, sync, join, leave, create, invite,
  remove, topic, list, log_out, wrong_password, drop_connection, pause, crash
};
inline constexpr std::size_t action_count = 23;

// How people behave in one run: drawn from its seed, so that some runs are all edits and others all departures.
struct Habits {
  std::array<double, action_count> weights{};
  std::size_t outstanding_max = 16;        // requests without an answer, then a person waits
  std::size_t public_rooms = 2;
  std::size_t closed_rooms = 1;            // by invitation only
  Duration away_most = std::chrono::seconds(10);   // how long a pause or a crashed client lasts at most
  static Habits draw(Random& random);
};

// What the disk of a person's machine keeps of the client.
struct KeptClient {
  cli::StoredOutbox outbox;
  std::optional<cli::Cursor> cursor;
};

// Somebody with the production client on a machine of their own, and a memory of what they saw. Their client may die
// at any moment; its outbox survives.
class Person final : public cli::Observer {
 public:
  Person(SimCluster& cluster, Host host, std::string name, std::vector<std::string> others, const Habits& habits,
         std::uint64_t seed, History& history);
  ~Person() override;

  void arrive();                            // the first life of their client; registers, logs in, joins rooms
  void act();                               // does one thing, if there is a client and it has room
  void finish();                            // no more pauses or crashes; who is away comes back
  bool available() const;
  bool uses(NodeId node) const;             // logged in there
  void talk();                              // sends something, whatever is outstanding
  bool settled() const;
  std::string outstanding() const;
  const std::string& name() const { return name_; }

 private:
  struct Parts;

  // person.cpp: the client's lives, requests and their ends
  void say(std::string_view what) const;    // to the trace
  void begin_life();
  void end_life(std::string_view why);
  void away(Duration at_most);
  cli::Client& client() const;
  bool is_ready() const;
  Operation& begin(std::string method);
  void submit(Operation& operation, cli::json::object params);
  void call(Operation& operation, cli::json::object params);
  void ended(std::uint64_t operation, const cli::Outcome& outcome);
  void take_result(Operation& operation, const cli::Outcome& outcome);
  void learn(const Operation& operation);
  void look_at_feed();
  void note_connection();
  void begin_login(std::string_view password);
  awaitable<void> log_in(std::string password);

  void on_connection(const cli::ConnectionState& state) override;
  void on_message(const cli::Message& message) override;
  void on_settled(const cli::Settled& settled) override;
  void on_login_ended(const std::string& message) override;

  // person_actions.cpp
  Action choose();
  void perform(Action action);
  void settle_in();                         // what is left of arriving
  std::string next_text(std::string_view kind);
  std::string some_room();                  // one they think they are in, mostly
  std::string any_room();
  std::string some_place();
  std::uint64_t some_message(bool own);
  void send(std::string place);
  void edit();
  void erase();
  void read_history();
  void read_unread();
  void mark();
  void ask_unread();
  void search();
  void sync();
  void in_room(std::string method, std::string room);
  void create();
  void with_somebody(std::string method);
  void topic();
  void list();
  void log_out();

  SimCluster& cluster_;
  World& world_;
  Host host_;
  std::string name_;
  std::vector<std::string> others_;
  const Habits& habits_;
  Random random_;
  History& history_;
  MachineClock clock_;
  KeptClient kept_;
  std::unique_ptr<Parts> parts_;            // null: no client runs
  std::shared_ptr<int> presence_;           // what is scheduled holds it weakly
  bool finishing_ = false;
  bool logging_in_ = false;
  bool stays_ = false;                      // with the node they have, even if that is cut off from the others
  unsigned steps_of_arrival_ = 0;
  unsigned wrong_passwords_ = 0;

  std::map<std::uint64_t, bool> open_;      // operations without an outcome; true: sequenced
  Feed* feed_ = nullptr;
  TimePoint connected_{};
  TimePoint away_until_{};

  std::uint64_t texts_ = 0;
  std::set<std::string> joined_;            // rooms, as far as they know
  std::deque<std::uint64_t> own_;           // the last messages of theirs, and
  std::deque<std::uint64_t> seen_;          // of others
  std::vector<std::uint64_t> cursors_;      // some old ones
  std::string gone_;                        // "@name~id" of somebody whose account was deleted; empty: of nobody
};

}  // namespace parley::sim
