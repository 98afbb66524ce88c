#include "cli/recover_survey.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <filesystem>
#include <utility>

#include "cli/ask.hpp"
#include "cli/json_fields.hpp"
#include "net/steady_clock.hpp"
#include "net/system_entropy.hpp"
#include "net/tcp_network.hpp"
#include "node/data_directory.hpp"
#include "store/log_reader.hpp"
#include "store/posix_disk.hpp"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

constexpr Duration answer_patience = milliseconds(2000);
constexpr Duration election_patience = milliseconds(5000);
constexpr Duration ask_again = milliseconds(300);

awaitable<Survivor> ask_one(ClientSeams seams, NodeId node, std::string address) {
  Survivor survivor;
  survivor.node = node;
  survivor.where = address;
  json::object nothing;
  const TimePoint deadline = seams.clock.now() + answer_patience;
  const auto answer = co_await ask(seams, std::move(address), "status", std::move(nothing), deadline);
  if (!answer.ok()) {
    survivor.trouble = answer.error().message;
    co_return survivor;
  }
  survivor.runs = true;
  const auto leader = number_field(*answer, "leader");
  if (leader) survivor.leader = NodeId(static_cast<std::uint32_t>(*leader));
  survivor.last = raft::EntryId{Term(0), Index(number_field(*answer, "persisted").value_or(0))};
  co_return survivor;
}

awaitable<void> ask_all(ClientSeams seams, std::vector<std::pair<NodeId, std::string>> nodes,
                        std::vector<Survivor>& survivors) {
  const auto alarm = seams.clock.make_alarm();
  const TimePoint deadline = seams.clock.now() + election_patience;
  for (;;) {
    survivors.clear();
    for (const auto& [node, address] : nodes) {
      auto survivor = co_await ask_one(seams, node, address);
      survivors.push_back(std::move(survivor));
    }
    const bool led = std::ranges::any_of(survivors, [](const auto& one) { return one.leader.has_value(); });
    const bool some = std::ranges::any_of(survivors, &Survivor::runs);
    if (led || !some || seams.clock.now() >= deadline) co_return;
    const TimePoint again = seams.clock.now() + ask_again;
    while (seams.clock.now() < again) co_await alarm->wait_until(again);
  }
}

void read_directory(const std::string& data, Survivor& survivor) {
  std::error_code error;
  if (!fs::is_directory(fs::path(data) / node::log_directory, error)) return;
  survivor.where = data;
  try {
    store::PosixDisk disk(data);
    const auto lock = disk.lock(node::lock_file);
    if (!lock) {
      survivor.trouble = data + " is used by a running node: stop it";
      return;
    }
    const auto last = store::last_entry(disk, node::log_directory);
    if (last.ok()) survivor.last = *last;
    survivor.trouble = last.ok() ? std::string() : last.error().message;
  } catch (const store::DiskError& failure) {
    survivor.trouble = failure.what();
  }
}

}  // namespace

std::vector<Survivor> survey(const node::ClusterConfig& config, NodeId self, const std::string& own_data) {
  boost::asio::io_context context{1};
  net::SteadyClock clock(context.get_executor());
  net::TcpNetwork network(context.get_executor());
  net::SystemEntropy entropy;
  const ClientSeams seams{context.get_executor(), clock, network, entropy};
  std::vector<std::pair<NodeId, std::string>> others;
  for (const auto& node : config.nodes) {
    if (node.id != self) others.emplace_back(node.id, node.client.advertise);
  }
  std::vector<Survivor> survivors;
  boost::asio::co_spawn(context, ask_all(seams, std::move(others), survivors), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  context.run();
  for (auto& survivor : survivors) {
    if (!survivor.runs) read_directory(config.find(survivor.node)->data, survivor);
  }
  Survivor own;
  own.node = self;
  own.where = own_data;
  read_directory(own_data, own);
  if (!own.last && own.trouble.empty()) own.trouble = own_data + " is not the data directory of a node";
  survivors.insert(survivors.begin(), std::move(own));
  return survivors;
}

const Survivor* best_of(const std::vector<Survivor>& survivors) {
  const Survivor* best = nullptr;
  for (const auto& survivor : survivors) {
    if (survivor.runs || !survivor.last) continue;
    if (best == nullptr || *survivor.last > *best->last) best = &survivor;
  }
  return best;
}

const Survivor* longer_than(raft::EntryId last, const std::vector<Survivor>& survivors) {
  const auto longer = [last](const auto& one) { return one.runs && one.last && one.last->index > last.index; };
  const auto found = std::ranges::find_if(survivors, longer);
  return found == survivors.end() ? nullptr : &*found;
}

}  // namespace parley::cli
