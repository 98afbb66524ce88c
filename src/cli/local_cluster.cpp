#include "cli/local_cluster.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "net/spawn.hpp"

namespace parley::cli {
namespace {

constexpr auto poll_interval = milliseconds(20);
constexpr auto answer_patience = milliseconds(1000);

// The answers of one round of questions; shared by the questions under way and the asker.
struct Round {
  std::map<NodeId, NodeView> views;
  std::size_t open = 0;
  std::unique_ptr<net::Alarm> alarm;
};

awaitable<void> ask_one(ClientSeams seams, std::shared_ptr<Round> round, NodeId node, std::string address,
                        TimePoint deadline) {
  auto view = co_await ask_view(seams, std::move(address), deadline);
  if (view.ok()) round->views[node] = *view;
  --round->open;
  round->alarm->ring();
}

}  // namespace

LocalCluster::LocalCluster(ClientSeams seams, std::filesystem::path program, LocalLayout layout,
                           std::vector<std::string> extra_arguments)
    : seams_(seams),
      supervisor_(seams.executor, seams.clock, seams.network, std::move(program), std::move(layout),
                  std::move(extra_arguments)) {}

std::vector<std::string> LocalCluster::servers() const {
  std::vector<std::string> addresses;
  for (const auto& node : layout().nodes) addresses.push_back(node.client);
  return addresses;
}

std::string LocalCluster::server(NodeId id) const {
  for (const auto& node : layout().nodes) {
    if (node.id == id) return node.client;
  }
  return {};
}

Result<Nothing> LocalCluster::start_all() {
  auto opened = supervisor_.open();
  if (!opened.ok()) return opened;
  for (const auto& node : layout().nodes) {
    auto started = supervisor_.start(node.id);
    if (!started.ok()) return started;
  }
  return success();
}

awaitable<std::map<NodeId, NodeView>> LocalCluster::views(Duration patience) {
  auto round = std::make_shared<Round>();
  round->alarm = seams_.clock.make_alarm();
  const TimePoint deadline = seams_.clock.now() + patience;
  for (const auto& node : layout().nodes) {
    if (!supervisor_.running(node.id)) continue;
    ++round->open;
    net::spawn(seams_.executor, ask_one(seams_, round, node.id, node.client, deadline));
  }
  while (round->open > 0 && seams_.clock.now() < deadline) co_await round->alarm->wait_until(deadline);
  co_return round->views;
}

std::optional<NodeId> LocalCluster::agreed_leader(const std::map<NodeId, NodeView>& views) const {
  for (const auto& [candidate, own] : views) {
    if (own.role != "leader" || supervisor_.is_cut(candidate)) continue;
    const auto votes = [&own](NodeId node) {
      return std::find(own.voters.begin(), own.voters.end(), node.value) != own.voters.end();
    };
    const auto followers = std::count_if(views.begin(), views.end(), [&](const auto& v) {
      return votes(v.first) && v.second.leader == candidate.value && v.second.term == own.term;
    });
    if (2 * static_cast<std::size_t>(followers) > own.voters.size()) return candidate;
  }
  return std::nullopt;
}

awaitable<std::optional<NodeId>> LocalCluster::leader(Duration at_most) {
  const TimePoint deadline = seams_.clock.now() + at_most;
  for (;;) {
    const auto answers = co_await views(answer_patience);
    const auto agreed = agreed_leader(answers);
    if (agreed || seams_.clock.now() >= deadline) co_return agreed;
    co_await pause(poll_interval);
  }
}

awaitable<bool> LocalCluster::caught_up(Duration at_most) {
  const TimePoint deadline = seams_.clock.now() + at_most;
  std::uint64_t goal = 0;   // what the leader had committed when it was first found
  while (seams_.clock.now() < deadline) {
    const auto answers = co_await views(answer_patience);
    const auto agreed = agreed_leader(answers);
    if (agreed && goal == 0) goal = answers.at(*agreed).commit;
    const auto behind = [&](const LocalNode& node) {
      if (!supervisor_.running(node.id) || supervisor_.is_cut(node.id)) return false;
      const auto view = answers.find(node.id);
      // A node that has just returned is a voter still by what its leader says, until that takes its vote for having
      // been away. Not any more once they are connected.
      const auto& voters = answers.at(*agreed).connected;
      const bool votes = std::find(voters.begin(), voters.end(), node.id.value) != voters.end();
      return !votes || view == answers.end() || view->second.applied < goal || view->second.leader != agreed->value;
    };
    if (agreed && std::none_of(layout().nodes.begin(), layout().nodes.end(), behind)) co_return true;
    co_await pause(poll_interval);
  }
  co_return false;
}

awaitable<void> LocalCluster::pause(Duration duration) {
  const auto alarm = seams_.clock.make_alarm();
  const TimePoint until = seams_.clock.now() + duration;
  while (seams_.clock.now() < until) co_await alarm->wait_until(until);
}

}  // namespace parley::cli
