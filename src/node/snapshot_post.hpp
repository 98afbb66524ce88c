#pragma once

#include <string>

#include "base/ids.hpp"
#include "wire/peer_frame.hpp"

namespace parley::node {

// How the two sides of a snapshot transfer speak to each other, and what comes of it.
class SnapshotPost {
 public:
  virtual ~SnapshotPost() = default;
  virtual bool post_to(NodeId peer, wire::PeerFrame frame) = 0;   // false: no link; it asks again
  // A copy was fetched, verified and prepared (store/archive_install.hpp): this node's archive gives way to it.
  virtual void snapshot_prepared(raft::EntryId snapshot) = 0;
  // Met while it was copied (Machine::met_damage).
  virtual void archive_damaged(const std::string& what) = 0;
};

}  // namespace parley::node
