#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/entropy.hpp"
#include "node/config.hpp"
#include "store/backup_file.hpp"
#include "store/disk.hpp"

// A new cluster from a backup (R19), and why it can't be mixed up with another one.
//
// 1. A restore draws a new cluster id. Two restores of one backup, and the cluster that was backed up, have three
//    different ones; nodes of different clusters refuse each other's links (Hello, Welcome), so no entry, vote or
//    snapshot of one ever reaches another, although their logs share indexes and terms.
// 2. It draws a new generation, greater than the backup's and by a random step, so that two restores of one backup
//    differ in it as well. Cursors, client sessions and outboxes carry the generation: whoever was a client of another
//    history is told, rewinds, and shows what had no answer as unknown. Logins and client sessions are ended.
// 3. The new cluster has one voter: the directory that was restored. Its log begins above the backup's last entry, so
//    ids and numbers go on. The other nodes are started over empty directories; they join as every empty node does
//    (R3), are sent the archive, and become voters by themselves.
// 4. THE SAVE OF THE IDENTITY IS THE BIRTH, as in birth.hpp: it comes last, when archive and log are durable. Before
//    it the directory holds no identity but the file `restore.unfinished`, and no node starts in it.

namespace parley::node {

struct Restored {
  store::BackupAbout from;
  ClusterId cluster;
  Generation generation;
  raft::Configuration members;   // `self` votes; the others are learners that have not come yet
};

// Makes the data directory of node `self` in `disk` from the backup `name` in `source`. The directory must be empty, or
// hold a restore that was cut short, which is begun again. Members and addresses are those of `config`. Blocking;
// the error says what is wrong and what to do, and then nothing is left in the directory but its lock file.
Result<Restored> restore_directory(store::Disk& disk, const ClusterConfig& config, NodeId self, store::Disk& source,
                                   const std::string& name, net::Entropy& entropy);

inline constexpr const char* unfinished_restore_file = "restore.unfinished";

}  // namespace parley::node
