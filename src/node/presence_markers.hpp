#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "chat/queries.hpp"
#include "node/applier.hpp"
#include "node/proposals.hpp"
#include "node/seams.hpp"
#include "node/session_hub.hpp"

namespace parley::node {

// Read markers and signs of life, gathered and proposed as one command a second (R20). A marker counts at once for
// whoever reads on this node; what is lost with the node is read again, which harms nobody.
class Markers {
 public:
  Markers(Seams seams, const Applier& applier, Proposals& proposals, const Sessions& sessions);

  net::awaitable<void> marker_loop();
  void stop();

  bool note_read(chat::AccountId account, chat::ConversationId conversation, chat::Number number);  // false: full
  void note_client(chat::ClientId client) { clients_.insert(client); }
  void note_login(const chat::LoginId& login) { logins_.insert(login); }

  // As the reader is to see it: with what was noted here and is not applied yet.
  void correct(chat::AccountId account, chat::UnreadView& view) const;

 private:
  using Place = std::pair<chat::AccountId, chat::ConversationId>;

  chat::Markers take();
  void settled(const chat::Markers& sent, bool done);
  void note_all_alive();

  Seams seams_;
  const Applier& applier_;
  Proposals& proposals_;
  const Sessions& sessions_;
  std::unique_ptr<net::Alarm> alarm_;
  std::map<Place, chat::Number> reads_;
  std::set<chat::ClientId> clients_;
  std::set<chat::LoginId> logins_;
  TimePoint alive_at_ = long_ago;      // signs of life go with the next markers after this, or alone
  TimePoint all_alive_at_ = long_ago;  // when all who are connected are noted again
  bool stopping_ = false;
};

}  // namespace parley::node
