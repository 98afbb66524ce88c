#pragma once

#include "chat/state.hpp"
#include "net/entropy.hpp"
#include "raft/types.hpp"
#include "store/archive.hpp"

// What a restore and a recover have in common (R19): the history goes on as another one, in a cluster of its own.

namespace parley::node {

struct NewGeneration {
  ServerId self;                   // with an incarnation of its own
  ClusterId cluster;               // another one than before
  Generation generation;           // greater than before, by a random step
  raft::Configuration members;     // `self` alone votes; the others are learners that have not come yet
};

// `members`: who and where, whatever part they had.
NewGeneration draw_generation(net::Entropy& entropy, NodeId self, ClusterId before, Generation generation,
                              raft::Configuration members);

// Makes `state`, which stands at `position`, that of the new generation; the batch makes the archive so. Position and
// log index stay where they are.
store::ArchiveBatch begin_generation(chat::State& state, store::ArchivePosition position, const NewGeneration& begun);

// The log begins anew above that position, in `term`, without a vote.
raft::PersistBatch begin_log(const store::ArchivePosition& position, Term term);

}  // namespace parley::node
