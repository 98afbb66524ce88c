#include "node/presence_markers.hpp"

#include <algorithm>
#include <utility>

#include "node/limits.hpp"

namespace parley::node {
namespace {

// Lone signs of life are worth an entry only now and then: what they prevent is an expiry after weeks.
constexpr milliseconds alive_interval{60'000};

}  // namespace

Markers::Markers(Seams seams, const Applier& applier, Proposals& proposals, const Sessions& sessions)
    : seams_(seams), applier_(applier), proposals_(proposals), sessions_(sessions), alarm_(seams_.clock.make_alarm()) {}

net::awaitable<void> Markers::marker_loop() {
  alive_at_ = seams_.clock.now() + alive_interval;
  all_alive_at_ = seams_.clock.now() + keep_alive_interval;
  while (!stopping_) {
    const auto now = seams_.clock.now();
    if (now >= all_alive_at_) note_all_alive();
    const bool anybody = !clients_.empty() || !logins_.empty();
    if (reads_.empty() && (!anybody || now < alive_at_)) {
      co_await alarm_->wait_until(now + marker_interval);
      continue;
    }
    const auto markers = take();
    chat::Command command{markers};
    const auto outcome = co_await proposals_.propose(std::move(command));
    settled(markers, outcome.kind == Settled::Kind::replied);
    if (!stopping_) co_await alarm_->wait_until(now + marker_interval);
  }
}

void Markers::stop() {
  stopping_ = true;
  alarm_->ring();
}

bool Markers::note_read(chat::AccountId account, chat::ConversationId conversation, chat::Number number) {
  const auto applied = chat::unread_in(applier_.state(), account, conversation);
  if (applied && number <= applied->read) return true;
  const auto found = reads_.find({account, conversation});
  if (found != reads_.end()) {
    found->second = std::max(found->second, number);
    return true;
  }
  if (reads_.size() >= marker_accounts_max) return false;
  reads_.emplace(Place{account, conversation}, number);
  return true;
}

void Markers::correct(chat::AccountId account, chat::UnreadView& view) const {
  const auto found = reads_.find({account, view.conversation});
  if (found == reads_.end() || found->second <= view.read) return;
  view.read = std::min(found->second, view.last);
  view.unread = view.last - view.read;
}

chat::Markers Markers::take() {
  chat::Markers markers;
  for (const auto& [place, number] : reads_) {
    if (markers.reads.size() == chat::markers_max) break;
    markers.reads.push_back({place.first, place.second, number});
  }
  for (const auto client : clients_) {
    if (markers.clients_alive.size() == chat::markers_max) break;
    markers.clients_alive.push_back(client);
  }
  for (const auto& login : logins_) {
    if (markers.logins_alive.size() == chat::markers_max) break;
    markers.logins_alive.push_back(login);
  }
  return markers;
}

// What was not carried out stays for the next round, and so does what rose meanwhile.
void Markers::settled(const chat::Markers& sent, bool done) {
  if (!done) return;
  for (const auto& read : sent.reads) {
    const auto found = reads_.find({read.account, read.conversation});
    if (found != reads_.end() && found->second <= read.number) reads_.erase(found);
  }
  for (const auto client : sent.clients_alive) clients_.erase(client);
  for (const auto& login : sent.logins_alive) logins_.erase(login);
  if (clients_.empty() && logins_.empty()) alive_at_ = seams_.clock.now() + alive_interval;
}

void Markers::note_all_alive() {
  all_alive_at_ = seams_.clock.now() + keep_alive_interval;
  for (const auto& session : sessions_.all()) {
    if (session->client) note_client(*session->client);
    if (session->login) note_login(*session->login);
  }
}

}  // namespace parley::node
