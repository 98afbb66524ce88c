#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "gaps.hpp"

namespace parley::bench {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::size_t fill_window = 32;      // sends under way per client while the room fills
constexpr auto usual = 20s;                  // of undisturbed writing, to compare with
constexpr auto look = 100ms;
constexpr Duration rejoin_most = 10min;
constexpr double mib = 1024.0 * 1024.0;

awaitable<void> fill(Run run) {
  Writer::Options pattern;
  pattern.name = "filler";
  pattern.window = fill_window;
  pattern.text_bytes = run.options.text_bytes;
  Writers fillers(run.cluster, run.options.clients, pattern);
  co_await fillers.arrive();
  const TimePoint begin = run.cluster.clock().now();
  fillers.begin();
  std::size_t count = 0;
  while (count < run.options.messages) {
    co_await run.cluster.cluster().pause(look);
    count = 0;
    for (const auto& filler : fillers.all()) count += filler->acknowledged().size();
  }
  co_await fillers.end();
  if (fillers.failed() > 0) throw std::runtime_error("a send failed while the room was filled");
  const double seconds = std::chrono::duration<double>(run.cluster.clock().now() - begin).count();
  run.report.add("messages in the room", "messages", static_cast<double>(count), "");
  run.report.add("they were sent at", "fill_per_second", static_cast<double>(count) / seconds, "/s");
  co_await fillers.leave();
}

// The most that any process of a node has taken since it was cleared (proc(5): VmHWM).
std::uint64_t peak_resident(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
  }
  return 0;
}

awaitable<NodeId> some_follower(Run run) {
  const NodeId leader = co_await run.cluster.leader();
  for (const auto& node : run.cluster.cluster().layout().nodes) {
    if (node.id != leader) co_return node.id;
  }
  throw std::runtime_error("there is no follower to wipe: --nodes 3");
}

struct Rejoined {
  Duration took{};
  double archive_bytes = 0;
};

awaitable<Rejoined> wipe(Run run, NodeId node) {
  auto& cluster = run.cluster.cluster();
  net::Clock& clock = run.cluster.clock();
  require(cluster.supervisor().kill(node));
  co_await cluster.supervisor().wait_until_ended(node);
  fs::path data;
  for (const auto& one : cluster.layout().nodes) {
    if (one.id == node) data = one.data;
  }
  Rejoined rejoined;
  rejoined.archive_bytes = static_cast<double>(fs::file_size(data / "archive.db"));
  fs::remove_all(data);
  const TimePoint begin = clock.now();
  require(cluster.supervisor().start(node));
  bool whole = false;
  while (!whole) {
    if (clock.now() > begin + rejoin_most) throw std::runtime_error("the wiped node did not become a voter in time");
    whole = co_await cluster.caught_up(5s);
  }
  rejoined.took = clock.now() - begin;
  co_return rejoined;
}

// The bars of BENCHMARKS.md; the second is for a million messages, as large as the default.
constexpr double p99_ratio_most = 2;
constexpr double peak_mib_most = 256;

void report_writers(Run run, const Samples& before, const Samples& during) {
  run.report.add("each send, before", "send_before", before);
  run.report.add("each send, while the node is filled", "send_during", during);
  const double ratio = static_cast<double>(during.percentile(99).count()) /
                       static_cast<double>(std::max<Duration::rep>(before.percentile(99).count(), 1));
  run.report.add("p99 while it is filled, times the usual one", "p99_ratio", ratio, "");
  if (ratio > p99_ratio_most) run.report.fail("the writers had to wait too long");
}

void report_memory(Run run, NodeId wiped) {
  for (const auto& one : run.cluster.cluster().layout().nodes) {
    const auto pid = run.cluster.cluster().supervisor().pid(one.id);
    const std::string id = std::to_string(one.id.value);
    const std::string which = one.id == wiped ? " (the wiped one)" : "";
    const double peak = pid ? static_cast<double>(peak_resident(*pid)) / mib : 0;
    run.report.add("most memory of node " + id + which, "peak_mib_" + id, peak, "MiB");
    if (peak > peak_mib_most) run.report.fail("node " + id + " took more memory than it may");
  }
}

awaitable<void> measure(Run run) {
  co_await fill(run);
  Writer::Options pattern;
  pattern.name = "writer";
  pattern.text_bytes = run.options.text_bytes;
  Writers writers(run.cluster, run.options.clients, pattern);
  co_await writers.arrive();
  writers.begin();
  co_await run.cluster.cluster().pause(1s);   // warm-up
  writers.forget();
  co_await run.cluster.cluster().pause(usual);
  const Samples before = writers.latencies();
  writers.forget();
  const NodeId node = co_await some_follower(run);
  const Rejoined rejoined = co_await wipe(run, node);
  const Samples during = writers.latencies();
  co_await writers.end();
  const double seconds = std::chrono::duration<double>(rejoined.took).count();
  run.report.add("writers", "writers", static_cast<double>(run.options.clients), "");
  run.report.add("archive", "archive_mib", rejoined.archive_bytes / mib, "MiB");
  run.report.add("from an empty directory to a voter", "rejoin_seconds", seconds, "s");
  report_writers(run, before, during);
  report_memory(run, node);
  run.report.add("failed", "failed", static_cast<double>(writers.failed_ever()), "");
  if (writers.failed_ever() > 0) run.report.fail("a send failed");
  co_await writers.leave();
}

}  // namespace

Report measure_rejoin(const BenchOptions& options) { return measured("rejoin", options, measure); }

}  // namespace parley::bench
