#include "cli/demo_command.hpp"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <future>
#include <thread>

#include "cli/complaint.hpp"
#include "cli/local_security.hpp"
#include "cli/up_session.hpp"
#include "net/spawn.hpp"
#include "net/steady_clock.hpp"
#include "net/system_entropy.hpp"
#include "net/tcp_network.hpp"

namespace parley::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_leader_patience = 30s;
constexpr Duration stop_patience = 10s;

// The cluster on a thread of its own, while the chat has the terminal. The nodes die with that thread (prctl(2)).
class BackgroundCluster {
 public:
  BackgroundCluster(const LocalLayout& layout, net::PeerSecurity security)   // the proxies carry what the nodes say
      : clock_(context_.get_executor()),
        network_(context_.get_executor(), std::move(security)),
        cluster_(seams(), own_program(), layout) {}

  // Starts the nodes; returns when there is a leader. The error says why there is none.
  Result<Nothing> start() {
    thread_ = std::thread([this] {
      net::spawn(context_.get_executor(), whole());
      context_.run();
    });
    return ready_.get_future().get();
  }

  void stop() {
    if (!thread_.joinable()) return;
    boost::asio::post(context_, [this] {
      stopping_ = true;
      alarm_->ring();
    });
    thread_.join();
  }

 private:
  ClientSeams seams() { return {context_.get_executor(), clock_, network_, entropy_}; }

  awaitable<void> whole() {
    auto started = cluster_.start_all();
    if (started.ok()) {
      const auto leader = co_await cluster_.leader(first_leader_patience);
      const std::string where = cluster_.layout().directory.string();
      if (!leader) started = Error{"no leader within 30 s; the nodes' logs are in " + where};
    }
    ready_.set_value(started);
    while (!stopping_) co_await alarm_->wait_until(never);
    co_await cluster_.supervisor().stop_all(stop_patience);
  }

  boost::asio::io_context context_{1};
  net::SteadyClock clock_;
  net::TcpNetwork network_;
  net::SystemEntropy entropy_;
  LocalCluster cluster_;
  std::unique_ptr<net::Alarm> alarm_ = clock_.make_alarm();
  bool stopping_ = false;
  std::promise<Result<Nothing>> ready_;
  std::thread thread_;
};

}  // namespace

int demo_command(const UpOptions& options, ChatOptions chat) {
  UpOptions up = options;
  up.temporary = up.temporary || ::isatty(STDIN_FILENO) == 0;
  if (up.temporary) chat.no_store = true;
  auto taken = ClusterDirectory::take(up);
  if (taken.problem == ClusterDirectory::Problem::in_use) {
    if (up.fresh) return complain("demo", taken.message + "; end it before you start a fresh one", exit_wrong);
    std::fprintf(stderr, "The cluster is running already: this is a second chat with it.\n");
    chat.config_file = (up.directory / "cluster_config.json").string();
    return chat_command(chat);
  }
  if (!taken.directory) return complain("demo", taken.message, exit_wrong);
  const LocalLayout& layout = taken.directory->layout();
  auto security = load_local_security(layout);
  if (!security.ok()) return complain("demo", security.error().message, exit_wrong);
  std::fprintf(stderr, "Starting %zu nodes; their data and logs are in %s\n", layout.nodes.size(),
               layout.directory.c_str());
  BackgroundCluster cluster(layout, std::move(*security));
  const auto started = cluster.start();
  int exit_code = exit_failed;
  if (started.ok()) {
    chat.config_file = layout.config_file.string();
    exit_code = chat_command(chat);
  } else {
    exit_code = complain("demo", started.error().message, exit_failed);
  }
  cluster.stop();
  return exit_code;
}

}  // namespace parley::cli
