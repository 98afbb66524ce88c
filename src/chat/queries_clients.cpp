#include "chat/change.hpp"
#include "chat/queries.hpp"

namespace parley::chat {
namespace {

const Client* living(const State& state, ClientId id) {
  const auto found = state.tables().clients.find(id);
  if (found == state.tables().clients.end() || state.tables().client_expired(found->second)) return nullptr;
  return &found->second;
}

}  // namespace

bool client_key_fits(const State& state, ClientId id, const Digest& key) {
  const auto* client = living(state, id);
  return client && client->key == key;
}

std::optional<ClientView> find_client(const State& state, ClientId id) {
  const auto* client = living(state, id);
  if (!client) return std::nullopt;
  return ClientView{client->last, client->first_outstanding, client->last_used};
}

SequenceView look_up(const State& state, ClientId id, Sequence sequence, const Digest& payload) {
  return look_up(state.tables(), id, sequence, payload);
}

}  // namespace parley::chat
