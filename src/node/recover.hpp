#pragma once

#include <string>

#include "base/result.hpp"
#include "net/entropy.hpp"
#include "node/data_directory.hpp"
#include "node/new_generation.hpp"

// The last resort after the lasting loss of a majority (R19): one survivor goes on alone, with what it has. What was
// acknowledged and lies on other disks only is lost.
//
// 1. Everything in the survivor's log counts, committed or not: what the lost majority had acknowledged and this node
//    holds is among it, and nobody can tell which that is. It is applied, and the archive brought to the log's end.
// 2. Then begins a new generation in a new cluster, with this node as its only voter, as after a restore (restore.hpp).
//    Nodes of the former cluster, should they come back, are refused; they are started over empty directories.
// 3. From the first change on the directory holds `recover.unfinished`, and no node starts in it; the save of the new
//    identity is the birth, after which the mark goes. A recover that was cut short is run again: each step may be
//    repeated, and before the birth it only adds to the generation.
// 4. Copies of the archive that were made for peers go before the birth: they are of the old generation.

namespace parley::node {

struct Recovered {
  store::Identity before;
  raft::HardState hard_state;        // of before
  Generation generation_before;
  raft::EntryId last;                // all up to here is in the new generation
  Index committed;                   // what was known as committed; above it this node's log decided
  NewGeneration now;
  std::string kept;                  // the file that says what was before
};

// Recovers the directory of the stopped node `self`. Blocking; the error says what is wrong and what to do.
Result<Recovered> recover_directory(store::Disk& disk, NodeId self, net::Entropy& entropy,
                                    store::LogOptions log_options = {});

inline constexpr const char* recovered_from_file = "recovered-from";   // with a number and ".txt"

}  // namespace parley::node
