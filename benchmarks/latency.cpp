#include <stdexcept>

#include "floor.hpp"
#include "measurements.hpp"
#include "run.hpp"
#include "writer.hpp"

namespace parley::bench {
namespace {

constexpr std::size_t warm_up_sends = 300;
constexpr auto poll_interval = milliseconds(5);

awaitable<void> wait_for_samples(BenchCluster& cluster, Writers& writers, std::size_t count) {
  while (writers.all().front()->latencies().count() < count) co_await cluster.cluster().pause(poll_interval);
}

awaitable<void> measure(Run run) {
  Writer::Options pattern;
  pattern.name = "latency";
  pattern.text_bytes = run.options.text_bytes;
  Writers writers(run.cluster, 1, pattern);
  co_await writers.arrive();
  writers.begin();
  co_await wait_for_samples(run.cluster, writers, warm_up_sends);
  writers.forget();
  const double cpu_before = run.cluster.cpu_seconds();
  co_await wait_for_samples(run.cluster, writers, run.options.sends);
  const double cpu = run.cluster.cpu_seconds() - cpu_before;
  co_await writers.end();
  const Samples latencies = writers.latencies();
  run.report.add("acknowledged send, one client", "send", latencies);
  const auto count = static_cast<double>(latencies.count());
  run.report.add("CPU of all nodes per send", "cpu_us_per_send", cpu * 1e6 / count, "µs");
  run.report.add("failed", "failed", static_cast<double>(writers.failed()), "");
  co_await writers.leave();
}

}  // namespace

Report measure_latency(const BenchOptions& options) { return measured("latency", options, measure); }

}  // namespace parley::bench
