#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/chat_command.hpp"
#include "cli/chat_commands.hpp"
#include "cli/chat_view.hpp"
#include "cli/client.hpp"
#include "cli/state_directory.hpp"

namespace parley::cli {

// What differs between a person at a terminal and a pipe.
struct ChatManners {
  bool interactive = false;
  Duration patience{};                                   // for the outcome of one command; then it is pending
  // Asks for a password unseen; nullopt: the person thought better of it. Empty function: passwords stand inline.
  std::function<awaitable<std::optional<std::string>>(std::string prompt)> ask_secret;
  std::function<void()> changed;                         // the prompt may have to be drawn anew
};

// One chat: commands in, events and reports out (ChatView). Knows neither terminal nor pipe, neither socket nor clock.
class Chat final : public Observer {
 public:
  static constexpr Duration shown_as_pending_after = std::chrono::seconds(1);
  static constexpr Duration mark_interval = std::chrono::seconds(2);   // read markers are coalesced, at most one each

  Chat(ClientSeams seams, std::vector<std::string> servers, const ChatOptions& options, ChatManners manners,
       ChatView& view);

  Client& client() { return client_; }
  awaitable<void> run();              // the client's loops and the chat's own; returns after stop()
  void stop();

  // Connects, and resumes the login of an earlier run if that is wanted. The error says why no node could be reached.
  awaitable<Result<Nothing>> begin(Duration patience);

  // One line as typed; the report has been shown already. Lines are executed one after the other.
  awaitable<Report> execute(std::string line);

  std::string prompt() const;         // "ann #general (leader 1, 2 pending)> "
  bool quitting() const { return quitting_; }
  std::string farewell() const;       // what to say about requests that are still pending; empty: nothing

  // -- for the handlers
  const ChatOptions& options() const { return options_; }
  const ChatManners& manners() const { return manners_; }
  net::Clock& clock() { return seams_.clock; }
  TimePoint deadline() { return seams_.clock.now() + manners_.patience; }
  void quit() { quitting_ = true; }
  const std::string& place() const { return place_; }
  void open(std::string place);
  awaitable<Report> submit(std::string method, json::object params);   // sequenced
  awaitable<Report> call(std::string method, json::object params);     // unsequenced
  awaitable<Report> send(std::string place, std::string text);
  awaitable<Report> log_in(std::string name, std::string password);
  void forget_login();
  awaitable<void> wait(Duration duration);

  // -- Observer
  void on_connection(const ConnectionState& state) override;
  void on_leader(const LeaderState& leader) override;
  void on_copies(const CopiesState& copies) override;
  void on_message(const Message& message) override;
  void on_room(const RoomEvent& event) override;
  void on_marker(const std::string& in, std::uint64_t number) override;
  void on_closing(const std::string& reason) override;
  void on_settled(const Settled& settled) override;
  void on_login_ended(const std::string& message) override;
  void on_generation(std::uint64_t before, std::uint64_t now) override;

 private:
  struct Sent {                       // a text without an answer yet
    std::string place;
    std::string text;
    TimePoint since;
    bool shown = false;               // as pending
  };

  awaitable<void> tick_loop();        // shows what is pending for long, moves read markers
  TimePoint show_pending();
  TimePoint count_down();
  std::string copies_text() const;    // empty where all is well, or not known
  TimePoint send_marks();
  void sent_outcome(std::uint64_t ticket, const Outcome& outcome);
  std::optional<std::string> use_account_store(const std::string& name);   // why not, if it can not be
  ClientSeams seams_;
  ChatOptions options_;
  ChatManners manners_;
  ChatView& view_;
  StateDirectory state_;
  Client client_;
  std::unique_ptr<net::Alarm> tick_alarm_;
  std::unique_ptr<net::Alarm> wait_alarm_;
  bool stopping_ = false;
  bool quitting_ = false;
  std::size_t loops_running_ = 0;

  std::string place_;                 // the open conversation
  std::string store_account_;         // whose outbox the client uses; empty: nobody's, in memory
  std::uint32_t last_leader_ = 0;
  bool leader_lost_ = false;
  bool was_ready_ = false;
  std::map<std::uint64_t, Sent> sent_;
  std::uint64_t last_ticket_ = 0;
  std::map<std::string, std::uint64_t> to_mark_;   // place -> number seen
  TimePoint next_mark_{};
  std::int64_t seconds_shown_ = 0;    // of the prompt, until one more failure is bearable
};

}  // namespace parley::cli
