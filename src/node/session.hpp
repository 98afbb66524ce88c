#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "chat/types.hpp"
#include "net/clock.hpp"
#include "net/network.hpp"

namespace parley::node {

// One encoded message to a client; shared, as many get the same.
using Frame = std::shared_ptr<const std::string>;

class Session;

// Who makes something of a client's message. Never throws whatever the text is.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  virtual void handle(const std::shared_ptr<Session>& session, std::string text) = 0;
};

// One client connection: who it is by now, what waits to be written to it. Its two loops keep it alive. A reader that
// is too slow for the outbox is cut off (it reads on from its cursor, on any node); one that asks too much at once is
// not read from until some answers are out.
class Session {
 public:
  Session(std::uint64_t number, std::shared_ptr<net::Connection> connection, net::Clock& clock, std::size_t outbox_max);

  static net::awaitable<void> read_loop(std::shared_ptr<Session> session, RequestHandler& handler);
  static net::awaitable<void> write_loop(std::shared_ptr<Session> session);

  void push(Frame frame);             // an answer or a notification; ignored once ended
  void end(std::string_view reason);  // says "closing" with the reason, and closes; a word of docs/PROTOCOL.md
  // end(), as soon as nothing that was asked for waits for its answer. What arrives meanwhile is not carried out.
  void retire(std::string_view reason);
  void hang_up();                     // closes at once

  void begin_request() { ++under_way_; }
  void end_request();

  std::uint64_t number() const { return number_; }
  const std::string& address() const { return address_; }  // without the port
  bool ended() const { return ended_; }
  bool retiring() const { return !retires_for_.empty(); }
  const std::string& reason() const { return reason_; }  // why it was ended; empty: it went by itself
  bool spoke() const { return spoke_; }                  // sent its first message
  TimePoint since() const { return since_; }
  TimePoint close_at() const { return close_at_; }  // when to stop waiting for the last words to be written

  // Who it is. `login` and `account` are set and cleared by Sessions only, which keeps the index of accounts.
  std::optional<chat::ClientId> client;  // the client session it is attached to
  std::optional<chat::LoginId> login;
  chat::AccountId account;  // 0: not logged in
  bool is_operator = false;
  bool greeted = false;  // said hello: wants to be told of leaders

 private:
  const std::uint64_t number_;
  std::shared_ptr<net::Connection> connection_;
  net::Clock& clock_;
  const std::size_t outbox_max_;
  const std::string address_;
  const TimePoint since_;
  std::unique_ptr<net::Alarm> ready_;  // the writer's
  std::unique_ptr<net::Alarm> room_;   // the reader's
  std::deque<Frame> outbox_;
  std::size_t outbox_bytes_ = 0;
  std::size_t under_way_ = 0;
  bool spoke_ = false;
  bool ended_ = false;
  std::string reason_;
  std::string retires_for_;
  TimePoint close_at_ = never;
};

}  // namespace parley::node
