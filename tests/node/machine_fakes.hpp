#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/network.hpp"
#include "node/replication.hpp"

namespace parley::node::test {

// The node's end of a client connection; the test is the other end.
class FakeConnection final : public net::Connection {
 public:
  FakeConnection(net::Clock& clock, std::string remote);

  net::awaitable<std::optional<std::string>> read() override;
  net::awaitable<bool> write(std::string message) override;
  void close(std::string_view reason) override;
  const std::string& remote() const override { return remote_; }

  // The client's side.
  void say(std::string text);
  void stall(bool stalled);  // as a reader that takes nothing off the socket
  void hang_up() { close("gone"); }
  bool closed() const { return closed_; }
  const std::string& close_reason() const { return close_reason_; }
  std::vector<std::string> heard;

 private:
  std::string remote_;
  std::unique_ptr<net::Alarm> reader_;
  std::unique_ptr<net::Alarm> writer_;
  std::deque<std::string> said_;
  bool stalled_ = false;
  bool closed_ = false;
  std::string close_reason_;
};

// A network with one listener, the node's, which the test dials.
class FakeNetwork final : public net::Network {
 public:
  explicit FakeNetwork(net::Clock& clock) : clock_(clock) {}
  ~FakeNetwork() override;
  net::awaitable<net::ConnectResult> connect(net::Transport, std::string, TimePoint) override;
  Result<std::unique_ptr<net::Listener>> listen(net::Transport, std::string address, net::HttpPages pages) override;

  std::shared_ptr<FakeConnection> dial(std::string from);
  std::optional<net::HttpReply> get(std::string_view path) { return pages_(path); }

 private:
  class FakeListener;
  struct Door {
    std::deque<std::shared_ptr<FakeConnection>> waiting;
    std::unique_ptr<net::Alarm> alarm;
    bool closed = false;
  };
  net::Clock& clock_;
  std::shared_ptr<Door> door_;
  net::HttpPages pages_;
};

// The consensus side as a script: one log, of which the test says what is committed, persisted and lost, and who
// leads. As it stands it commits at once, as the leader of a cluster of one.
class FakeReplication final : public Replication {
 public:
  explicit FakeReplication(NodeId self);

  net::awaitable<std::vector<raft::Entry>> next_committed() override;
  void applied(Index index) override { applied_ = index; }
  net::awaitable<Submitted> submit(SharedBytes command) override;
  net::awaitable<std::optional<Index>> read_index(TimePoint deadline) override;
  raft::Status status() const override;
  LeaderView leader() const override;
  Index persisted_index() const override;
  const store::Identity& identity() const override { return identity_; }
  std::vector<NodeId> waiting_for() const override { return waiting; }
  bool connected(NodeId) const override { return true; }
  std::optional<QuorumView> quorum() const override { return leading ? quorum_view : std::nullopt; }
  net::awaitable<wire::MemberReply> administer(wire::MemberRequest request) override;
  void on_leader_change(std::function<void()> callback) override { leader_callback_ = std::move(callback); }
  void announce_presence(std::vector<std::uint64_t> accounts) override { announced = std::move(accounts); }
  std::vector<std::uint64_t> remote_presence() const override { return elsewhere; }
  const Pulse* pulse() const override { return pulse_view; }
  void announce_digest(Index index, const Digest& chain) override { digests_told.emplace_back(index, chain); }

  // -- the script -----------------------------------------------------------------------------------------------
  void stop();
  void begin(net::Clock& clock);  // of a machine's life: all that is committed is handed out (again)
  void commit_all();
  void commit_through(Index index);
  void lose_uncommitted();                  // as a new leader that never had them does
  void new_term(bool known_leader = true);  // and its no-op, committed at once
  void no_leader();
  Index last() const { return Index{log_.size()}; }
  Index applied() const { return applied_; }
  Index append(SharedBytes command);  // by somebody else; committed like all others
  void append_configuration(raft::Configuration configuration);

  const Pulse* pulse_view = nullptr;
  bool commit_at_once = true;
  bool leading = true;
  bool answers_reads = true;   // else nobody confirms them, whoever leads
  std::optional<Index> persisted;           // empty: all
  std::deque<Submitted::Outcome> outcomes;  // of the next submissions; then `proposed`
  bool append_when_unknown = false;         // outcome `unknown`: was it appended all the same?
  Duration submit_delay{0};
  std::vector<NodeId> waiting;
  std::optional<QuorumView> quorum_view;
  std::vector<wire::MemberRequest> administered;   // all that came
  wire::MemberReply member_reply;
  std::vector<std::uint64_t> announced;
  std::vector<std::pair<Index, Digest>> digests_told;
  std::vector<std::uint64_t> elsewhere;
  std::vector<SharedBytes> submitted;  // all that came, in order

 private:
  void told_leader();

  net::Clock* clock_ = nullptr;
  store::Identity identity_;
  std::unique_ptr<net::Alarm> alarm_;
  std::unique_ptr<net::Alarm> delay_;
  std::function<void()> leader_callback_;
  std::vector<raft::Entry> log_;
  Index committed_;
  Index handed_out_;
  Index applied_;
  Term term_{1};
  TimePoint leader_heard_{};
  bool stopped_ = false;
};

}  // namespace parley::node::test
