#include "run.hpp"

namespace parley::bench {

Report measured(const std::string& name, const BenchOptions& options,
                const std::function<awaitable<void>(Run)>& measurement) {
  Report report(name);
  BenchCluster cluster(options);
  const Run run{cluster, options, report};
  cluster.run([&run, &measurement] { return measurement(run); });
  return report;
}

}  // namespace parley::bench
