#include "node/replication_node.hpp"

// R10: nodes that have gone different ways notice it, and the one that is wrong takes itself out.

namespace parley::node {

void ReplicationNode::announce_digest(Index index, const Digest& chain) {
  digest_marks_.own(index, chain);
  for (const auto& [id, peer] : peers_) {
    if (peer->up()) peer->post(wire::PeerFrame(wire::StateDigest{index, chain}));
  }
  compare_digests();
}

void ReplicationNode::heard_digest(ServerId from, const wire::StateDigest& digest) {
  if (!is_member(from)) return;
  digest_marks_.heard(from, digest.index, digest.chain);
  compare_digests();
}

void ReplicationNode::compare_digests() {
  if (!configuration_ || stopping_) return;
  while (const auto finding = digest_marks_.look(*configuration_, self())) {
    std::string others;
    for (const ServerId server : finding->differing) {
      others += (others.empty() ? "node " : " and node ") + std::to_string(server.node.value);
    }
    const std::string at = "at index " + std::to_string(finding->index.value);
    const std::string text = at + " this node has another digest than " + others + ": they have gone different ways";
    if (finding->self) {
      seams_.logger.error("diverged", text + ", and most voters agree with each other against this node. It gives up "
                                             "its data directory (*.aside) and joins anew. Report this as a bug");
      if (set_aside_) set_aside_();
      return;
    }
    if (digest_lines_.allow(seams_.clock.now())) {
      seams_.logger.error("digests_differ", text + ". Report this as a bug");
    }
  }
}

}  // namespace parley::node
