#pragma once

#include <boost/json/object.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/fake_world.hpp"
#include "net/network.hpp"
#include "wire/rpc.hpp"

namespace parley::cli {

namespace json = boost::json;

class FakeConnection;
class FakeCluster;

// What a node does with the next request of a method instead of simply carrying it out.
struct Twist {
  enum class Kind { answer, error, drop_before, drop_after, swallow };
  Kind kind = Kind::answer;
  json::value result;        // answer
  wire::RpcError error;      // error
};

// The far end, scripted: `node.expect("send").later(milliseconds(50))`.
class FakeNode {
 public:
  FakeNode(FakeCluster& cluster, std::uint32_t id, std::string address)
      : cluster_(cluster), id_(id), address_(std::move(address)) {}

  class Expectation {
   public:
    explicit Expectation(std::deque<Twist>& twists) : twists_(twists) {}
    void reply_with(json::value result);
    void refuse(std::string reason, json::object data = {});
    void later(milliseconds retry_after, std::string reason = "no_leader");
    void unknown();
    void invalid();
    void drop_before_it_is_carried_out();
    void drop_after_it_was_carried_out();   // the answer is lost
    void never_answer();

   private:
    void add_error(wire::RpcCode code, std::string outcome, std::string reason, json::object data);
    std::deque<Twist>& twists_;
  };
  Expectation expect(const std::string& method) { return Expectation(twists_[method]); }

  void go_down();                               // refuses connections, ends those it has
  void come_up() { up_ = true; }
  void lose_power() { powered_ = false; }       // no connection ends, nothing is answered, none can be made
  void notify(const std::string& method, json::object params);
  void say(const std::string& text);            // any bytes

  std::uint32_t id() const { return id_; }
  const std::string& address() const { return address_; }
  bool up() const { return up_; }
  std::size_t connections() const;
  // Every request as it came: "send seq=2 first=1", "hello" …
  const std::vector<std::string>& requests() const { return requests_; }
  std::vector<std::string> requests(const std::string& method) const;
  const std::optional<wire::RpcId>& unanswered() const { return unanswered_; }   // the latest of them

 private:
  friend class FakeCluster;
  friend class FakeConnection;
  void take(const std::shared_ptr<FakeConnection>& connection, const std::string& text);

  FakeCluster& cluster_;
  std::uint32_t id_;
  std::string address_;
  bool up_ = true;
  bool powered_ = true;
  std::map<std::string, std::deque<Twist>> twists_;
  std::vector<std::string> requests_;
  std::optional<wire::RpcId> unanswered_;
  std::vector<std::weak_ptr<FakeConnection>> connections_;
};

// Three nodes over one state: client sessions by the rules of docs/PROTOCOL.md section 3, logins, messages. Enough of
// a cluster for the client to be exercised without one; also its Network.
class FakeCluster final : public net::Network {
 public:
  explicit FakeCluster(FakeWorld& world);

  FakeNode& node(std::size_t i) { return *nodes_.at(i); }   // 0, 1, 2
  std::vector<std::string> addresses() const;
  void set_leader(std::uint32_t id) { leader_ = id; }       // 0: none

  // -- the state
  std::uint64_t generation = 1;
  std::uint64_t applied = 100;                              // log index
  std::vector<std::string> executed;                        // "send hello", in the order carried out
  std::map<std::string, std::string> logins;                // token -> account
  struct StoredMessage {
    std::uint64_t changed = 0;
    json::object message;
  };
  std::vector<StoredMessage> messages;
  void forget_clients() { clients_.clear(); }               // as 35 days do
  void add_message(const std::string& text);                // and pushes it to who is logged in
  json::object copies;                                      // that the leader tells in its hello
  std::size_t clients() const { return clients_.size(); }
  std::size_t cut_after = ~std::size_t{0};                  // frames from clients, then that connection is cut, once

  net::awaitable<net::ConnectResult> connect(net::Transport, std::string address, TimePoint deadline) override;
  Result<std::unique_ptr<net::Listener>> listen(net::Transport, std::string address, net::HttpPages) override;

 private:
  friend class FakeNode;
  friend class FakeConnection;
  struct ClientRecord {
    std::string key;
    std::uint64_t last = 0;
    std::map<std::uint64_t, std::pair<std::string, wire::RpcResponse>> answers;   // payload and answer
  };
  wire::RpcResponse carry_out(FakeNode& node, FakeConnection& connection, const wire::RpcRequest& request);
  wire::RpcResponse carry_out_sequenced(FakeConnection& connection, const wire::RpcRequest& request);
  wire::RpcResponse execute(FakeConnection& connection, const wire::RpcRequest& request);
  json::object hello(const FakeNode& node) const;
  json::object sync(const json::object& params) const;

  FakeWorld& world_;
  std::vector<std::unique_ptr<FakeNode>> nodes_;
  std::uint32_t leader_ = 1;
  std::map<std::uint64_t, ClientRecord> clients_;
};

}  // namespace parley::cli
