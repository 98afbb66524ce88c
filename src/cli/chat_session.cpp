#include "cli/chat_session.hpp"

#include <algorithm>
#include <utility>

#include "cli/json_fields.hpp"
#include "net/spawn.hpp"

namespace parley::cli {
namespace {

constexpr std::size_t marks_max = 1024;   // places with a read marker to move; more wait for the next message there

ClientOptions client_options(const ChatOptions& options) {
  ClientOptions result;
  result.client_name = "parley chat";
  result.follow_leader = !options.stay;
  result.replay_after_restore = false;   // a restored history is for /history, not for the screen
  return result;
}

std::string leader_name(std::uint32_t node) { return "node " + std::to_string(node); }

}  // namespace

Chat::Chat(ClientSeams seams, std::vector<std::string> servers, const ChatOptions& options, ChatManners manners,
           ChatView& view)
    : seams_(seams),
      options_(options),
      manners_(std::move(manners)),
      view_(view),
      state_(options.state_directory),
      client_(seams, std::move(servers), client_options(options), *this),
      tick_alarm_(seams_.clock.make_alarm()),
      wait_alarm_(seams_.clock.make_alarm()) {}

awaitable<void> Chat::run() {
  net::spawn(seams_.executor, tick_loop());
  co_await client_.run();
  while (loops_running_ > 0) co_await wait_alarm_->wait_until(never);
}

void Chat::stop() {
  stopping_ = true;
  client_.stop();
  tick_alarm_->ring();
  wait_alarm_->ring();
}

awaitable<Result<Nothing>> Chat::begin(Duration patience) {
  const bool ready = co_await client_.wait_ready(seams_.clock.now() + patience);
  if (!ready && !stopping_) {
    std::string tried;
    for (const auto& server : client_.servers()) tried += (tried.empty() ? "" : ", ") + server;
    const std::string why = client_.connection().detail;
    co_return Error{"no node could be reached (tried " + tried + (why.empty() ? "" : "; last: " + why) +
                    "). Is the cluster running? ./run or parley up starts one, --server names another"};
  }
  if (!options_.no_store) state_.remember_servers(client_.servers());
  std::string account = options_.account;
  if (account.empty() && manners_.interactive) account = state_.last_account(client_.connection().cluster);
  if (account.empty() || options_.no_resume || options_.no_store) co_return success();
  if (const auto problem = use_account_store(account)) {
    if (!options_.account.empty()) co_return Error{*problem};
    json::object event;   // another chat of that account is open: this one begins logged out
    event["event"] = "note";
    event["message"] = *problem;
    view_.happened("not resuming the login of " + account + ": " + *problem, std::move(event));
    co_return success();
  }
  co_await client_.wait_ready(seams_.clock.now() + patience);
  json::object event;
  event["event"] = "login";
  event["account"] = client_.account();
  if (!client_.account().empty()) view_.happened("logged in as " + client_.account(), std::move(event));
  co_return success();
}

// What waits to be sent belongs to an account: its outbox is used from the login on.
std::optional<std::string> Chat::use_account_store(const std::string& name) {
  std::string account = name;   // names are folded by the cluster: one outbox, however it was typed
  for (char& c : account) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const std::string& cluster = client_.connection().cluster;
  if (options_.no_store || cluster.empty() || account == store_account_) return std::nullopt;
  auto store = state_.open_outbox(cluster, account);
  if (!store) return store.error().message;
  store_account_ = account;
  client_.use_store(std::move(*store));
  return std::nullopt;
}

awaitable<Report> Chat::execute(std::string line) {
  auto parsed = parse_chat_line(line);
  Report report;
  if (!parsed) {
    report = report_refused("bad_command", parsed.error().message);
  } else if (parsed->command == nullptr) {
    if (parsed->text.empty()) co_return report_done();
    report = co_await send(place_, std::move(parsed->text));
  } else if (line.find('\n') != std::string::npos && parsed->command->most != any_words) {
    report = report_refused("bad_command", "a command is one line; begin with // to send these lines as a message");
  } else if (manners_.ask_secret && parsed->arguments.count() > parsed->command->secrets_from) {
    report = report_refused("bad_command", "leave the password out: it is asked for without being shown");
  } else {
    const auto* command = parsed->command;
    line = std::string(command->name);   // all that is shown of it: the rest may be secret
    report = co_await command->handler(*this, std::move(parsed->arguments));
  }
  view_.report(line, report);
  if (manners_.changed) manners_.changed();
  co_return report;
}

void Chat::open(std::string place) { place_ = std::move(place); }

awaitable<Report> Chat::submit(std::string method, json::object params) {
  const TimePoint until = deadline();
  Report report;
  report.outcome = co_await client_.submit(std::move(method), std::move(params), until);
  co_return report;
}

awaitable<Report> Chat::call(std::string method, json::object params) {
  Report report;
  report.outcome = co_await client_.call(std::move(method), std::move(params));
  if (const auto* result = report.outcome.result.if_object(); result && flag_field(*result, "stale")) {
    const auto age = number_field(*result, "age_ms");
    report.lines.push_back("(this may be out of date: " + client_.connection().address + " has heard no leader" +
                           (age ? " for " + std::to_string(*age / 1000) + " s" : "") + ")");
  }
  co_return report;
}

// At a terminal nobody waits for the answer: the prompt counts what is pending, and failures are told when they come.
awaitable<Report> Chat::send(std::string place, std::string text) {
  if (place.empty())
    co_return report_refused("no_conversation", "no conversation is open: /join #room, or /open @user, then type");
  json::object params;
  params["to"] = place;
  params["text"] = text;
  if (!manners_.interactive) {
    Report report = co_await submit("send", std::move(params));
    const auto* result = report.outcome.result.if_object();
    const auto id = result ? number_field(*result, "id") : std::nullopt;
    if (id) report.lines.push_back("sent to " + place + " as " + std::to_string(*id));
    co_return report;
  }
  const std::uint64_t ticket = ++last_ticket_;
  Sent sent;
  sent.place = std::move(place);
  sent.text = std::move(text);
  sent.since = seams_.clock.now();
  sent_.emplace(ticket, std::move(sent));
  const auto answered = [this, ticket](const Outcome& outcome) { sent_outcome(ticket, outcome); };
  client_.submit_then("send", std::move(params), answered);
  tick_alarm_->ring();
  co_return report_done();
}

void Chat::sent_outcome(std::uint64_t ticket, const Outcome& outcome) {
  const auto at = sent_.find(ticket);
  if (at == sent_.end()) return;
  const Sent sent = std::move(at->second);
  sent_.erase(at);
  const bool failed = outcome.kind == Outcome::Kind::refused || outcome.kind == Outcome::Kind::unknown;
  if (failed && !stopping_) {
    Report report;
    report.outcome = outcome;
    const std::string what = outcome.kind == Outcome::Kind::unknown ? "perhaps sent to " : "not sent to ";
    report.lines.push_back(what + sent.place + ": " + sent.text);
    view_.report(sent.text, report);
  }
  if (manners_.changed) manners_.changed();
}

awaitable<Report> Chat::log_in(std::string name, std::string password) {
  const auto problem = use_account_store(name);
  const TimePoint until = deadline();
  Report report;
  report.outcome = co_await client_.login(std::move(name), std::move(password), until);
  if (report.outcome.done()) {
    if (!options_.no_store) state_.remember_account(client_.connection().cluster, client_.account());
    report.lines.push_back("logged in as " + client_.account());
    if (problem) report.lines.push_back("what is pending will not outlive this program: " + *problem);
  }
  co_return report;
}

void Chat::forget_login() {
  if (!options_.no_store) state_.remember_account(client_.connection().cluster, {});
  place_.clear();
}

awaitable<void> Chat::wait(Duration duration) {
  const TimePoint until = seams_.clock.now() + duration;
  while (!stopping_ && seams_.clock.now() < until) co_await wait_alarm_->wait_until(until);
}

std::string Chat::farewell() const {
  const auto pending = client_.pending();
  if (pending == 0) return {};
  const std::string what = std::to_string(pending) + (pending == 1 ? " request is" : " requests are");
  if (store_account_.empty()) return what + " without an answer; whether they were carried out is unknown";
  return what + " pending, kept, and sent by the next parley chat of " + store_account_;
}

awaitable<void> Chat::tick_loop() {
  ++loops_running_;
  while (!stopping_) {
    const TimePoint wake = std::min({show_pending(), send_marks(), count_down()});
    co_await tick_alarm_->wait_until(wake);
  }
  --loops_running_;
  wait_alarm_->ring();
}

TimePoint Chat::show_pending() {
  TimePoint wake = never;
  const TimePoint now = seams_.clock.now();
  for (auto& [ticket, sent] : sent_) {
    if (sent.shown) continue;
    if (sent.since + shown_as_pending_after > now) {
      wake = std::min(wake, sent.since + shown_as_pending_after);
      continue;
    }
    sent.shown = true;
    json::object event;
    event["event"] = "pending";
    event["to"] = sent.place;
    event["text"] = sent.text;
    view_.happened("pending until a majority of the nodes is back: " + sent.place + " " + sent.text, std::move(event));
  }
  return wake;
}

TimePoint Chat::send_marks() {
  if (to_mark_.empty()) return never;
  const TimePoint now = seams_.clock.now();
  if (now < next_mark_) return next_mark_;
  for (const auto& [place, number] : std::exchange(to_mark_, {})) {
    json::object params;
    params["in"] = place;
    params["number"] = number;
    client_.call_then("mark", std::move(params), TimePoint{}, nullptr);
  }
  next_mark_ = now + mark_interval;
  return never;
}

// -- what happens by itself ---------------------------------------------------------------------------------------

void Chat::on_connection(const ConnectionState& state) {
  static constexpr const char* names[] = {"disconnected", "connecting", "joining", "ready", "stopped"};
  json::object event;
  event["event"] = "connection";
  event["phase"] = names[static_cast<std::size_t>(state.phase)];
  event["address"] = state.address;
  if (state.node != 0) event["node"] = state.node;
  if (!state.detail.empty()) event["detail"] = state.detail;
  was_ready_ = was_ready_ || state.phase == ConnectionState::Phase::ready;
  const bool told = state.phase == ConnectionState::Phase::ready || state.phase == ConnectionState::Phase::disconnected;
  if (told) view_.happened({}, std::move(event));
  if (manners_.changed) manners_.changed();
}

void Chat::on_leader(const LeaderState& leader) {
  json::object event;
  event["event"] = "leader";
  event["node"] = nullptr;
  if (leader.node != 0) event["node"] = leader.node;
  event["address"] = leader.address;
  std::string text;
  if (leader.node == 0) {
    text = "no leader known: messages wait until there is one";
  } else if (last_leader_ == 0) {
    text = "the leader is " + leader_name(leader.node);
  } else if (last_leader_ != leader.node) {
    text = "the leader moved from " + leader_name(last_leader_) + " to " + leader_name(leader.node);
  } else if (leader_lost_) {
    text = leader_name(leader.node) + " leads again";
  }
  leader_lost_ = leader.node == 0;
  if (leader.node != 0) last_leader_ = leader.node;
  view_.happened(text, std::move(event));
  if (manners_.changed) manners_.changed();
}

void Chat::on_copies(const CopiesState& copies) {
  static constexpr const char* words[] = {"unknown", "yes", "soon", "no"};
  json::object event;
  event["event"] = "copies";
  event["bearable"] = words[static_cast<std::size_t>(copies.bearable)];
  const bool well = copies.bearable == CopiesState::Bearable::yes;
  if (!well && copies.bearable != CopiesState::Bearable::unknown) event["copies"] = copies.copies;
  view_.happened({}, std::move(event));
  if (manners_.changed) manners_.changed();
  tick_alarm_->ring();
}

void Chat::on_message(const Message& message) {
  view_.message(message);
  const bool seen_here = manners_.interactive && message.in == place_;
  if (!seen_here || message.deleted || to_mark_.size() >= marks_max) return;
  auto& number = to_mark_[message.in];
  number = std::max(number, message.number);
  tick_alarm_->ring();
}

void Chat::on_room(const RoomEvent& event) {
  json::object out;
  out["event"] = "room";
  out["what"] = event.what;
  out["room"] = event.room;
  if (!event.name.empty()) out["name"] = event.name;
  if (!event.topic.empty()) out["topic"] = event.topic;
  const std::string room = event.room.starts_with('#') ? event.room : "#" + event.room;
  std::string text = room + ": " + (event.name.empty() ? "" : event.name + " ") + event.what;
  if (event.what == "topic") text = room + ": the topic is now: " + event.topic;
  if (event.what == "removed" || event.what == "invited") text = room + ": " + event.name + " was " + event.what;
  view_.happened(text, std::move(out));
}

void Chat::on_marker(const std::string& in, std::uint64_t number) {
  json::object event;
  event["event"] = "marker";
  event["in"] = in;
  event["number"] = number;
  view_.happened({}, std::move(event));
}

void Chat::on_closing(const std::string& reason) {
  json::object event;
  event["event"] = "closing";
  event["reason"] = reason;
  const bool told = reason == "slow_reader" || reason == "too_many";
  view_.happened(told ? "the node ended the connection (" + reason + "); reconnecting" : "", std::move(event));
}

void Chat::on_settled(const Settled& settled) {
  if (manners_.changed) manners_.changed();
  if (!settled.from_earlier_run || settled.method != "send") return;
  const std::string to = text_field(*settled.params, "to");
  const std::string text = text_field(*settled.params, "text");
  json::object event;
  event["event"] = "settled";
  event["to"] = to;
  event["text"] = text;
  event["done"] = settled.outcome.done();
  const std::string why = settled.outcome.message.empty() ? settled.outcome.reason : settled.outcome.message;
  view_.happened(settled.outcome.done() ? "sent now, from an earlier chat: " + to + " " + text
                                        : "from an earlier chat, not sent to " + to + ": " + text + " (" + why + ")",
                 std::move(event));
}

void Chat::on_login_ended(const std::string& message) {
  json::object event;
  event["event"] = "login_ended";
  event["message"] = message;
  view_.happened(message, std::move(event));
}

void Chat::on_generation(std::uint64_t before, std::uint64_t now) {
  json::object event;
  event["event"] = "generation";
  event["before"] = before;
  event["now"] = now;
  view_.happened("the cluster was restored from a backup: what was said since that backup may be gone (/history)",
                 std::move(event));
}

}  // namespace parley::cli
