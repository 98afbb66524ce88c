#include <algorithm>
#include <utility>

#include "net/address.hpp"
#include "node/replication_node.hpp"
#include "raft/log.hpp"
#include "store/set_aside.hpp"

// Who has a place in the cluster and who has none: what is said to servers that the committed configuration does not
// list, and what this node makes of it when it is one of them (R4).

namespace parley::node {
namespace {

constexpr std::size_t peers_max = 2 * raft::members_max;   // whom this node dials

}  // namespace

// Neither a member by what is committed nor by what is in the log.
bool ReplicationNode::is_stranger(ServerId server) const {
  const auto& committed = driver_.committed_configuration();
  if (!driver_.started() || !committed || !configuration_) return false;   // this node does not know yet
  return committed->find(server) == nullptr && configuration_->find(server) == nullptr;
}

wire::NotAMember ReplicationNode::not_a_member() const {
  wire::NotAMember frame;
  frame.index = driver_.committed_configuration_index();
  frame.configuration = *driver_.committed_configuration();
  return frame;
}

// Another incarnation of a member is let in: it may be a lost disk that is to be replaced. An unknown id is not, unless
// its log holds a later configuration than is committed here: then it may be the very leader that this node waits for,
// taken in while this one was away, and would not believe what is said here anyway (told_not_a_member; decision 0023).
std::optional<Greeting> ReplicationNode::answer_to_stranger(const wire::Hello& hello) const {
  if (!is_stranger(hello.from)) return std::nullopt;
  if (configuration_->find(hello.from.node) != nullptr) return std::nullopt;
  if (driver_.committed_configuration()->find(hello.from.node) != nullptr) return std::nullopt;
  const bool own = hello.cluster == identity_.cluster;
  if (own && hello.configuration > driver_.committed_configuration_index()) return std::nullopt;
  if (own) return Greeting(not_a_member());
  const std::string id = std::to_string(hello.from.node.value);
  wire::Rejected rejected;
  rejected.reason = "node " + id + " is not a member of this cluster; on one that is, say: parley member add " + id +
                    " --peer HOST:PORT --client HOST:PORT";
  return Greeting(std::move(rejected));
}

// Who was let in though this node does not know it is answered at the address that it gives, until the log tells one;
// and a member at that one, too. Who knows nobody yet, as it joins, answers whoever of its cluster calls: it may be the
// leader, which can't fill what it does not hear (decision 0023).
void ReplicationNode::meet(const wire::Hello& hello) {
  if (!born() || hello.cluster != identity_.cluster || !net::parse_address(hello.address).ok()) return;
  if (const auto* member = configuration_ ? configuration_->find(hello.from) : nullptr) {
    std::erase_if(said_addresses_, [this](const auto& said) { return configuration_->find(said.first) == nullptr; });
    said_addresses_.insert_or_assign(hello.from, hello.address);
    if (auto* known = peer(hello.from.node)) known->set_addresses(addresses_of(*member));
    return;
  }
  const bool knows_members = configuration_ != nullptr;
  if (knows_members && (!is_stranger(hello.from) || configuration_->find(hello.from.node) != nullptr)) return;
  const bool known = peer(hello.from.node) != nullptr;
  if (!known && peers_.size() >= peers_max) return;
  Peer& met = known ? *peer(hello.from.node) : add_peer(hello.from.node);
  std::vector<std::string> addresses{hello.address};
  const auto* configured = knows_members ? nullptr : config_.find(hello.from.node);
  if (configured != nullptr && configured->peer.advertise != hello.address) {
    addresses.insert(addresses.begin(), configured->peer.advertise);
  }
  met.set_addresses(std::move(addresses));
  if (!known && !stopping_) met.start();
}

std::string ReplicationNode::told_not_a_member(NodeId by, const wire::NotAMember& frame) {
  driver_.told_not_a_member(frame.index, frame.configuration);
  return "by what node " + std::to_string(by.value) + " knows this data directory is no member of the cluster" +
         (frame.configuration.find(identity_.node) == nullptr ? "; see: parley member add" : " yet");
}

// -- disks that went back in time (R4) -----------------------------------------------------------------------------

// What this node's disk surely holds of the log: entries, or the archive that the log begins with.
Index ReplicationNode::log_end() const {
  if (!driver_.started()) return Index(0);
  return std::max(driver_.consensus().persisted_index(), driver_.consensus().log().base().index);
}

// Whatever a server said before it greeted came over an earlier link of the same direction, which is closed by now: so
// its greeting is the one moment at which both can be compared.
std::optional<Greeting> ReplicationNode::answer_to_rolled_back(const wire::Hello& hello) const {
  if (!driver_.started() || hello.cluster != identity_.cluster) return std::nullopt;
  const Index acknowledged = driver_.consensus().acknowledged(hello.from);
  const raft::TermAndVote spoken = driver_.consensus().spoken(hello.from);
  if (hello.log_end >= acknowledged && raft::may_follow(hello.term_and_vote, spoken)) return std::nullopt;
  return Greeting(wire::RolledBack{hello.from, acknowledged, self(), spoken});
}

// Believed only if this node sees it itself, too.
std::string ReplicationNode::told_rolled_back(NodeId by, const wire::RolledBack& frame) {
  if (!driver_.started() || frame.server != self()) return "this node's disk was set back, which is not so";
  if (log_end() >= frame.acknowledged) return told_of_lost_vote(frame);
  const std::string text = "this node had acknowledged the log up to index " +
                           std::to_string(frame.acknowledged.value) + " to node " + std::to_string(by.value) +
                           ", and its disk ends at " + std::to_string(log_end().value) +
                           ": it was set back (an old copy, or a virtual machine's snapshot)";
  give_up_directory(text);
  return text;
}

// The log may be whole, so it is not given up while the others may need it: they wait, as for a lost disk, until they
// are a majority without it, or a later term has come, in which the lost vote can't be given again.
std::string ReplicationNode::told_of_lost_vote(const wire::RolledBack& frame) {
  const raft::TermAndVote now = raft::term_and_vote(driver_.consensus().hard_state());
  if (raft::may_follow(now, frame.spoken)) return "this node's disk was set back, which is not so";
  std::string text = "this node had " + std::string(frame.spoken.voted_for ? "voted in" : "been in") + " term " +
                     std::to_string(frame.spoken.term.value) + ", as node " + std::to_string(frame.by.node.value) +
                     " knows from it, and its disk does not know that (it is in term " +
                     std::to_string(now.term.value) + "): it was set back, or lost a write that it had reported done";
  if (others_can_do_without(frame.by)) give_up_directory(text);
  else text += "; it keeps what it has, since the others may need it";
  return text;
}

void ReplicationNode::give_up_directory(const std::string& why) {
  seams_.logger.error("rolled_back", why + "; the data directory is set aside, and the node joins anew");
  if (set_aside_) set_aside_();
}

bool ReplicationNode::others_can_do_without(std::optional<ServerId> also) const {
  if (!configuration_) return false;
  std::size_t voters = 0, heard = 0;
  for (const auto& member : configuration_->members) {
    if (!member.voter || member.id == self()) continue;
    ++voters;
    const auto* other = peer(member.id.node);
    const bool linked = other != nullptr && other->up() && other->welcome()->from == member.id;
    if (linked || also == member.id) ++heard;
  }
  return 2 * heard > voters;
}

// What the data directory holds counts from here on: damaged, it is set aside and not discarded (begin_anew.hpp).
net::awaitable<void> ReplicationNode::note_filled() {
  std::function<void()> job = [this] { store::mark_filled(seams_.disk); };
  co_await seams_.workers.run(net::Lane::log, std::move(job));
}

// Whoever has no place any more is told while there is a link, and not dialled again: it is told when it calls, too. A
// link from before the birth knows of no cluster; who was a member of this one until now is of it all the same.
void ReplicationNode::configuration_committed() {
  const auto before = std::exchange(committed_before_, driver_.committed_configuration());
  const auto& committed = *committed_before_;
  if (unfilled_ && committed.is_voter(self())) {
    unfilled_ = false;
    tasks_.spawn(note_filled());
  }
  for (const auto& [id, peer] : peers_) {
    if (peer->up() && is_stranger(peer->welcome()->from)) {
      const bool was_one = before && before->find(peer->welcome()->from) != nullptr;
      if (was_one || peer->welcome()->cluster == identity_.cluster) tell_stranger(id);
    }
    const bool to_come = configuration_ && configuration_->find(id) != nullptr;
    if (committed.find(id) == nullptr && !to_come) peer->set_addresses({});
  }
}

void ReplicationNode::tell_stranger(NodeId to) { peer(to)->post(wire::PeerFrame(not_a_member())); }

}  // namespace parley::node
