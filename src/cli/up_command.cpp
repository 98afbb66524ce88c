#include "cli/up_command.hpp"

#include <signal.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>

#include "cli/complaint.hpp"
#include "cli/line_input.hpp"
#include "cli/local_security.hpp"
#include "cli/up_console.hpp"
#include "cli/up_session.hpp"
#include "net/spawn.hpp"
#include "net/steady_clock.hpp"
#include "net/system_entropy.hpp"
#include "net/tcp_network.hpp"

namespace parley::cli {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr Duration first_leader_patience = 30s;
constexpr Duration stop_patience = 10s;

// `parley up` from the start of its nodes to their end; everything on one strand.
class Up {
 public:
  Up(const LocalLayout& layout, net::PeerSecurity security)   // the proxies carry what the nodes say
      : clock_(context_.get_executor()),
        network_(context_.get_executor(), std::move(security)),
        cluster_(seams(), own_program(), layout),
        watch_(seams(), cluster_.servers(), [this](const std::string& text) { say(text); }),
        input_(context_.get_executor(), clock_, STDIN_FILENO),
        signals_(context_, SIGINT, SIGTERM),
        terminal_(::isatty(STDIN_FILENO) == 1) {}

  int run() {
    net::spawn(context_.get_executor(), signal_loop());
    net::spawn(context_.get_executor(), whole());
    context_.run();
    return exit_code_;
  }

 private:
  ClientSeams seams() { return {context_.get_executor(), clock_, network_, entropy_}; }

  void say(const std::string& text) {
    if (!text.empty()) std::printf("%s%s\n", terminal_ ? "\r\033[K" : "", text.c_str());
    prompt();
  }
  void prompt() {
    if (terminal_ && prompting_) std::printf("up> ");
    std::fflush(stdout);
  }

  awaitable<void> whole() {
    const auto started = cluster_.start_all();
    if (started.ok()) {
      cluster_.supervisor().on_end([this](const ChildEnd& end) { ended(end); });
      std::printf("%s", describe_nodes(cluster_).c_str());
      std::printf("`help` lists the commands. In another terminal: parley chat --config %s\n",
                  cluster_.layout().config_file.c_str());
      std::fflush(stdout);
      net::spawn(context_.get_executor(), watch_.run());
      co_await console();
    } else {
      exit_code_ = complain("up", started.error().message, exit_failed);
    }
    prompting_ = false;
    say("stopping the nodes ...");
    watch_.stop();
    co_await cluster_.supervisor().stop_all(stop_patience);
    signals_.cancel();
  }

  awaitable<void> console() {
    const auto leader = co_await cluster_.leader(first_leader_patience);
    if (!leader) say("no leader yet; the nodes' logs are in " + cluster_.layout().directory.string());
    prompting_ = true;
    for (;;) {
      prompt();
      auto line = co_await input_.next();
      if (!line || *line == "quit") co_return;
      const std::string answer = co_await console_answer(cluster_, std::move(*line));
      if (!answer.empty()) std::printf("%s\n", answer.c_str());
    }
  }

  awaitable<void> signal_loop() {
    auto result = co_await signals_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!std::get<0>(result)) input_.stop();
  }

  void ended(const ChildEnd& end) {
    const std::string who = "node " + std::to_string(end.node.value);
    say(end.asked ? who + " is down" : who + " " + end.describe() + " by itself; see " +
                                           cluster_.supervisor().log_file(end.node).string());
  }

  asio::io_context context_{1};
  net::SteadyClock clock_;
  net::TcpNetwork network_;
  net::SystemEntropy entropy_;
  LocalCluster cluster_;
  LeaderWatch watch_;
  LineInput input_;
  asio::signal_set signals_;
  bool terminal_;
  bool prompting_ = false;
  int exit_code_ = 0;
};

}  // namespace

int up_command(const UpOptions& options) {
  auto taken = ClusterDirectory::take(options);
  if (!taken.directory) return complain("up", taken.message, exit_wrong);
  const LocalLayout& layout = taken.directory->layout();
  auto security = load_local_security(layout);
  if (!security.ok()) return complain("up", security.error().message, exit_wrong);
  Up up(layout, std::move(*security));
  return up.run();
}

}  // namespace parley::cli
