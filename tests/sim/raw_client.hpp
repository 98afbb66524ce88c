#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/cluster.hpp"
#include "sim/faults.hpp"
#include "sim/history.hpp"
#include "sim/raw_link.hpp"

namespace parley::sim {

// A request of the protocol as it goes to one node.
struct RawRequest {
  std::string method;
  cli::json::object params;                // without "seq" and "first"
  std::uint64_t sequence = 0;              // 0: not sequenced
  std::uint64_t first = 0;                 // 0: as the client session has it
  std::uint64_t operation = no_operation;
  int wanted_code = 0;                     // nonsense: as in RawExchange
  Duration patience{};                     // for the answer; 0: as usual
  bool gives_up = false;                   // when the client session is over: not asked for under a new one
};

// Speaks the protocol by hand (docs/PROTOCOL.md), with a connection to each node, and misbehaves within it when it is
// told to: asks again here and elsewhere, gives a number twice, comes back with stale cursors and ended logins. Between
// two such episodes it does nothing. Everything goes into the history's RawHistory; what it sends is an Operation too.
class RawClient {
 public:
  RawClient(SimCluster& cluster, Host host, std::string name, std::uint64_t seed, History& history);
  ~RawClient();

  void arrive(std::string operator_token);   // given: raises login_idle_days first, so that logins outlive sessions
  bool tell(Fault episode, std::uint64_t seed);   // false: it has enough to do already
  void finish();                             // what is under way is brought to an end
  bool settled() const;
  std::string outstanding() const;
  const std::string& name() const { return name_; }

 private:
  struct Parts;
  struct Gather;                             // several questions at once
  using LinkPtr = std::shared_ptr<RawLink>;

  // raw_client.cpp: connections, questions, client sessions
  awaitable<void> live(std::string operator_token);
  awaitable<LinkPtr> link_to(std::uint32_t node);
  awaitable<LinkPtr> connect(std::uint32_t node);
  awaitable<void> introduce(LinkPtr link);
  awaitable<void> attach(LinkPtr link);
  awaitable<void> resume(LinkPtr link, std::string token);
  void note_login(const LinkPtr& link, const RawExchange& answer, const std::string& token);
  void log_in_link(const LinkPtr& link, const chat::LoginId& login);
  void log_out_link(const LinkPtr& link);
  awaitable<std::uint64_t> ask(std::uint32_t node, RawRequest request);           // its place in the exchanges
  awaitable<std::uint64_t> ask_over(LinkPtr link, RawRequest request);
  awaitable<void> ask_in(std::shared_ptr<Gather> gather, std::uint32_t node, RawRequest request);
  awaitable<void> ask_all(std::map<std::uint32_t, RawRequest> questions);         // at once, and awaits all
  awaitable<void> ask_everywhere(RawRequest request);
  awaitable<void> open_session();
  awaitable<std::uint64_t> carry_out(RawRequest request);                         // until its outcome is final
  awaitable<std::uint64_t> find_out(std::uint64_t client, std::uint64_t sequence);   // `outcome`, until it is told
  awaitable<void> pause(Duration time);
  RawExchange& begin(std::uint32_t node, const RawRequest& request, const RawLink& link);
  void take(RawExchange& exchange, const cli::json::object& response);
  RawExchange& exchange(std::uint64_t number) { return history_.raw().exchanges.at(number); }
  std::uint32_t some_node();                 // any; while it finishes, the one that answered last

  // raw_actions.cpp, raw_abuse.cpp: what it does
  awaitable<void> settle_in(std::string operator_token);
  awaitable<void> keep_logins(std::string token);
  awaitable<void> sign_up();
  awaitable<void> log_in();
  awaitable<bool> log_in_by(std::string token);
  awaitable<void> settle(RawRequest request);                                     // carries out a send
  awaitable<void> play(Fault episode);
  awaitable<void> retries();
  awaitable<void> conflicts();
  awaitable<void> gap();
  awaitable<void> disconnects();
  awaitable<void> outcomes();
  awaitable<void> cursors();
  awaitable<void> one_sync(std::uint64_t generation, std::uint64_t cursor);
  awaitable<void> revoked_tokens();
  awaitable<void> use_everywhere(std::string token);
  awaitable<void> nonsense();
  awaitable<void> one_nonsense(LinkPtr link, std::string text, int wanted_code);
  awaitable<void> dies();
  awaitable<void> ask_outcomes(std::uint64_t client, std::uint64_t sequence);
  RawRequest make_send();
  RawRequest under_the_same_number(const RawRequest& first);
  RawRequest numbered(std::string method, cli::json::object params);
  std::string make_token();
  void conclude(std::uint64_t operation, std::uint64_t exchange);

  SimCluster& cluster_;
  World& world_;
  Host host_;
  std::string name_;
  Random random_;
  History& history_;
  std::unique_ptr<Parts> parts_;
  std::map<std::uint32_t, LinkPtr> links_;

  struct Episode {
    Fault fault;
    std::uint64_t seed;
  };
  std::deque<Episode> episodes_;
  bool busy_ = true;                         // arriving is an episode too
  bool finishing_ = false;
  std::size_t turn_ = 0;
  std::uint32_t answers_ = 0;                // the node that gave the last final answer; 0: it gives none now

  std::string key_;                          // of the client session
  std::uint64_t client_ = 0;                 // 0: none
  std::uint64_t next_ = 1;                   // sequence
  bool expired_ = false;                     // a node said so
  std::deque<RawRequest> recent_;            // sends that were carried out in this client session
  std::string password_;
  std::string other_password_;               // one that it may have become
  std::string token_;                        // of its login; empty: none
  chat::AccountId account_;
  std::uint64_t texts_ = 0;
  std::uint64_t rpc_ids_ = 0;
  std::vector<std::uint64_t> cursors_;
};

}  // namespace parley::sim
