#include "bench_cluster.hpp"

#include <stdlib.h>

#include <chrono>
#include <stdexcept>

#include "net/spawn.hpp"

namespace parley::bench {
namespace {

namespace fs = std::filesystem;

fs::path make_temporary() {
  std::string pattern = (fs::temp_directory_path() / "parley-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary directory");
  return pattern;
}

}  // namespace

BenchCluster::BenchCluster(const BenchOptions& options)
    : clock_(context_.get_executor()),
      network_(context_.get_executor()),
      directory_(options.directory),
      temporary_(options.directory.empty()) {
  if (temporary_) directory_ = make_temporary();
  cli::LayoutOptions layout_options;
  layout_options.nodes = options.nodes;
  layout_options.prefer_default_ports = false;
  auto layout = cli::prepare_layout(directory_, layout_options);
  if (!layout.ok()) throw std::runtime_error(layout.error().message);
  cluster_ = std::make_unique<cli::LocalCluster>(seams(), options.program, std::move(*layout));
}

BenchCluster::~BenchCluster() {
  cluster_.reset();
  std::error_code ignored;
  if (temporary_) fs::remove_all(directory_, ignored);
}

awaitable<void> BenchCluster::whole(std::function<awaitable<void>()> measurement) {
  const auto started = cluster_->start_all();
  if (!started.ok()) throw std::runtime_error(started.error().message);
  co_await leader();
  co_await measurement();
  co_await cluster_->supervisor().stop_all(std::chrono::seconds(10));
  ended_ = true;
}

void BenchCluster::run(std::function<awaitable<void>()> measurement) {
  net::spawn(context_.get_executor(), whole(std::move(measurement)));
  while (!ended_ && context_.run_one() > 0) {
  }
}

awaitable<NodeId> BenchCluster::leader() {
  const auto found = co_await cluster_->leader(std::chrono::seconds(20));
  if (!found) throw std::runtime_error("no leader within 20 s; the nodes' logs are in " + directory_.string());
  co_return *found;
}

std::vector<ProcessUsage> BenchCluster::usage() const {
  std::vector<ProcessUsage> usages;
  for (const auto& node : cluster_->layout().nodes) {
    const auto pid = cluster_->supervisor().pid(node.id);
    if (pid) usages.push_back(usage_of(*pid));
  }
  return usages;
}

double BenchCluster::cpu_seconds() const {
  double seconds = 0;
  for (const auto& usage : usage()) seconds += usage.cpu_seconds;
  return seconds;
}

}  // namespace parley::bench
