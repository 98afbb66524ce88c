#include "node/proposals.hpp"

#include <algorithm>

#include "base/mutant.hpp"
#include "wire/command_codec.hpp"

namespace parley::node {
namespace {

constexpr std::size_t opened_kept = 256;

// Refusals and successes use the number up; the others say that nothing was carried out.
bool is_final(chat::Code code) { return code < chat::Code::look_again; }

}  // namespace

struct Proposals::Ticket {
  Ask ask;
  std::vector<Done> waiters;
  enum class Stage : std::uint8_t { preparing, ready, submitting, proposed, settled } stage = Stage::preparing;
  SharedBytes command;      // from ready on
  raft::EntryId entry;      // proposed
  bool maybe = false;       // a copy may be in some log under an id that nobody told us
  bool leader_met = false;  // a leader was known during the last attempt
  bool disk_full = false;   // and it had no space for more
  std::size_t looks = 0;
};

struct Proposals::Lane {
  chat::ClientId client;
  std::map<chat::Sequence, TicketPtr> tickets;  // not settled
  std::unique_ptr<net::Alarm> alarm;
  TimePoint not_before = long_ago;  // the next attempt
};

struct Proposals::Solo {
  std::unique_ptr<net::Alarm> alarm;
  std::optional<Settled> settled;
  bool lost = false;
};

Proposals::Proposals(Seams seams, Tasks& tasks)
    : seams_(seams), tasks_(tasks), deadline_alarm_(seams_.clock.make_alarm()) {}

Proposals::~Proposals() = default;

void Proposals::start(Replication& replication) { replication_ = &replication; }

// -- in ---------------------------------------------------------------------------------------------------------

void Proposals::submit(Ask ask, Done done) {
  if (stopping_ || !replication_) return done(Settled::later("no_leader", retry_after_no_leader));
  const auto client = ask.client;
  const auto found = lanes_.find(client);
  if (found != lanes_.end()) {
    const auto same = found->second->tickets.find(ask.sequence);
    if (same != found->second->tickets.end()) {
      if (same->second->ask.payload == ask.payload) {
        same->second->waiters.push_back(std::move(done));
        return;
      }
      // Which of the two has the number, only apply says (R15): that one may lose it to this one, on another node.
      return done(Settled::later("busy", retry_after_busy));
    }
  }
  if (pending_ >= proposals_max) return done(Settled::later("busy", retry_after_busy));

  auto ticket = std::make_shared<Ticket>();
  ticket->ask = std::move(ask);
  ticket->waiters.push_back(std::move(done));
  ++pending_;
  while (!deadlines_.empty() && deadlines_.front().second.expired()) deadlines_.pop_front();
  const bool was_idle = deadlines_.empty();
  deadlines_.emplace_back(seams_.clock.now() + request_timeout, ticket);
  if (was_idle) deadline_alarm_->ring();

  auto& lane = lanes_[client];
  const bool new_lane = lane == nullptr;
  if (new_lane) {
    lane = std::make_shared<Lane>();
    lane->client = client;
    lane->alarm = seams_.clock.make_alarm();
  }
  lane->tickets.emplace(ticket->ask.sequence, ticket);
  if (auto* request = std::get_if<chat::Request>(&ticket->ask.request)) {
    make_ready(*ticket, std::move(*request));
  } else {
    tasks_.spawn(prepare(ticket));
  }
  if (new_lane) {
    tasks_.spawn(lane_loop(lane));
  } else {
    lane->alarm->ring();
  }
}

void Proposals::make_ready(Ticket& ticket, chat::Request request) {
  chat::Sequenced sequenced;
  sequenced.client = ticket.ask.client;
  sequenced.sequence = ticket.ask.sequence;
  sequenced.first_outstanding = ticket.ask.first_outstanding;
  sequenced.payload = ticket.ask.payload;
  sequenced.login = ticket.ask.login;
  sequenced.by_operator = ticket.ask.by_operator;
  sequenced.request = std::move(request);
  ticket.command = SharedBytes(wire::encode(chat::Command{std::move(sequenced)}));
  ticket.stage = Ticket::Stage::ready;
}

net::awaitable<void> Proposals::prepare(TicketPtr ticket) {
  const auto& make = std::get<Prepare>(ticket->ask.request);
  auto prepared = co_await make();
  if (ticket->stage != Ticket::Stage::preparing) co_return;
  if (auto* request = std::get_if<chat::Request>(&prepared)) {
    make_ready(*ticket, std::move(*request));
    if (const auto lane = lanes_.find(ticket->ask.client); lane != lanes_.end()) lane->second->alarm->ring();
  } else {
    settle(ticket, std::get<Settled>(prepared));
  }
}

// -- to the leader ----------------------------------------------------------------------------------------------

net::awaitable<void> Proposals::lane_loop(LanePtr lane) {
  while (!lane->tickets.empty()) {
    const auto ticket = next_ready(*lane);
    if (!ticket) {
      co_await lane->alarm->wait_until(never);
    } else if (seams_.clock.now() < lane->not_before) {
      co_await lane->alarm->wait_until(lane->not_before);
    } else {
      ticket->stage = Ticket::Stage::submitting;
      const auto outcome = co_await replication_->submit(ticket->command);
      submitted(*lane, ticket, outcome);
    }
  }
  lanes_.erase(lane->client);
}

// The lowest number that has no place in a log yet; nothing while it is still being prepared, so that none overtakes.
Proposals::TicketPtr Proposals::next_ready(const Lane& lane) const {
  for (const auto& [sequence, ticket] : lane.tickets) {
    if (ticket->stage == Ticket::Stage::proposed) continue;
    return ticket->stage == Ticket::Stage::ready ? ticket : nullptr;
  }
  return nullptr;
}

void Proposals::submitted(Lane& lane, const TicketPtr& ticket, const Submitted& outcome) {
  const auto now = seams_.clock.now();
  if (outcome.outcome == Submitted::Outcome::unknown) ticket->maybe = true;
  if (ticket->stage != Ticket::Stage::submitting) return;  // settled meanwhile: applied already, or out of time
  ticket->stage = Ticket::Stage::ready;
  ticket->leader_met = outcome.outcome != Submitted::Outcome::no_leader;
  ticket->disk_full = outcome.outcome == Submitted::Outcome::disk_full;
  switch (outcome.outcome) {
    case Submitted::Outcome::proposed:
      if (outcome.entry <= applied_) {
        // Applied before we were told its name, and not as an answer to this number: again, after the others.
        ++resubmitted_;
        return;
      }
      ticket->stage = Ticket::Stage::proposed;
      ticket->entry = outcome.entry;
      proposed_[outcome.entry] = Waiting{ticket, nullptr};
      return;
    case Submitted::Outcome::no_leader:
      lane.not_before = now + leader_poll;
      return;
    case Submitted::Outcome::busy:
    case Submitted::Outcome::disk_full:   // another one may lead in a moment
    case Submitted::Outcome::unknown:
      lane.not_before = now + submit_retry;
      return;
    case Submitted::Outcome::too_large:
      settle(ticket, Settled{Settled::Kind::too_large, {}, {}, {}});
      return;
  }
}

void Proposals::leader_changed() {
  for (auto& [client, lane] : lanes_) {
    lane->not_before = long_ago;
    lane->alarm->ring();
  }
  for (auto& solo : solos_) solo->alarm->ring();
}

// -- out --------------------------------------------------------------------------------------------------------

void Proposals::applied(const raft::Entry& entry, const chat::Command* command, const chat::Effects& effects) {
  applied_ = entry.id;
  if (command && effects.reply) {
    if (const auto* sequenced = std::get_if<chat::Sequenced>(command)) {
      if (is_final(effects.reply->code)) settle_by_number(*sequenced, *effects.reply);
    } else if (std::holds_alternative<chat::OpenClient>(*command)) {
      opened_.emplace_back(entry.id, *effects.reply);
      if (opened_.size() > opened_kept) opened_.pop_front();
    }
  }
  // Terms never fall along the log: what was proposed in an earlier term and is not there by now never will be.
  while (!proposed_.empty() && proposed_.begin()->first <= entry.id) {
    const bool is_this = proposed_.begin()->first == entry.id;
    auto waiting = std::move(proposed_.begin()->second);
    proposed_.erase(proposed_.begin());
    if (waiting.solo) {
      waiting.solo->lost = !is_this;
      if (is_this) waiting.solo->settled = Settled::with(effects.reply.value_or(chat::Reply{}));
      waiting.solo->alarm->ring();
    } else if (is_this) {
      settle_by_entry(waiting.ticket, effects.reply);
    } else if (PARLEY_MUTANT(answers_for_a_truncated_entry)) {
      settle(waiting.ticket, Settled::with(chat::Reply{}));
    } else {
      again(waiting.ticket);
    }
  }
}

void Proposals::settle_by_number(const chat::Sequenced& command, const chat::Reply& reply) {
  const auto lane = lanes_.find(command.client);
  if (lane == lanes_.end()) return;
  const auto found = lane->second->tickets.find(command.sequence);
  if (found == lane->second->tickets.end() || found->second->ask.payload != command.payload) return;
  settle(found->second, Settled::with(reply));
}

// Its own entry was applied and did not carry it out.
void Proposals::settle_by_entry(const TicketPtr& ticket, const std::optional<chat::Reply>& reply) {
  if (ticket->stage == Ticket::Stage::settled) return;
  if (!reply) return again(ticket);
  if (reply->code == chat::Code::look_again) {
    if (++ticket->looks > look_again_max) return settle(ticket, Settled::later("busy", retry_after_busy));
    if (!std::holds_alternative<Prepare>(ticket->ask.request)) return again(ticket);
    ticket->stage = Ticket::Stage::preparing;
    tasks_.spawn(prepare(ticket));
    return;
  }
  if (reply->code == chat::Code::wrong_sequence) {
    // One before it lost its place in the log when the leader changed and is on its way again: it goes after that.
    const auto& tickets = lanes_.at(ticket->ask.client)->tickets;
    const chat::Sequence expected{reply->number.value};
    if (expected < ticket->ask.sequence && tickets.contains(expected)) return again(ticket);
  }
  settle(ticket, Settled::with(*reply));
}

void Proposals::again(const TicketPtr& ticket) {
  if (ticket->stage == Ticket::Stage::settled) return;
  ++resubmitted_;
  ticket->stage = Ticket::Stage::ready;
  if (const auto lane = lanes_.find(ticket->ask.client); lane != lanes_.end()) lane->second->alarm->ring();
}

void Proposals::settle(TicketPtr ticket, const Settled& outcome) {
  if (ticket->stage == Ticket::Stage::settled) return;
  // Whatever keeps this attempt from being proposed, an earlier copy may be on its way: `later` would deny that.
  const bool doubtful = outcome.kind == Settled::Kind::later && ticket->maybe;
  const auto settled = doubtful ? Settled{Settled::Kind::unknown, {}, "leadership_lost", {}} : outcome;
  if (ticket->stage == Ticket::Stage::proposed) proposed_.erase(ticket->entry);
  ticket->stage = Ticket::Stage::settled;
  --pending_;
  const auto lane = lanes_.find(ticket->ask.client);
  if (lane != lanes_.end()) {
    lane->second->tickets.erase(ticket->ask.sequence);
    lane->second->alarm->ring();
    if (settled.kind != Settled::Kind::replied) give_up_behind(*lane->second, ticket->ask.sequence, settled);
  }
  const auto waiters = std::move(ticket->waiters);
  for (const auto& done : waiters) done(settled);
}

// A number that is not carried out leaves a gap, so those behind it that have not been handed over can't be carried
// out either: they are told the same at once, instead of travelling to be refused.
void Proposals::give_up_behind(Lane& lane, chat::Sequence sequence, const Settled& settled) {
  if (settled.kind != Settled::Kind::later) return;
  std::vector<TicketPtr> behind;
  for (auto it = lane.tickets.upper_bound(sequence); it != lane.tickets.end(); ++it) {
    const auto& ticket = it->second;
    const bool untouched = ticket->stage == Ticket::Stage::ready || ticket->stage == Ticket::Stage::preparing;
    if (untouched && !ticket->maybe) behind.push_back(ticket);
  }
  for (const auto& ticket : behind) settle(ticket, settled);
}

// -- time -------------------------------------------------------------------------------------------------------

net::awaitable<void> Proposals::deadline_loop() {
  while (!stopping_) {
    const auto now = seams_.clock.now();
    while (!deadlines_.empty() && (deadlines_.front().first <= now || deadlines_.front().second.expired())) {
      const auto ticket = deadlines_.front().second.lock();
      deadlines_.pop_front();
      if (ticket && ticket->stage != Ticket::Stage::settled) settle(ticket, expired(*ticket));
    }
    auto next = never;
    if (!deadlines_.empty()) next = deadlines_.front().first;
    co_await deadline_alarm_->wait_until(next);
  }
}

// `later` only if no copy of it is in any log, nor on the way to one.
Settled Proposals::expired(const Ticket& ticket) const {
  const bool on_its_way = ticket.stage == Ticket::Stage::submitting || ticket.stage == Ticket::Stage::proposed;
  if (ticket.maybe || on_its_way) return Settled{Settled::Kind::unknown, {}, "leadership_lost", {}};
  if (ticket.disk_full) return Settled::later("disk_full", retry_after_disk_full);
  if (ticket.leader_met || ticket.stage == Ticket::Stage::preparing) return Settled::later("busy", retry_after_busy);
  return Settled::later("no_leader", retry_after_no_leader);
}

void Proposals::stop() {
  if (stopping_) return;
  stopping_ = true;
  deadline_alarm_->ring();
  std::vector<TicketPtr> left;
  for (auto& [client, lane] : lanes_) {
    for (auto& [sequence, ticket] : lane->tickets) left.push_back(ticket);
  }
  for (const auto& ticket : left) settle(ticket, expired(*ticket));
  for (auto& solo : solos_) solo->alarm->ring();
}

// -- unsequenced ------------------------------------------------------------------------------------------------

net::awaitable<Settled> Proposals::propose(chat::Command command) {
  if (stopping_ || !replication_) co_return Settled::later("no_leader", retry_after_no_leader);
  if (pending_ >= proposals_max) co_return Settled::later("busy", retry_after_busy);
  auto solo = std::make_shared<Solo>();
  solo->alarm = seams_.clock.make_alarm();
  solos_.push_back(solo);
  ++pending_;
  SharedBytes bytes(wire::encode(command));
  const auto settled = co_await solo_loop(solo, std::move(bytes));
  --pending_;
  std::erase(solos_, solo);
  co_return settled;
}

net::awaitable<Settled> Proposals::solo_loop(SoloPtr solo, SharedBytes command) {
  const auto deadline = seams_.clock.now() + request_timeout;
  bool maybe = false;
  bool disk_full = false;
  while (!stopping_ && seams_.clock.now() < deadline) {
    const auto outcome = co_await replication_->submit(command);
    if (outcome.outcome == Submitted::Outcome::too_large) co_return Settled{Settled::Kind::too_large, {}, {}, {}};
    if (outcome.outcome == Submitted::Outcome::unknown) maybe = true;
    disk_full = outcome.outcome == Submitted::Outcome::disk_full;
    if (outcome.outcome != Submitted::Outcome::proposed) {
      co_await solo->alarm->wait_until(std::min(deadline, seams_.clock.now() + leader_poll));
      continue;
    }
    for (const auto& [entry, reply] : opened_) {
      if (entry == outcome.entry) co_return Settled::with(reply);
    }
    if (outcome.entry <= applied_) continue;  // gone by: again, it does no harm
    solo->lost = false;
    proposed_[outcome.entry] = Waiting{nullptr, solo};
    while (!solo->settled && !solo->lost && !stopping_ && seams_.clock.now() < deadline) {
      co_await solo->alarm->wait_until(deadline);
    }
    if (solo->settled) co_return *solo->settled;
    if (solo->lost) continue;
    proposed_.erase(outcome.entry);
    maybe = true;
  }
  if (maybe) co_return Settled{Settled::Kind::unknown, {}, "leadership_lost", {}};
  if (disk_full) co_return Settled::later("disk_full", retry_after_disk_full);
  co_return Settled::later("no_leader", retry_after_no_leader);
}

}  // namespace parley::node
