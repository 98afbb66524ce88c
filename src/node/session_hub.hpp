#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node/applier.hpp"
#include "node/machine_tasks.hpp"
#include "node/seams.hpp"
#include "node/session.hpp"

namespace parley::node {

// All sessions of this node: lets them in, knows who is logged in on which, brings them what apply has to tell.
// A push never precedes the state: whoever reads on this node after it sees at least what was pushed.
class Sessions final : public ApplyListener {
 public:
  Sessions(Seams seams, Tasks& tasks, const ClusterConfig& cluster, const Applier& applier);

  net::awaitable<void> accept_loop(net::Listener& listener, RequestHandler& handler);
  net::awaitable<void> housekeeping_loop();  // ends once told to stop and the last session has gone
  // The node is about to stop: whoever waits for nothing is told so at once, the others when they have their answers,
  // and nobody new is let in.
  void retire();
  bool retired() const;                      // and all have been told
  void stop();                               // "node_stopping" to all

  void log_in(const std::shared_ptr<Session>& session, const chat::LoginId& login, chat::AccountId account);
  void log_out(const std::shared_ptr<Session>& session);

  void tell(const Frame& frame);   // to all that said hello

  std::size_t count() const { return sessions_.size(); }
  std::vector<chat::AccountId> accounts() const;  // logged in here, sorted
  bool online(chat::AccountId account) const { return by_account_.contains(account); }
  std::vector<std::shared_ptr<Session>> all() const;
  std::uint64_t slow_readers() const { return slow_readers_; }

  // Called when the set of accounts() may have changed.
  void on_presence_change(std::function<void()> callback) { presence_changed_ = std::move(callback); }

  void applied(const raft::Entry& entry, const chat::Command* command, const chat::Effects& effects) override;

 private:
  using SessionPtr = std::shared_ptr<Session>;

  net::awaitable<void> serve(SessionPtr session, RequestHandler& handler);
  net::awaitable<void> turn_away(std::shared_ptr<net::Connection> connection);
  bool full(const std::string& address) const;
  bool make_room();
  void leave(const SessionPtr& session);
  void deliver(const chat::Delivery& delivery, Index cursor);
  void deliver_message(const std::vector<SessionPtr>& sessions, const chat::MessageChanged& event, Index cursor);
  void cut(const chat::LoginEnded& event);
  std::vector<SessionPtr> present(const std::vector<chat::AccountId>& audience) const;

  Seams seams_;
  Tasks& tasks_;
  const ClusterConfig& cluster_;
  const Applier& applier_;
  std::map<std::uint64_t, SessionPtr> sessions_;
  std::map<chat::AccountId, std::vector<SessionPtr>> by_account_;
  std::map<std::string, std::size_t> by_address_;
  std::unique_ptr<net::Alarm> housekeeping_alarm_;
  std::function<void()> presence_changed_;
  std::uint64_t last_number_ = 0;
  std::uint64_t slow_readers_ = 0;
  bool retiring_ = false;
  bool stopping_ = false;
};

}  // namespace parley::node
