#include <sys/resource.h>

#include <algorithm>

#include "measurements.hpp"
#include "run.hpp"
#include "writer.hpp"

namespace parley::bench {
namespace {

using namespace std::chrono_literals;

double own_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

awaitable<void> measure(Run run) {
  Writer::Options pattern;
  pattern.name = "load";
  pattern.window = run.options.window;
  pattern.text_bytes = run.options.text_bytes;
  pattern.own_room = !run.options.one_room;
  Writers writers(run.cluster, run.options.clients, pattern);
  co_await writers.arrive();
  writers.begin();
  co_await run.cluster.cluster().pause(1s);   // warm-up
  writers.forget();
  const double cpu_before = run.cluster.cpu_seconds();
  const double own_before = own_cpu_seconds();
  const TimePoint begin = run.cluster.clock().now();
  const std::chrono::duration<double> wanted(run.options.seconds);
  co_await run.cluster.cluster().pause(std::chrono::duration_cast<Duration>(wanted));
  const double elapsed = std::chrono::duration<double>(run.cluster.clock().now() - begin).count();
  const Samples latencies = writers.latencies();
  const double cpu = run.cluster.cpu_seconds() - cpu_before;
  const double own = own_cpu_seconds() - own_before;
  const auto usage = run.cluster.usage();
  co_await writers.end();

  const auto count = static_cast<double>(latencies.count());
  run.report.add("clients", "clients", static_cast<double>(run.options.clients), "");
  run.report.note("rooms", run.options.one_room ? "one for all: every send is pushed to all clients" : "one a client");
  run.report.add("sends under way per client", "window", static_cast<double>(run.options.window), "");
  run.report.add("acknowledged sends", "sends_per_second", count / elapsed, "/s");
  run.report.add("each", "send", latencies);
  run.report.add("CPU of all nodes per send", "cpu_us_per_send", cpu * 1e6 / count, "µs");
  run.report.add("CPU of the clients per send", "client_cpu_us_per_send", own * 1e6 / count, "µs");
  std::uint64_t largest = 0;
  for (const auto& node : usage) largest = std::max(largest, node.resident_bytes);
  run.report.add("memory of the largest node", "resident_mib", static_cast<double>(largest) / (1 << 20), "MiB");
  run.report.add("failed", "failed", static_cast<double>(writers.failed()), "");
  co_await writers.leave();
}

}  // namespace

Report measure_throughput(const BenchOptions& options) { return measured("throughput", options, measure); }

}  // namespace parley::bench
