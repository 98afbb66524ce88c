#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "cli/answer.hpp"
#include "cli/client.hpp"
#include "cli/message_feed.hpp"
#include "cli/outbox.hpp"
#include "cli/server_list.hpp"
#include "wire/rpc.hpp"

namespace parley::cli {

// The inside of Client, cut by duty:
//   client_failover.cpp   the loop that finds a node, keeps to the leader and looks after the connection
//   client_join.cpp       what is said first on a connection: hello, client session, login, sync
//   client_requests.cpp   the users' requests: out, answered, in time
//   client_sessions.cpp   client sessions that end: expiry, gaps, another generation; settling requests
//   client_receive.cpp    the read and write loops, and what a node says by itself
class Client::Core {
 public:
  Core(ClientSeams seams, std::vector<std::string> servers, ClientOptions options, Observer& observer,
       std::unique_ptr<OutboxStore> store);

  awaitable<void> run();
  void stop();

  void submit_then(std::string method, json::object params, OnOutcome then);
  void call_then(std::string method, json::object params, TimePoint deadline, OnOutcome then);
  awaitable<Outcome> login(std::string name, std::string password, TimePoint deadline);
  void use_store(std::unique_ptr<OutboxStore> store);
  void drop_connection(const std::string& reason) { lose_link(reason, Loss::meant); }

  // An answer that a coroutine waits for. Shared with whoever brings it, so that either may end first.
  struct Wait {
    std::unique_ptr<net::Alarm> alarm;
    std::optional<Outcome> outcome;
  };
  std::shared_ptr<Wait> make_wait();
  OnOutcome brings(std::shared_ptr<Wait> wait);
  awaitable<void> wait_for(std::shared_ptr<Wait> wait, TimePoint deadline);
  awaitable<bool> drained(TimePoint deadline);
  awaitable<bool> ready(TimePoint deadline);

  net::Clock& clock() { return seams_.clock; }
  const ClientOptions& options() const { return options_; }
  const ConnectionState& connection() const { return state_; }
  const LeaderState& leader() const { return leader_; }
  const CopiesState& copies() const { return copies_; }
  std::size_t pending() const { return outbox_.size(); }
  Cursor cursor() const { return feed_.cursor(); }
  const std::vector<std::string>& servers() const { return servers_.known(); }
  const std::string& account() const { return session_.account; }

 private:
  using Phase = ConnectionState::Phase;

  // One of our own questions while joining; null answer: the connection was lost, or it took too long.
  struct Ask {
    std::unique_ptr<net::Alarm> alarm;
    std::optional<Answer> answer;
    bool lost = false;
    std::uint64_t rpc_id = 0;
  };
  struct Call {
    std::string method;
    json::object params;
    TimePoint deadline;
    TimePoint not_before{};      // a node said `later`
    OnOutcome then;
    bool sent = false;
    bool repeatable = true;
  };
  struct InFlight {
    std::uint64_t sequence = 0;  // of a sequenced request, or
    std::uint64_t call = 0;      // the key of a call, or
    std::shared_ptr<Ask> ask;
    TimePoint sent_at;
  };
  enum class Rollover : std::uint8_t { none, expired, gap };

  // client_failover.cpp
  awaitable<void> failover_loop();
  awaitable<void> connect_next();
  TimePoint look_after_link();
  bool give_up_silent_node(TimePoint now, TimePoint& wake);
  bool put_off() const { return seams_.clock.now() < put_off_until_; }
  TimePoint time_to_ping() const;
  bool move_to_leader(TimePoint now, TimePoint& wake);
  bool leave_leaderless_node(TimePoint now, TimePoint& wake);
  bool leave_useless_node(TimePoint now, TimePoint& wake);
  bool leave_at(TimePoint time, unsigned& moves, const char* why, TimePoint now, TimePoint& wake);
  // broke: the node may be all right; failed: another one is better; meant: by our own wish, no delay after it.
  enum class Loss : std::uint8_t { broke, failed, meant };
  void lose_link(const std::string& reason, Loss loss = Loss::broke);
  void set_phase(Phase phase, std::string detail = {});
  void set_leader(std::uint32_t node, std::string address, std::uint64_t term);
  void set_copies(const json::object& params);
  awaitable<void> driver_waits_until(TimePoint time);
  void wake_driver();
  void wake_driver_by(TimePoint time) { if (time < driver_wakes_at_) wake_driver(); }
  awaitable<void> pause(milliseconds time);
  void ring_watchers();
  bool unrepeatable_call_under_way() const;

  // client_join.cpp
  awaitable<void> join();
  std::shared_ptr<Ask> begin_ask(std::string method, json::object params);
  awaitable<bool> answered(std::shared_ptr<Ask> ask);   // false: lost or too slow; the link is gone then
  awaitable<bool> take_hello(std::shared_ptr<Ask> ask);
  bool accept_hello(const json::object& hello);
  awaitable<bool> take_attach(std::shared_ptr<Ask> ask);
  awaitable<bool> take_resume(std::shared_ptr<Ask> ask);
  awaitable<std::shared_ptr<Ask>> insist(std::shared_ptr<Ask> ask, std::string method, json::object params);
  awaitable<void> open_session();
  awaitable<void> synchronise();
  json::object attach_params() const;
  void login_is_over(const std::string& message);

  // client_requests.cpp
  void pump();
  void send_sequenced(Outbox::Entry& entry);
  void send_call(std::uint64_t key, Call& call);
  void send_frame(std::string frame);
  void on_answer(std::uint64_t rpc_id, wire::RpcResponse response);
  void on_sequenced_answer(Outbox::Entry& entry, Answer answer);
  void on_call_answer(std::uint64_t key, Answer answer);
  void on_out_of_turn(Outbox::Entry& entry, const Answer& answer);
  void retry_from(std::uint64_t sequence, milliseconds delay);
  TimePoint look_after_calls(TimePoint now);
  void finish_call(std::uint64_t key, Outcome outcome);
  std::optional<Outcome> unsendable(const std::string& method, const json::object& params, std::size_t& bytes) const;

  // client_sessions.cpp
  void load(std::unique_ptr<OutboxStore> store);
  awaitable<void> roll_over();
  awaitable<bool> settle_by_outcome_query(std::uint64_t sequence);
  void settle(std::uint64_t sequence, Outcome outcome);
  void note_login_changes(const Outbox::Entry& entry, const Outcome& outcome);
  void meet_generation(std::uint64_t generation, std::uint64_t cursor);
  void forget_client_session();
  bool keep_everything();                            // writes session and outbox to the store as they are
  StoredOutbox snapshot() const;

  // client_receive.cpp
  awaitable<void> read_loop();
  awaitable<void> write_loop();
  awaitable<void> counted(awaitable<void> loop);
  void receive(std::string_view text);
  void on_notification(wire::RpcRequest notification);
  void on_leader_notification(const json::object& params);
  void deliver(const std::vector<Message>& messages);

  ClientSeams seams_;
  ClientOptions options_;
  Observer& observer_;
  Random random_;
  ServerList servers_;
  std::unique_ptr<OutboxStore> store_;

  bool stopping_ = false;
  std::size_t loops_running_ = 0;
  std::unique_ptr<net::Alarm> driver_alarm_;
  std::unique_ptr<net::Alarm> read_alarm_;
  std::unique_ptr<net::Alarm> write_alarm_;
  bool driver_rung_ = false;                        // since it last began to look
  TimePoint driver_wakes_at_ = never;
  std::vector<std::weak_ptr<net::Alarm>> watchers_;

  // The connection. Everything below it up to the next heading is about this one connection.
  std::shared_ptr<net::Connection> link_;
  ConnectionState state_;
  TimePoint retry_at_{};
  TimePoint ready_since_{};
  TimePoint heard_at_{};                            // a word from the node
  TimePoint pinged_at_ = never;                     // and nothing heard since
  std::uint64_t last_rpc_id_ = 0;
  std::map<std::uint64_t, InFlight> in_flight_;     // by rpc id: the first is the oldest
  std::deque<std::string> outgoing_;
  bool attached_ = false;
  bool logged_in_ = false;
  bool sync_wanted_ = false;
  TimePoint put_off_until_{};                       // with `later`: what a connection begins with

  // The cluster.
  LeaderState leader_;
  CopiesState copies_;
  TimePoint leader_unknown_since_{};
  unsigned leaderless_moves_ = 0;                   // in a row: patience grows with them
  TimePoint waits_since_ = never;                   // for an outcome, on this connection
  unsigned useless_moves_ = 0;                      // since there was one: patience grows with them
  unsigned moves_ = 0;                              // to a leader, without having been ready in between
  TimePoint move_at_ = never;
  std::uint64_t hello_cursor_ = 0;

  // Requests.
  Outbox outbox_;
  TimePoint hold_until_{};                          // nothing sequenced is sent before
  unsigned unknown_answers_ = 0;                    // in a row: the hold grows with them
  std::map<std::uint64_t, Call> calls_;
  std::uint64_t last_call_ = 0;

  // The client session, the login, the messages.
  StoredSession session_;
  Rollover rollover_ = Rollover::none;
  TimePoint session_retry_at_{};
  MessageFeed feed_;
  std::string replay_for_;   // the account whose messages are delivered from the beginning once it is logged in again
};

}  // namespace parley::cli
