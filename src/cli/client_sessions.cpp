#include <utility>

#include "cli/client_core.hpp"
#include "cli/json_fields.hpp"
#include "cli/methods.hpp"

namespace parley::cli {
namespace {

constexpr std::size_t login_token_bytes = 32;
constexpr milliseconds outcome_retry{100};

}  // namespace

void Client::Core::load(std::unique_ptr<OutboxStore> store) {
  store_ = store ? std::move(store) : std::make_unique<MemoryOutboxStore>();
  StoredOutbox stored = store_->load();
  session_ = std::move(stored.session);
  outbox_.clear(session_.next);
  for (auto& request : stored.requests) outbox_.restore(std::move(request));
  rollover_ = Rollover::none;
  hold_until_ = {};
  attached_ = logged_in_ = sync_wanted_ = false;
}

void Client::Core::use_store(std::unique_ptr<OutboxStore> store) {
  auto left = outbox_.clear(1);
  const bool kept = store_->durable();
  load(std::move(store));
  feed_.unplace();
  servers_.prefer(state_.address);
  lose_link("becoming another user", Loss::meant);
  wake_driver();
  for (auto& [sequence, entry] : left) {
    if (!entry.then) continue;
    entry.then(kept ? Outcome::make_local(Outcome::Kind::pending, "kept", "kept for the next login of that account")
                    : Outcome::make_local(Outcome::Kind::unknown, "given_up", "its answer was not waited for"));
  }
}

StoredOutbox Client::Core::snapshot() const {
  StoredOutbox outbox;
  outbox.session = session_;
  outbox.session.next = outbox_.next();
  outbox.requests = outbox_.stored();
  return outbox;
}

bool Client::Core::keep_everything() {
  // What can't be kept now is kept with the next change; requests themselves are never sent without being kept, nor
  // in a client session that was not.
  return !store_->durable() || store_->replace(snapshot()).ok();
}

// The client session is of no more use. What it may have carried out is found out or given up as unknown, and the
// rest goes into a new one. Ends when everything is decided; a lost connection in between begins anew.
awaitable<void> Client::Core::roll_over() {
  if (rollover_ == Rollover::expired) {
    for (const auto sequence : outbox_.sequences()) {
      const auto* entry = outbox_.find(sequence);
      if (entry == nullptr || !entry->maybe_sent()) continue;
      if (entry->method == "send") {
        const bool decided = co_await settle_by_outcome_query(sequence);
        if (!decided) co_return;
      } else if (!traits_of(entry->method).repeatable || entry->secret_lost) {
        settle(sequence, Outcome::make_local(Outcome::Kind::unknown, "unknown_client",
                                             "the client session expired before the answer came"));
      } else {
        outbox_.find(sequence)->in_doubt = true;
      }
    }
  }
  while (outbox_.front() != nullptr && outbox_.front()->secret_lost) {
    settle(outbox_.first(), Outcome::make_local(Outcome::Kind::unknown, "interrupted",
                                                "the program ended before the answer came"));
  }
  forget_client_session();
  keep_everything();
}

// What is left gets new numbers; answers that are still on their way speak of the old ones.
void Client::Core::forget_client_session() {
  std::erase_if(in_flight_, [](const auto& entry) { return entry.second.sequence != 0; });
  outbox_.renumber();
  session_.client = 0;
  session_.key.clear();
  attached_ = false;
  session_retry_at_ = {};
  rollover_ = Rollover::none;
}

// False: not decided yet; the driver comes back.
awaitable<bool> Client::Core::settle_by_outcome_query(std::uint64_t sequence) {
  json::object params{{"client", session_.client}, {"seq", sequence}};
  const auto ask = begin_ask("outcome", std::move(params));
  const bool came = co_await answered(ask);
  if (!came) co_return false;
  const Answer& answer = *ask->answer;
  const auto* result = answer.result.if_object();
  if (answer.kind == Answer::Kind::wrong_sequence) {   // the session is alive after all
    rollover_ = Rollover::none;
    lose_link(state_.address + " knows our client session again", Loss::broke);
    co_return false;
  }
  if (answer.kind == Answer::Kind::refused || answer.kind == Answer::Kind::invalid) {
    settle(sequence, Outcome::make_local(Outcome::Kind::unknown, "unknown_client",
                                         "the client session expired, and what became of it can't be asked: " +
                                             answer.message));
    co_return true;
  }
  if (answer.kind != Answer::Kind::done || result == nullptr) {
    put_off_until_ = seams_.clock.now() + outcome_retry;
    co_return false;
  }
  if (!flag_field(*result, "sent")) {
    if (auto* entry = outbox_.find(sequence)) {   // decided; asked again only if the connection breaks before the end
      entry->sendings = 0;
      entry->unsure = false;
    }
    co_return true;
  }
  // Numbers are carried out without gaps, so whatever stood before it was, too: a message among that which is not there
  // was refused. Sent under a new client session it would now come behind those that were made after it (P3).
  for (const auto before : outbox_.sequences()) {
    if (before >= sequence) break;
    if (outbox_.find(before)->method != "send") continue;
    settle(before, Outcome::make_local(Outcome::Kind::refused, "unknown_client",
                                       "it was refused; the client session expired before it was said why"));
  }
  json::object sent;
  sent["id"] = number_field(*result, "id").value_or(0);
  sent["number"] = number_field(*result, "conversation_number").value_or(0);
  if (const auto* entry = outbox_.find(sequence)) sent["in"] = text_field(entry->params, "to");
  settle(sequence, Outcome::make_done(std::move(sent)));
  co_return true;
}

void Client::Core::settle(std::uint64_t sequence, Outcome outcome) {
  auto entry = outbox_.take(sequence);
  if (!entry) return;
  waits_since_ = never;
  useless_moves_ = 0;
  if (store_->durable()) store_->remove(sequence);
  note_login_changes(*entry, outcome);
  if (entry->then) entry->then(outcome);
  Settled settled;
  settled.sequence = sequence;
  settled.method = std::move(entry->method);
  json::object params = std::move(entry->params);
  if (traits_of(settled.method).secret) params.clear();
  settled.params = &params;
  settled.outcome = std::move(outcome);
  settled.from_earlier_run = entry->from_earlier_run;
  observer_.on_settled(settled);
  ring_watchers();
}

void Client::Core::note_login_changes(const Outbox::Entry& entry, const Outcome& outcome) {
  if (entry.method == "login" && !outcome.done()) {
    sync_wanted_ = logged_in_ && options_.receive;   // which lets go of the pushes held since it was sent
    if (!logged_in_ && !options_.cursor) feed_.unplace();
    wake_driver();
  }
  if (!outcome.done()) return;
  if (entry.method == "login") {
    const auto* result = outcome.result.if_object();
    session_.account = result ? text_field(*result, "name") : std::string();
    if (session_.account.empty()) session_.account = text_field(entry.params, "name");
    session_.token = text_field(entry.params, "token");
    keep_everything();
    logged_in_ = true;
    replay_for_.clear();
    if (options_.receive && !feed_.placed()) feed_.place(Cursor{session_.generation, hello_cursor_});
    sync_wanted_ = options_.receive && link_ != nullptr;
    // An answer given again may come from a node that has not taken this connection for logged in.
    if (entry.sendings > 1) lose_link("logging in again on this connection", Loss::meant);
    wake_driver();
  } else if (entry.method == "logout" || entry.method == "account.delete") {
    session_.account.clear();
    session_.token.clear();
    logged_in_ = sync_wanted_ = false;
    feed_.unplace();
    keep_everything();
  }
}

awaitable<Outcome> Client::Core::login(std::string name, std::string password, TimePoint deadline) {
  // A restore ends every login, so the rewinding that it asks for (R19) waits for whoever it was to log in again.
  if (options_.receive && !feed_.placed() && !replay_for_.empty() && name == replay_for_) {
    feed_.place(Cursor{session_.generation, 0});
  }
  if (options_.receive && !feed_.placed()) {
    // From now on: messages since the hello, which may be hours old, are for /unread and /history.
    const auto wait = make_wait();
    call_then("status", {}, TimePoint{}, brings(wait));
    co_await wait_for(wait, never);
    const auto* status = wait->outcome->result.if_object();
    const std::uint64_t applied = status ? number_field(*status, "applied").value_or(hello_cursor_) : hello_cursor_;
    if (!feed_.placed()) feed_.place(Cursor{session_.generation, applied});
  }
  json::object params;
  params["name"] = std::move(name);
  params["password"] = std::move(password);
  params["token"] = random_token(seams_.entropy, login_token_bytes);
  const auto wait = make_wait();
  submit_then("login", std::move(params), brings(wait));
  co_await wait_for(wait, deadline);
  if (wait->outcome) co_return std::move(*wait->outcome);
  co_return Outcome::make_local(Outcome::Kind::pending, "pending",
                                "no majority of the nodes has answered yet; it is sent again by itself");
}

// R19: another generation is another history. What may have been carried out in the old one is unknown for good.
void Client::Core::meet_generation(std::uint64_t generation, std::uint64_t cursor) {
  const std::uint64_t before = std::exchange(session_.generation, generation);
  const bool feed_changed = feed_.placed() && feed_.cursor().generation != generation;
  if (feed_changed) feed_.place(Cursor{generation, options_.replay_after_restore ? 0 : cursor});
  if (before == generation || before == 0) return;
  if (feed_changed && options_.replay_after_restore) replay_for_ = session_.account;
  std::vector<std::uint64_t> doubtful;
  for (const auto& [sequence, entry] : outbox_.entries()) {
    if (entry.maybe_sent() || entry.secret_lost) doubtful.push_back(sequence);
  }
  observer_.on_generation(before, generation);
  for (const auto sequence : doubtful) {
    settle(sequence, Outcome::make_local(Outcome::Kind::unknown, "generation",
                                         "the cluster was restored from a backup before the answer came"));
  }
  forget_client_session();
  keep_everything();
}

}  // namespace parley::cli
