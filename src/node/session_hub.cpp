#include "node/session_hub.hpp"

#include <algorithm>
#include <utility>

#include "base/mutant.hpp"
#include "node/limits.hpp"
#include "node/session_notify.hpp"

namespace parley::node {
namespace {

constexpr milliseconds housekeeping_interval{1000};

bool is_loopback(const std::string& address) { return address == "::1" || address.starts_with("127."); }

}  // namespace

Sessions::Sessions(Seams seams, Tasks& tasks, const ClusterConfig& cluster, const Applier& applier)
    : seams_(seams),
      tasks_(tasks),
      cluster_(cluster),
      applier_(applier),
      housekeeping_alarm_(seams_.clock.make_alarm()) {}

// -- coming and going -------------------------------------------------------------------------------------------

net::awaitable<void> Sessions::accept_loop(net::Listener& listener, RequestHandler& handler) {
  for (;;) {
    auto connection = co_await listener.accept();
    if (!connection) co_return;
    const auto address = address_of(connection->remote());
    if (retiring_ || (full(address) && !make_room())) {
      tasks_.spawn(turn_away(std::move(connection)));
      continue;
    }
    auto session =
        std::make_shared<Session>(++last_number_, std::move(connection), seams_.clock, cluster_.session_outbox_max);
    sessions_.emplace(session->number(), session);
    ++by_address_[session->address()];
    tasks_.spawn(serve(session, handler));
    tasks_.spawn(Session::write_loop(session));
  }
}

bool Sessions::full(const std::string& address) const {
  if (sessions_.size() >= cluster_.sessions_max) return true;
  const auto same = by_address_.find(address);
  return same != by_address_.end() && same->second >= address_sessions_max && !is_loopback(address);
}

// Whoever has not logged in gives way when all places are taken, the oldest first, but not at once: so idle
// connections of strangers keep nobody out.
bool Sessions::make_room() {
  if (sessions_.size() < cluster_.sessions_max) return false;  // it is the address that has too many
  const auto now = seams_.clock.now();
  for (const auto& [number, session] : sessions_) {
    const bool stranger = session->account == chat::AccountId{} && !session->is_operator;
    if (!stranger || session->ended() || now < session->since() + stranger_stay) continue;
    session->end("too_many");
    return true;
  }
  return false;
}

net::awaitable<void> Sessions::turn_away(std::shared_ptr<net::Connection> connection) {
  std::string_view reason = "too_many";
  if (retiring_) reason = "node_stopping";
  std::string last = *closing_frame(reason);
  co_await connection->write(std::move(last));
  connection->close(reason);
}

net::awaitable<void> Sessions::serve(SessionPtr session, RequestHandler& handler) {
  co_await Session::read_loop(session, handler);
  leave(session);
}

void Sessions::leave(const SessionPtr& session) {
  log_out(session);
  if (session->reason() == "slow_reader") ++slow_readers_;
  sessions_.erase(session->number());
  const auto address = by_address_.find(session->address());
  if (address != by_address_.end() && --address->second == 0) by_address_.erase(address);
  if (stopping_) housekeeping_alarm_->ring();
}

void Sessions::log_in(const SessionPtr& session, const chat::LoginId& login, chat::AccountId account) {
  log_out(session);
  if (session->ended()) return;
  session->login = login;
  session->account = account;
  by_account_[account].push_back(session);
  if (presence_changed_) presence_changed_();
}

void Sessions::log_out(const SessionPtr& session) {
  if (session->account == chat::AccountId{}) return;
  const auto found = by_account_.find(session->account);
  if (found != by_account_.end()) {
    std::erase(found->second, session);
    if (found->second.empty()) by_account_.erase(found);
  }
  session->account = {};
  session->login.reset();
  if (presence_changed_) presence_changed_();
}

void Sessions::retire() {
  retiring_ = true;
  for (const auto& session : all()) session->retire("node_stopping");
}

bool Sessions::retired() const {
  return retiring_ && std::ranges::all_of(sessions_, [](const auto& entry) { return entry.second->ended(); });
}

void Sessions::stop() {
  retiring_ = stopping_ = true;
  for (const auto& session : all()) session->end("node_stopping");
  housekeeping_alarm_->ring();
}

net::awaitable<void> Sessions::housekeeping_loop() {
  while (!stopping_ || !sessions_.empty()) {
    const auto now = seams_.clock.now();
    for (const auto& session : all()) {
      const bool silent = !session->spoke() && now >= session->since() + hello_timeout;
      if (silent || now >= session->close_at()) session->hang_up();
    }
    co_await housekeeping_alarm_->wait_until(now + housekeeping_interval);
  }
}

std::vector<Sessions::SessionPtr> Sessions::all() const {
  std::vector<SessionPtr> result;
  result.reserve(sessions_.size());
  for (const auto& [number, session] : sessions_) result.push_back(session);
  return result;
}

std::vector<chat::AccountId> Sessions::accounts() const {
  std::vector<chat::AccountId> result;
  result.reserve(by_account_.size());
  for (const auto& [account, sessions] : by_account_) result.push_back(account);
  return result;
}

// -- what apply has to tell -------------------------------------------------------------------------------------

void Sessions::applied(const raft::Entry& entry, const chat::Command*, const chat::Effects& effects) {
  for (const auto& delivery : effects.deliveries) deliver(delivery, entry.id.index);
}

// Walks the shorter of the two: few are here of a big room, or few are meant of the many here.
std::vector<Sessions::SessionPtr> Sessions::present(const std::vector<chat::AccountId>& audience) const {
  std::vector<SessionPtr> result;
  const auto add = [&](const std::vector<SessionPtr>& sessions) {
    result.insert(result.end(), sessions.begin(), sessions.end());
  };
  if (audience.size() <= by_account_.size()) {
    for (const auto account : audience) {
      if (const auto found = by_account_.find(account); found != by_account_.end()) add(found->second);
    }
  } else {
    for (const auto& [account, sessions] : by_account_) {
      if (std::binary_search(audience.begin(), audience.end(), account)) add(sessions);
    }
  }
  return result;
}

void Sessions::deliver(const chat::Delivery& delivery, Index cursor) {
  if (const auto* ended = std::get_if<chat::LoginEnded>(&delivery.event)) return cut(*ended);
  const auto sessions = present(delivery.audience);
  if (sessions.empty() || (cursor.value % 32 == 0 && PARLEY_MUTANT(skips_a_delivery))) return;
  if (const auto* message = std::get_if<chat::MessageChanged>(&delivery.event)) {
    deliver_message(sessions, *message, cursor);
  } else if (const auto* room = std::get_if<chat::RoomChanged>(&delivery.event)) {
    const auto frame = room_frame(*room, cursor);
    for (const auto& session : sessions) session->push(frame);
  } else if (const auto* marker = std::get_if<chat::MarkerMoved>(&delivery.event)) {
    const auto place = chat::place_name(applier_.state(), marker->conversation, marker->account);
    const auto frame = marker_frame(place, marker->number);
    for (const auto& session : sessions) session->push(frame);
  }
}

// Encoded once for each name that the conversation has among its readers: a room has one, a pair of people two.
void Sessions::deliver_message(const std::vector<SessionPtr>& sessions, const chat::MessageChanged& event,
                               Index cursor) {
  Frame frame;
  std::string place;
  chat::AccountId seen_by;
  for (const auto& session : sessions) {
    const bool same_view = frame && (place.starts_with('#') || session->account == seen_by);
    if (!same_view) {
      seen_by = session->account;
      place = chat::place_name(applier_.state(), event.row.conversation, seen_by);
      frame = message_frame(event.row, place, cursor);
    }
    session->push(frame);
  }
}

void Sessions::cut(const chat::LoginEnded& event) {
  const auto found = by_account_.find(event.account);
  if (found == by_account_.end()) return;
  const auto sessions = found->second;  // a copy: ending may unlist
  for (const auto& session : sessions) {
    const bool meant = !event.login || session->login == event.login;
    const bool excepted = event.except && session->login == event.except;
    if (!meant || excepted) continue;
    session->end("login_ended");
    log_out(session);
  }
}

void Sessions::tell(const Frame& frame) {
  for (const auto& session : all()) {
    if (session->greeted) session->push(frame);
  }
}

}  // namespace parley::node
