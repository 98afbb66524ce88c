#include "chat/change.hpp"

// Removes what expired by log time (R14), a few of each kind with every entry. Whether a thing has expired never
// depends on whether it was its turn: whoever uses one asks *_expired() again.

namespace parley::chat {
namespace {

void sweep_logins(Change& change) {
  auto& tables = change.tables;
  for (std::size_t i = 0; i < sweep_max && !tables.logins_by_use.empty(); ++i) {
    const auto id = tables.logins_by_use.begin()->second;
    const auto row = tables.logins.at(id);
    if (!tables.login_expired(row)) return;
    end_login(change, id);
    change.deliver({row.account}, LoginEnded{row.account, id, std::nullopt, "idle"});
  }
}

void sweep_invitations(Change& change) {
  auto& tables = change.tables;
  for (std::size_t i = 0; i < sweep_max && !tables.invitations_by_age.empty(); ++i) {
    const auto code = tables.invitations_by_age.begin()->second;
    if (!tables.invitation_expired(tables.invitations.at(code))) return;
    tables.drop_invitation(code);
    change.erase(RecordKind::invitation, code);
  }
}

// Unused ones stand before proven ones, each group by last use.
void sweep_clients(Change& change) {
  auto& tables = change.tables;
  for (const bool proven : {false, true}) {
    for (std::size_t i = 0; i < sweep_max; ++i) {
      const auto first = tables.clients_by_use.lower_bound({proven, LogTime{}, ClientId{}});
      if (first == tables.clients_by_use.end() || std::get<bool>(*first) != proven) break;
      const auto id = std::get<ClientId>(*first);
      if (!tables.client_expired(tables.clients.at(id))) break;
      drop_client(change, id);
    }
  }
}

// The same touches are forgotten at the same index everywhere; a window of entries, so no limit is needed.
void sweep_touched(Change& change) {
  auto& tables = change.tables;
  while (!tables.touched_by_entry.empty()) {
    const auto [entry, id] = *tables.touched_by_entry.begin();
    if (change.index - entry <= touched_window) return;
    tables.untouch(id);
    change.erase(RecordKind::touched, id);
  }
}

}  // namespace

void sweep(Change& change) {
  sweep_logins(change);
  sweep_invitations(change);
  sweep_clients(change);
  sweep_touched(change);
}

}  // namespace parley::chat
