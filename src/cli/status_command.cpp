#include "cli/status_command.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <exception>
#include <memory>
#include <utility>

#include "cli/ask.hpp"
#include "cli/complaint.hpp"
#include "cli/json_fields.hpp"
#include "cli/server_finder.hpp"
#include "cli/status_table.hpp"
#include "net/spawn.hpp"
#include "net/steady_clock.hpp"
#include "net/system_entropy.hpp"
#include "net/tcp_network.hpp"

namespace parley::cli {
namespace {

constexpr std::size_t nodes_max = 64;   // asked in one run

// Asks all addresses at once, and then those that the answers name beside them.
class Survey {
 public:
  Survey(ClientSeams seams, milliseconds timeout)
      : seams_(seams), timeout_(timeout), alarm_(seams.clock.make_alarm()) {}

  awaitable<void> run(std::vector<std::string> addresses) {
    add(addresses);
    co_await ask_all();
    add(named());
    co_await ask_all();
  }
  const std::vector<NodeAnswer>& answers() const { return answers_; }

 private:
  void add(const std::vector<std::string>& addresses) {
    for (const auto& address : addresses) {
      const auto known = [&address](const NodeAnswer& answer) { return answer.address == address; };
      if (answers_.size() >= nodes_max || std::any_of(answers_.begin(), answers_.end(), known)) continue;
      answers_.emplace_back().address = address;
    }
  }

  // Voters' addresses, but not of nodes that have answered under another name.
  std::vector<std::string> named() const {
    std::vector<std::uint64_t> answered;
    for (const auto& answer : answers_) {
      if (const auto node = number_field(answer.status, "node")) answered.push_back(*node);
    }
    std::vector<std::string> addresses;
    for (const auto& answer : answers_) {
      const auto* voters = array_field(answer.status, "voters");
      if (voters == nullptr) continue;
      for (const auto& voter : *voters) {
        const auto* fields = voter.if_object();
        const auto node = fields ? number_field(*fields, "node") : std::nullopt;
        if (!node || std::find(answered.begin(), answered.end(), *node) != answered.end()) continue;
        addresses.push_back(text_field(*fields, "address"));
      }
    }
    std::erase(addresses, std::string());
    return addresses;
  }

  awaitable<void> ask_all() {
    for (; asked_ < answers_.size(); ++asked_) {
      ++under_way_;
      net::spawn(seams_.executor, ask_one(asked_));
    }
    while (under_way_ > 0) co_await alarm_->wait_until(never);
  }

  awaitable<void> ask_one(std::size_t index) {
    const TimePoint deadline = seams_.clock.now() + timeout_;
    std::string address = answers_[index].address;
    json::object nothing;
    auto answer = co_await ask(seams_, std::move(address), "status", std::move(nothing), deadline);
    if (answer.ok()) {
      answers_[index].status = std::move(*answer);
    } else {
      answers_[index].problem = answer.error().message;
    }
    --under_way_;
    alarm_->ring();
  }

  ClientSeams seams_;
  milliseconds timeout_;
  std::unique_ptr<net::Alarm> alarm_;
  std::vector<NodeAnswer> answers_;
  std::size_t asked_ = 0;
  std::size_t under_way_ = 0;
};

}  // namespace

int status_command(const StatusOptions& options) {
  const StateDirectory state(options.state_directory);
  auto servers = find_servers(options.servers, options.config_file, state);
  if (!servers) return complain("status", servers.error().message, exit_wrong);
  boost::asio::io_context context{1};
  net::SteadyClock clock(context.get_executor());
  net::TcpNetwork network(context.get_executor());
  net::SystemEntropy entropy;
  const ClientSeams seams{context.get_executor(), clock, network, entropy};
  Survey survey(seams, options.timeout);
  boost::asio::co_spawn(context, survey.run(std::move(servers->addresses)), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  context.run();

  const ClusterView view = summarise(survey.answers());
  if (options.json) {
    std::printf("%s\n", json::serialize(view.summary).c_str());
  } else {
    for (const auto& line : view.lines) std::printf("%s\n", line.c_str());
  }
  return view.has_leader ? 0 : 1;
}

}  // namespace parley::cli
