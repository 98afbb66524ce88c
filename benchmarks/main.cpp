// parley-bench: what people wait for, measured by the clients they use, on real processes with fsync on.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "floor.hpp"
#include "measurements.hpp"

namespace {

using namespace parley::bench;

std::filesystem::path beside_ourselves() {
  std::error_code ignored;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return self.parent_path() / "parley";
}

void add_common(CLI::App& command, BenchOptions& options) {
  command.add_option("--nodes", options.nodes, "nodes of the cluster")->check(CLI::Range(1, 9))->capture_default_str();
  command.add_option("--text-bytes", options.text_bytes, "length of each message")->check(CLI::Range(1, 8192))
      ->capture_default_str();
}

int run(int argc, char** argv) {
  BenchOptions options;
  options.program = beside_ourselves();
  CLI::App app("Measures a Parley cluster: real processes on loopback, fsync on, the production client.",
               "parley-bench");
  app.add_option("--parley", options.program, "the parley program to measure")->check(CLI::ExistingFile);
  app.add_option("--directory", options.directory, "where the nodes keep their data (default: a temporary directory)");
  app.add_flag("--json", options.json, "one JSON object per measurement");
  app.require_subcommand(1);
  app.fallthrough();

  auto* floor = app.add_subcommand("floor", "one fdatasync and one round trip: what no replicated write can beat");
  auto* latency = app.add_subcommand("latency", "one client, one send at a time");
  latency->add_option("--sends", options.sends, "sends to measure")->check(CLI::Range(10, 1'000'000))
      ->capture_default_str();
  auto* throughput = app.add_subcommand("throughput", "many clients at once");
  throughput->add_option("--clients", options.clients, "clients")->check(CLI::Range(1, 1000))->capture_default_str();
  throughput->add_option("--window", options.window, "sends under way per client")->check(CLI::Range(1, 128))
      ->capture_default_str();
  throughput->add_option("--seconds", options.seconds, "how long")->check(CLI::Range(1.0, 600.0))
      ->capture_default_str();
  throughput->add_flag("--one-room", options.one_room, "all in one room: every send is also pushed to all clients");
  auto* failover = app.add_subcommand("failover", "the leader is killed, again and again");
  failover->add_option("--kills", options.kills, "how often")->check(CLI::Range(1, 1000))->capture_default_str();
  auto* rolling = app.add_subcommand(
      "rolling", "every node is restarted in turn, again and again; exit code 1 if a send failed, was lost or doubled");
  rolling->add_option("--rounds", options.rounds, "how often all of them")->check(CLI::Range(1, 1000))
      ->capture_default_str();
  auto* two_kills = app.add_subcommand("two-kills", "both followers of three nodes are killed, one after the other");
  two_kills->add_option("--tries", options.tries, "how often at each distance")->check(CLI::Range(1, 100))
      ->capture_default_str();
  two_kills->add_option("--apart", options.apart, "distances in ms")->delimiter(',')->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  auto* cut = app.add_subcommand("cut", "the leader's links to the others fall silent, again and again");
  cut->add_option("--cuts", options.cuts, "how often")->check(CLI::Range(1, 1000))->capture_default_str();
  auto* rejoin = app.add_subcommand("rejoin", "a follower loses its disk under load and is filled by the others");
  rejoin->add_option("--messages", options.messages, "that it has to be sent")->check(CLI::Range(1000, 100'000'000))
      ->capture_default_str();
  rejoin->add_option("--clients", options.clients, "clients that write meanwhile")->check(CLI::Range(1, 1000))
      ->capture_default_str();
  auto* all = app.add_subcommand("all", "all of these but rejoin, one after the other");
  two_kills->add_option("--text-bytes", options.text_bytes, "length of each message")->check(CLI::Range(1, 8192))
      ->capture_default_str();
  for (auto* command : {latency, throughput, failover, rolling, cut, rejoin, all}) add_common(*command, options);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto floor_directory = options.directory.empty() ? std::filesystem::temp_directory_path() : options.directory;
  if (*floor || *all) measure_floor(floor_directory, 2000).print(options.json);
  if (*latency || *all) measure_latency(options).print(options.json);
  if (*throughput || *all) measure_throughput(options).print(options.json);
  if (*failover || *all) measure_failover(options).print(options.json);
  if (*two_kills || *all) measure_two_kills(options).print(options.json);
  if (*cut || *all) measure_cut(options).print(options.json);
  bool failed = false;
  const auto judged = [&](const Report& report) {
    report.print(options.json);
    failed = failed || report.failed();
  };
  if (*rolling || *all) judged(measure_rolling(options));
  if (*rejoin) judged(measure_rejoin(options));
  return failed ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "parley-bench: %s\n", error.what());
    return 1;
  }
}
