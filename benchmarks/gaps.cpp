#include "gaps.hpp"

#include <algorithm>
#include <stdexcept>

namespace parley::bench {
namespace {

// Times in order; the window's ends count as neighbours, so that who is silent to the end is not overlooked.
Duration longest_gap(const std::vector<TimePoint>& times, TimePoint from, TimePoint to) {
  Duration longest = Duration::zero();
  TimePoint last = from;
  for (const TimePoint time : times) {
    if (time < from || time > to) continue;
    longest = std::max(longest, Duration(time - last));
    last = time;
  }
  return std::max(longest, Duration(to - last));
}

constexpr auto look_interval = milliseconds(20);
constexpr auto whole_patience = milliseconds(60'000);
constexpr std::uint64_t close_behind = 1000;   // entries: under load everybody is always a few behind
constexpr auto answer_patience = milliseconds(1000);

}  // namespace

awaitable<void> until_whole(Run run) {
  auto& cluster = run.cluster.cluster();
  const std::size_t nodes = cluster.layout().nodes.size();
  const TimePoint deadline = run.cluster.clock().now() + whole_patience;
  while (run.cluster.clock().now() < deadline) {
    const auto views = co_await cluster.views(answer_patience);
    const auto whole = [&](const auto& entry) {
      const cli::NodeView& leader = entry.second;
      const auto close = [&leader](const auto& other) { return other.second.applied + close_behind >= leader.commit; };
      return leader.role == "leader" && leader.bearable == "yes" && leader.voters.size() == nodes &&
             leader.connected.size() == nodes && std::ranges::all_of(views, close);
    };
    if (views.size() == nodes && std::ranges::any_of(views, whole)) co_return;
    co_await cluster.pause(look_interval);
  }
  throw std::runtime_error("not all nodes became voters again in time");
}

Writers spread_writers(Run run) {
  std::vector<NodeId> homes;
  for (const auto& node : run.cluster.cluster().layout().nodes) homes.push_back(node.id);
  Writer::Options pattern;
  pattern.name = "writer";
  pattern.text_bytes = run.options.text_bytes;
  pattern.retry = client_retry;
  return Writers(run.cluster, disturbed_writers, pattern, homes);
}

Duration longest_gap_overall(Writers& writers, TimePoint from, TimePoint to, const WriterFilter& counts) {
  std::vector<TimePoint> all;
  for (const auto& writer : writers.all()) {
    if (counts && !counts(*writer)) continue;
    all.insert(all.end(), writer->acknowledged_at().begin(), writer->acknowledged_at().end());
  }
  std::sort(all.begin(), all.end());
  return longest_gap(all, from, to);
}

Duration longest_gap_of_one(Writers& writers, TimePoint from, TimePoint to, const WriterFilter& counts) {
  Duration longest = Duration::zero();
  for (const auto& writer : writers.all()) {
    if (counts && !counts(*writer)) continue;
    longest = std::max(longest, longest_gap(writer->acknowledged_at(), from, to));
  }
  return longest;
}

void require(const Result<Nothing>& result) {
  if (!result.ok()) throw std::runtime_error(result.error().message);
}

}  // namespace parley::bench
