#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "cli/client_core.hpp"
#include "net/spawn.hpp"

namespace parley::cli {
namespace {

constexpr milliseconds driver_period{1000};          // how often a connection is looked at when nothing rings
constexpr milliseconds settled_after{1000};          // a connection lost sooner counts as a failure of the node
constexpr milliseconds move_patience{500};           // for a call that must not be repeated, before moving anyway
constexpr unsigned patient_moves_max = 8;            // patience grows no further

}  // namespace

Client::Core::Core(ClientSeams seams, std::vector<std::string> servers, ClientOptions options, Observer& observer,
                   std::unique_ptr<OutboxStore> store)
    : seams_(seams),
      options_(std::move(options)),
      observer_(observer),
      random_(seams_.entropy.u64()),
      servers_(std::move(servers), options_, random_.fork()),
      driver_alarm_(seams_.clock.make_alarm()),
      read_alarm_(seams_.clock.make_alarm()),
      write_alarm_(seams_.clock.make_alarm()),
      outbox_(options_.outbox_max, options_.outbox_bytes_max),
      feed_(options_.held_messages_max) {
  load(std::move(store));
  if (options_.cursor) feed_.place(*options_.cursor);
}

awaitable<void> Client::Core::run() {
  net::spawn(seams_.executor, counted(read_loop()));
  net::spawn(seams_.executor, counted(write_loop()));
  co_await failover_loop();
  while (loops_running_ > 0) co_await driver_alarm_->wait_until(never);
}

awaitable<void> Client::Core::counted(awaitable<void> loop) {
  ++loops_running_;
  co_await std::move(loop);
  --loops_running_;
  wake_driver();
}

// Look; nothing to do: wait and look again; else do it.
awaitable<void> Client::Core::failover_loop() {
  while (!stopping_) {
    const bool rolls = rollover_ != Rollover::none;
    if (!link_) {
      co_await connect_next();
    } else if (state_.phase != Phase::ready) {
      co_await join();
    } else if (rolls && !put_off()) {
      co_await roll_over();
    } else if (!rolls && session_.client == 0 && !outbox_.empty() && seams_.clock.now() >= session_retry_at_) {
      co_await open_session();
    } else if (!rolls && sync_wanted_ && !put_off()) {
      co_await synchronise();
    } else {   // also while any of that is put off: the node may be cut off, and is left then
      driver_rung_ = false;
      const TimePoint wake = look_after_link();
      co_await driver_waits_until(wake);
    }
  }
}

// What rang while the driver was looking must not be lost: then it looks again at once.
awaitable<void> Client::Core::driver_waits_until(TimePoint time) {
  if (driver_rung_ || stopping_) co_return;
  driver_wakes_at_ = time;
  co_await driver_alarm_->wait_until(time);
  driver_wakes_at_ = never;
}

void Client::Core::wake_driver() {
  driver_rung_ = true;
  driver_alarm_->ring();
}

awaitable<void> Client::Core::connect_next() {
  const TimePoint now = seams_.clock.now();
  driver_rung_ = false;
  const TimePoint calls_wake = look_after_calls(now);
  if (now < retry_at_) {
    co_await driver_waits_until(std::min(retry_at_, calls_wake));
    co_return;
  }
  state_.address = servers_.next();
  state_.node = 0;
  set_phase(Phase::connecting, state_.detail);
  std::string address = state_.address;
  const TimePoint deadline = now + options_.connect_timeout;
  net::ConnectResult result = co_await seams_.network.connect(net::Transport::client, std::move(address), deadline);
  if (stopping_) co_return;   // `result` closes what it holds
  if (!result.connection) {
    retry_at_ = seams_.clock.now() + servers_.failed(state_.address, seams_.clock.now());
    set_phase(Phase::disconnected, result.detail.empty() ? state_.address + " can't be reached" : result.detail);
    co_return;
  }
  link_ = std::move(result.connection);
  heard_at_ = seams_.clock.now();
  pinged_at_ = never;
  waits_since_ = never;
  feed_.hold();
  set_phase(Phase::joining);
  read_alarm_->ring();
  write_alarm_->ring();
}

// What time brings to a connection that works. Returns when to look again.
TimePoint Client::Core::look_after_link() {
  const TimePoint now = seams_.clock.now();
  TimePoint wake = std::min(now + driver_period, look_after_calls(now));
  if (now - ready_since_ >= settled_after) servers_.succeeded();
  if (give_up_silent_node(now, wake) || move_to_leader(now, wake)) return now;
  if (leave_leaderless_node(now, wake) || leave_useless_node(now, wake)) return now;
  if (hold_until_ > now) {
    wake = std::min(wake, hold_until_);
  } else {
    pump();
  }
  const bool rolls = rollover_ != Rollover::none;   // before anything else
  if (!rolls && session_.client == 0 && !outbox_.empty()) wake = std::min(wake, std::max(session_retry_at_, now));
  if (sync_wanted_ || rolls) wake = std::min(wake, std::max(put_off_until_, now));
  return wake;
}

// One that talks but leaves a request unanswered, and one that says nothing at all.
bool Client::Core::give_up_silent_node(TimePoint now, TimePoint& wake) {
  if (pinged_at_ == never && time_to_ping() <= now) {
    pinged_at_ = now;
    begin_ask("ping", {});
  }
  const bool owes = !in_flight_.empty();
  const TimePoint answer_due = owes ? in_flight_.begin()->second.sent_at + options_.answer_timeout : never;
  const TimePoint word_due = pinged_at_ == never ? never : pinged_at_ + options_.ping_timeout;
  if (answer_due <= now || word_due <= now) {
    const milliseconds waited = answer_due <= now ? options_.answer_timeout : options_.ping_timeout;
    lose_link(state_.address + " has not answered for " + std::to_string(waited.count()) + " ms", Loss::failed);
    return true;
  }
  wake = std::min({wake, answer_due, word_due, pinged_at_ == never ? time_to_ping() : never});
  return false;
}

TimePoint Client::Core::time_to_ping() const {
  const TimePoint idle = heard_at_ + options_.ping_after;
  if (in_flight_.empty()) return idle;
  const TimePoint asked_or_heard = std::max(heard_at_, in_flight_.begin()->second.sent_at);
  return std::min(idle, asked_or_heard + options_.ping_after_request);
}

bool Client::Core::move_to_leader(TimePoint now, TimePoint& wake) {
  if (move_at_ == never) return false;
  const bool there = leader_.node == 0 || leader_.node == state_.node;
  if (there || !options_.follow_leader || !servers_.worth_moving_to(leader_.address, now)) {
    move_at_ = never;
    return false;
  }
  const bool busy = unrepeatable_call_under_way() && now < move_at_ + move_patience;
  if (now < move_at_ || busy) {
    wake = std::min(wake, busy ? move_at_ + move_patience : move_at_);
    return false;
  }
  servers_.prefer(leader_.address);
  lose_link("moving to the leader, node " + std::to_string(leader_.node), Loss::meant);
  return true;
}

// A node that a partition cut off knows no leader; others may know one. With every further move patience grows.
bool Client::Core::leave_leaderless_node(TimePoint now, TimePoint& wake) {
  if (leader_.node != 0 || !options_.follow_leader || servers_.known().size() < 2) return false;
  const TimePoint time = leader_unknown_since_ + options_.no_leader_patience * (1 + leaderless_moves_);
  return leave_at(time, leaderless_moves_, " knows no leader: asking another node", now, wake);
}

// A leader that is cut off with half of the voters stays one (R2), says so, and can carry out nothing; the others may
// have another one. A node whose archive is damaged and that nobody fills can't say what was missed. With every further
// move patience grows, as above.
bool Client::Core::leave_useless_node(TimePoint now, TimePoint& wake) {
  const bool waits = !outbox_.empty() || sync_wanted_;
  if (!waits || !options_.follow_leader || servers_.known().size() < 2) {
    waits_since_ = never;
    return false;
  }
  if (waits_since_ == never) waits_since_ = now;
  const TimePoint time = waits_since_ + options_.no_outcome_patience * (1 + useless_moves_);
  return leave_at(time, useless_moves_, " carries out nothing: asking another node", now, wake);
}

bool Client::Core::leave_at(TimePoint time, unsigned& moves, const char* why, TimePoint now, TimePoint& wake) {
  if (now < time) {
    wake = std::min(wake, time);
    return false;
  }
  if (moves < patient_moves_max) ++moves;
  servers_.lost(state_.address);
  lose_link(state_.address + why, Loss::meant);
  return true;
}

bool Client::Core::unrepeatable_call_under_way() const {
  return std::any_of(calls_.begin(), calls_.end(),
                     [](const auto& entry) { return entry.second.sent && !entry.second.repeatable; });
}

// The one place where a connection ends. Everything unanswered is unsent again; callbacks come last.
void Client::Core::lose_link(const std::string& reason, Loss loss) {
  if (!link_) return;
  const TimePoint now = seams_.clock.now();
  const bool was_settled = state_.phase == Phase::ready && now - ready_since_ >= settled_after;
  if (loss == Loss::broke && !was_settled) loss = Loss::failed;
  link_->close();
  link_.reset();
  attached_ = logged_in_ = sync_wanted_ = false;
  put_off_until_ = {};
  move_at_ = never;
  outgoing_.clear();
  outbox_.rewind_all();
  hold_until_ = {};
  feed_.hold();
  retry_at_ = now;
  if (loss == Loss::broke) retry_at_ += servers_.lost(state_.address);
  if (loss == Loss::failed) retry_at_ += servers_.failed(state_.address, now);
  for (auto& [rpc_id, in_flight] : std::exchange(in_flight_, {})) {
    if (!in_flight.ask) continue;
    in_flight.ask->lost = true;
    in_flight.ask->alarm->ring();
  }
  std::vector<std::uint64_t> broken;
  for (auto& [key, call] : calls_) {
    if (!std::exchange(call.sent, false)) continue;
    if (!call.repeatable) broken.push_back(key);
  }
  set_phase(stopping_ ? Phase::stopped : Phase::disconnected, reason);
  for (const auto key : broken) {
    finish_call(key, Outcome::make_local(Outcome::Kind::unknown, "connection_lost",
                                         "the connection broke before the answer came: " + reason));
  }
  write_alarm_->ring();
  wake_driver();
}

void Client::Core::set_phase(Phase phase, std::string detail) {
  state_.phase = phase;
  state_.detail = std::move(detail);
  observer_.on_connection(state_);
  ring_watchers();
}

void Client::Core::set_leader(std::uint32_t node, std::string address, std::uint64_t term) {
  const bool changed = node != leader_.node || address != leader_.address;
  if (node == 0 && leader_.node != 0) leader_unknown_since_ = seams_.clock.now();
  if (node != 0) leaderless_moves_ = 0;
  leader_.node = node;
  leader_.address = std::move(address);
  leader_.term = term;
  if (changed) observer_.on_leader(leader_);
}

awaitable<void> Client::Core::pause(milliseconds time) {
  const TimePoint until = seams_.clock.now() + time;
  while (!stopping_ && link_ && seams_.clock.now() < until) co_await driver_alarm_->wait_until(until);
}

void Client::Core::stop() {
  if (stopping_) return;
  stopping_ = true;
  lose_link("stopped");
  if (state_.phase != Phase::stopped) set_phase(Phase::stopped, "stopped");
  while (!calls_.empty()) {
    finish_call(calls_.begin()->first, Outcome::make_local(Outcome::Kind::unknown, "stopped", "the client stopped"));
  }
  const auto kind = store_->durable() ? Outcome::Kind::pending : Outcome::Kind::unknown;
  for (auto& [sequence, entry] : outbox_.entries()) {
    if (auto then = std::exchange(entry.then, nullptr))
      then(Outcome::make_local(kind, "stopped", "the client stopped before the answer came"));
  }
  ring_watchers();
  read_alarm_->ring();
  write_alarm_->ring();
  wake_driver();
}

void Client::Core::ring_watchers() {
  std::erase_if(watchers_, [](const auto& watcher) { return watcher.expired(); });
  for (const auto& watcher : watchers_) {
    if (const auto alarm = watcher.lock()) alarm->ring();
  }
}

awaitable<bool> Client::Core::drained(TimePoint deadline) {
  const std::shared_ptr<net::Alarm> alarm = seams_.clock.make_alarm();
  watchers_.push_back(alarm);
  while (!outbox_.empty() && !stopping_ && seams_.clock.now() < deadline) co_await alarm->wait_until(deadline);
  co_return outbox_.empty();
}

awaitable<bool> Client::Core::ready(TimePoint deadline) {
  const std::shared_ptr<net::Alarm> alarm = seams_.clock.make_alarm();
  watchers_.push_back(alarm);
  while (state_.phase != Phase::ready && !stopping_ && seams_.clock.now() < deadline)
    co_await alarm->wait_until(deadline);
  co_return state_.phase == Phase::ready;
}

}  // namespace parley::cli
