#pragma once

#include "bench_cluster.hpp"
#include "report.hpp"

namespace parley::bench {

// Each starts a cluster of its own, measures what a client sees, and ends it. Throw std::runtime_error if they can't.

// One client, one send at a time: from the call to the acknowledgement.
Report measure_latency(const BenchOptions& options);

// `clients` clients with `window` sends under way each, for `seconds`: acknowledged sends a second, what each took,
// CPU seconds of the nodes, and their memory.
Report measure_throughput(const BenchOptions& options);

// `kills` times: 8 writers spread over all nodes, the leader gets SIGKILL. The longest time without any acknowledged
// write, and the longest of any single writer.
Report measure_failover(const BenchOptions& options);

// `rounds` times each node in turn, under the same writers: SIGTERM, waited for, started, waited for as OPERATIONS.md
// says. The gaps that this leaves, what a stop takes, and whether each send is in the room exactly once.
Report measure_rolling(const BenchOptions& options);

// `tries` times at each distance of `apart`: the two followers of three nodes are killed so long one after the other.
// How often the leader went on alone, and how long nothing was acknowledged.
Report measure_two_kills(const BenchOptions& options);

// `cuts` times: the leader's links to the others fall silent, as by a pulled cable.
Report measure_cut(const BenchOptions& options);

// With `messages` in a room and `clients` clients writing on, a follower loses its data directory: how long it takes to
// be a voter again, what the writers notice of it, and what each process needs of memory.
Report measure_rejoin(const BenchOptions& options);

}  // namespace parley::bench
