#include <utility>

#include "node/file_differences.hpp"
#include "node/replication_node.hpp"

// R6: addresses come from the log, but where a node itself listens only its own file knows. Once a start it compares
// the two, and tells the cluster where it is now. Once: who is moved by an operator later on stays where they say.

namespace parley::node {
namespace {

constexpr Duration address_patience = milliseconds(5000);   // for one attempt
constexpr Duration address_pause = milliseconds(1000);      // before the next

}  // namespace

net::awaitable<void> ReplicationNode::address_loop() {
  while (!stopping_) {
    const bool told = co_await is_told_where_it_is();
    if (told) co_return;
    const TimePoint again = seams_.clock.now() + address_pause;
    while (!stopping_ && seams_.clock.now() < again) co_await address_alarm_->wait_until(again);
  }
}

// Once a start.
void ReplicationNode::say_differences(const raft::Configuration& members) {
  if (std::exchange(differences_said_, true)) return;
  for (const auto& line : file_differences(config_, members, self().node)) seams_.logger.warn("file_differs", line);
}

// False: not yet. Only by what was committed anywhere when it was asked: an old log names old addresses. Who is no
// member yet listens at what the operator names in `member add`.
net::awaitable<bool> ReplicationNode::is_told_where_it_is() {
  const TimePoint deadline = seams_.clock.now() + address_patience;
  const auto index = co_await read_index(deadline);
  if (!index || stopping_ || driver_.consensus().status().commit_index < *index) co_return false;
  const auto committed = driver_.committed_configuration();
  const raft::Member* place = committed ? committed->find(self()) : nullptr;
  if (place == nullptr) co_return false;
  say_differences(*committed);
  const std::string& peer = self_config_.peer.advertise;
  const std::string& client = self_config_.client.advertise;
  if (place->peer_address == peer && place->client_address == client) co_return true;
  const std::string known_at = place->peer_address + " and " + place->client_address;
  seams_.logger.warn("moved", "the cluster knows this node at " + known_at + "; by its own file it is at " + peer +
                                  " and " + client + ", and says so");
  wire::MemberRequest request;
  request.action = wire::MemberAction::relocate;
  request.node = identity_.node;
  request.peer_address = peer;
  request.client_address = client;
  const auto reply = co_await administer(std::move(request));
  using Outcome = wire::MemberReply::Outcome;
  if (reply.outcome == Outcome::refused) seams_.logger.warn("moved", "that was refused: " + reply.text);
  co_return reply.outcome == Outcome::done || reply.outcome == Outcome::refused;
}

}  // namespace parley::node
