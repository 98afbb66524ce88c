#pragma once

#include <string>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "net/entropy.hpp"
#include "store/disk.hpp"
#include "store/identity.hpp"

// How a data directory that can't be used any more is given up without a hand, and begun anew (decisions 0020, 0024).
//
// Invariants, also where the power fails at any moment of it:
//
//  1. Who ever belonged to a cluster never founds another one. The new identity names the cluster of the one that was
//     set aside, before anybody hears of it; three nodes whose logs are all damaged wait for each other.
//  2. It never takes part as who it was: votes and acknowledgements of the former incarnation are void with its log.
//  3. Log before identity, as in birth.hpp: an identity with a cluster and a log without its first record is a lost
//     log.
//  4. What was set aside is overwritten only by what once was whole in its place: data that was begun anew and not
//     filled yet is discarded instead.
//  5. Who is the only voter, as far as can be read, keeps what it has in its place: nobody else has what it lacks.
//
// The steps, each durable before the next:
//
//  a. set_data_aside(): identity, then log and archive get other names; or, of data that was never filled, the identity
//     is replaced by a fresh one without a cluster.
//  b. An identity is made: a fresh incarnation, no cluster.
//  c. An identity without a cluster beside an "identity.aside" with one: whatever lies in the places of log and archive
//     is discarded (it is of an earlier try, or was to be), and the mark "unfilled" is made for this incarnation;
//  d. archive and log are made, the log with the record of a node that joins;
//  e. the identity is saved with the cluster.
//
// Nothing but open_data_directory() ever sees a directory between a and e. The mark goes when the new incarnation is a
// voter by a committed configuration.

namespace parley::node {

// Gives up what the directory holds; nothing of it is open. Returns what became of it, in words. Throws DiskError.
Result<std::string> set_data_aside(store::Disk& disk, net::Entropy& entropy);

// The same for what turned out to be damaged while nobody else can judge: refused for the only voter.
Result<std::string> set_damaged_data_aside(store::Disk& disk, net::Entropy& entropy);

// Whether this node is the only voter of its cluster by the latest configuration that can be read, of the archive and
// of what is not damaged of the log, or by one that may hold instead of it. Throws DiskError.
bool is_only_voter(store::Disk& disk, const store::Identity& identity);

store::Identity fresh_identity(store::Disk& disk, NodeId id, net::Entropy& entropy);   // in no cluster

// Step c: the cluster that the directory belonged to, if `identity` is to be given that; 0: nothing is to be done.
Result<ClusterId> begin_data_anew(store::Disk& disk, const store::Identity& identity);

}  // namespace parley::node
