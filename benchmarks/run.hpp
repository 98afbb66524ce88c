#pragma once

#include <functional>
#include <string>

#include "bench_cluster.hpp"
#include "report.hpp"

namespace parley::bench {

// What a measurement is given.
struct Run {
  BenchCluster& cluster;
  const BenchOptions& options;
  Report& report;
};

// One measurement over a cluster of its own.
Report measured(const std::string& name, const BenchOptions& options,
                const std::function<awaitable<void>(Run)>& measurement);

}  // namespace parley::bench
