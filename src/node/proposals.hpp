#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/command.hpp"
#include "node/applier.hpp"
#include "node/limits.hpp"
#include "node/machine_tasks.hpp"
#include "node/replication.hpp"
#include "node/seams.hpp"

namespace parley::node {

// What became of a request, in the terms of docs/PROTOCOL.md section 2.
struct Settled {
  enum class Kind : std::uint8_t {
    replied,   // carried out, as yes or as no: `reply`
    later,     // it did not and will not happen
    unknown,   // it may have happened, or still happen
    too_large  // it can't ever happen
  };
  Kind kind = Kind::unknown;
  chat::Reply reply;
  std::string_view reason;      // later, unknown: "busy", "disk_full", "no_leader", "leadership_lost"
  milliseconds retry_after{0};  // later

  static Settled with(chat::Reply reply) { return Settled{Kind::replied, std::move(reply), {}, {}}; }
  static Settled later(std::string_view reason, milliseconds retry_after) {
    return Settled{Kind::later, {}, reason, retry_after};
  }
};

// A request made ready to be proposed; or why it can't be now (`later` only).
using Prepared = std::variant<chat::Request, Settled>;
// What takes a while before a request can be proposed: a password hash, facts about old messages. Called again when
// apply says look_again (R17).
using Prepare = std::function<net::awaitable<Prepared>()>;

// One sequenced request as a session hands it over.
struct Ask {
  chat::ClientId client;
  chat::Sequence sequence;
  chat::Sequence first_outstanding;
  Digest payload;
  std::optional<chat::LoginId> login;
  bool by_operator = false;
  std::variant<chat::Request, Prepare> request;
};

// The requests under way on this node: from the session to the leader's log, until apply says what they came to.
//
// Per client session there is a lane: its requests reach the log in the order of their numbers (R15 refuses gaps), so
// the next is handed to the leader only after the one before has its place in the leader's log. They are then all
// under way at once. A request is settled by the entry that carries its (client, sequence), wherever it was proposed.
// An entry id that can't be committed any more (an entry of a later term was applied) is lost: the request goes to the
// leader again, which is harmless (R15). All that as long as request_timeout lasts; then the honest outcome is said.
class Proposals final : public ApplyListener {
 public:
  using Done = std::function<void(const Settled&)>;

  Proposals(Seams seams, Tasks& tasks);
  ~Proposals() override;

  void start(Replication& replication);
  net::awaitable<void> deadline_loop();

  // Calls `done` once, maybe before it returns. The same number with the same payload joins the one under way.
  void submit(Ask ask, Done done);

  // Unsequenced (OpenClient, Markers): proposing it twice does no harm.
  net::awaitable<Settled> propose(chat::Command command);

  void leader_changed();
  void stop();  // settles everything that is under way

  std::size_t pending() const { return pending_; }
  std::uint64_t resubmitted() const { return resubmitted_; }

  void applied(const raft::Entry& entry, const chat::Command* command, const chat::Effects& effects) override;

 private:
  struct Ticket;
  struct Lane;
  struct Solo;  // an unsequenced one
  using TicketPtr = std::shared_ptr<Ticket>;
  using LanePtr = std::shared_ptr<Lane>;
  using SoloPtr = std::shared_ptr<Solo>;

  net::awaitable<void> prepare(TicketPtr ticket);
  net::awaitable<void> lane_loop(LanePtr lane);
  net::awaitable<Settled> solo_loop(SoloPtr solo, SharedBytes command);
  void make_ready(Ticket& ticket, chat::Request request);
  TicketPtr next_ready(const Lane& lane) const;
  void submitted(Lane& lane, const TicketPtr& ticket, const Submitted& outcome);
  void again(const TicketPtr& ticket);
  void settle(TicketPtr ticket, const Settled& outcome);
  void settle_by_number(const chat::Sequenced& command, const chat::Reply& reply);
  void settle_by_entry(const TicketPtr& ticket, const std::optional<chat::Reply>& reply);
  void give_up_behind(Lane& lane, chat::Sequence sequence, const Settled& settled);
  Settled expired(const Ticket& ticket) const;

  Seams seams_;
  Tasks& tasks_;
  Replication* replication_ = nullptr;
  std::map<chat::ClientId, LanePtr> lanes_;
  struct Waiting {  // exactly one of them
    TicketPtr ticket;
    SoloPtr solo;
  };
  std::map<raft::EntryId, Waiting> proposed_;  // term first: the front is what can be lost first
  std::deque<std::pair<TimePoint, std::weak_ptr<Ticket>>> deadlines_;  // all have the same timeout: in order
  std::deque<std::pair<raft::EntryId, chat::Reply>> opened_;  // the last OpenClient replies: the answer to submit()
                                                              // may come after the entry was applied
  std::vector<SoloPtr> solos_;
  std::unique_ptr<net::Alarm> deadline_alarm_;
  raft::EntryId applied_;
  std::size_t pending_ = 0;
  std::uint64_t resubmitted_ = 0;
  bool stopping_ = false;
};

}  // namespace parley::node
