#include "cli/up_console.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <sstream>

namespace parley::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration status_patience = 1s;

std::string number(NodeId node) { return std::to_string(node.value); }

Result<NodeId> parse_node(const std::string& word) {
  std::uint32_t value = 0;
  const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != word.data() + word.size()) {
    return Error{"'" + word + "' is not a node's number"};
  }
  return NodeId(value);
}

// "2", or "leader" for whoever leads just now.
awaitable<Result<NodeId>> resolve(LocalCluster& cluster, std::string word) {
  if (word != "leader") co_return parse_node(word);
  const auto leader = co_await cluster.leader(status_patience);
  if (!leader) co_return Error{"there is no leader just now"};
  co_return *leader;
}

std::string state_of(LocalCluster& cluster, NodeId node, const std::map<NodeId, NodeView>& views) {
  if (!cluster.supervisor().running(node)) return "down";
  const std::string cut = cluster.supervisor().is_cut(node) ? ", cut off" : "";
  const auto view = views.find(node);
  if (view == views.end()) return "does not answer" + cut;
  return view->second.role + cut;
}

awaitable<std::string> status(LocalCluster& cluster) {
  const auto views = co_await cluster.views(status_patience);
  std::string table = "node  state                   pid      term  commit    applied   address\n";
  for (const auto& node : cluster.layout().nodes) {
    const auto view = views.find(node.id);
    const auto pid = cluster.supervisor().pid(node.id);
    const NodeView seen = view == views.end() ? NodeView() : view->second;
    char line[256];
    std::snprintf(line, sizeof line, "%-5u %-23s %-8d %-5llu %-9llu %-9llu %s\n", node.id.value,
                  state_of(cluster, node.id, views).c_str(), pid.value_or(0),
                  static_cast<unsigned long long>(seen.term), static_cast<unsigned long long>(seen.commit),
                  static_cast<unsigned long long>(seen.applied), node.client.c_str());
    table += line;
  }
  const auto leads = [](const auto& view) { return view.second.role == "leader"; };
  const auto leader = std::find_if(views.begin(), views.end(), leads);
  if (leader == views.end()) {
    table += "no leader";
  } else {
    table += "copies " + std::to_string(leader->second.copies) + ", one more failure bearable: ";
    table += leader->second.bearable;
  }
  co_return table;
}

std::string help() {
  std::string text;
  for (const auto& command : console_commands()) {
    char line[160];
    std::snprintf(line, sizeof line, "  %-8s %-9s %s\n", command.name, command.argument, command.help);
    text += line;
  }
  text.pop_back();
  return text;
}

std::string carry_out(LocalCluster& cluster, const std::string& verb, NodeId node) {
  Supervisor& nodes = cluster.supervisor();
  const Result<Nothing> done = verb == "kill"    ? nodes.kill(node)
                               : verb == "stop"  ? nodes.stop(node)
                               : verb == "start" ? nodes.start(node)
                                                 : nodes.cut(node);
  if (!done.ok()) return done.error().message;
  if (verb == "start") return "node " + number(node) + " started, pid " + std::to_string(*nodes.pid(node));
  if (verb == "cut") return "node " + number(node) + " is cut off from the others; `heal` mends it";
  return {};   // its end is said when it has come
}

}  // namespace

const std::vector<ConsoleCommand>& console_commands() {
  static const std::vector<ConsoleCommand> commands = {
      {"status", "", "who leads, who runs, how far each has got"},
      {"kill", "N|leader", "SIGKILL: the process is gone at once, as in a crash"},
      {"stop", "N|leader", "SIGTERM: the node hands over and ends in good order"},
      {"start", "N", "start it again, over its old data"},
      {"cut", "N|leader", "pull its cable to the other nodes: nothing passes, nothing is refused"},
      {"heal", "", "plug all cables in again"},
      {"help", "", "this list"},
      {"quit", "", "stop all nodes and end (also Ctrl-C and Ctrl-D)"}};
  return commands;
}

awaitable<std::string> console_answer(LocalCluster& cluster, std::string line) {
  std::istringstream words(line);
  std::string verb, argument, excess;
  words >> verb >> argument >> excess;
  if (verb.empty()) co_return std::string();
  if (verb == "status") co_return co_await status(cluster);
  if (verb == "help") co_return help();
  if (verb == "heal") {
    cluster.supervisor().heal();
    co_return std::string("all cables are in place");
  }
  if (verb != "kill" && verb != "stop" && verb != "start" && verb != "cut") {
    co_return "there is no command '" + verb + "'; `help` lists them";
  }
  if (argument.empty() || !excess.empty()) co_return verb + " wants one node, as in: " + verb + " 2";
  const auto node = co_await resolve(cluster, argument);
  if (!node.ok()) co_return node.error().message;
  co_return carry_out(cluster, verb, *node);
}

std::string describe_nodes(LocalCluster& cluster) {
  std::string text;
  for (const auto& node : cluster.layout().nodes) {
    const auto pid = cluster.supervisor().pid(node.id);
    text += "node " + number(node.id) + "  clients " + node.client + "  pid " + std::to_string(pid.value_or(0)) +
            "  data " + node.data.string() + "\n        " + cluster.supervisor().command_line(node.id) + "\n";
  }
  return text;
}

}  // namespace parley::cli
