#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>

#include "cli/chat_command.hpp"
#include "cli/demo_command.hpp"
#include "cli/node_command.hpp"
#include "cli/status_command.hpp"
#include "cli/up_command.hpp"

namespace {

namespace cli = parley::cli;

constexpr int exit_failure = 1;
constexpr int exit_usage = 2;

using Run = std::function<int()>;   // what the chosen subcommand does

void add_node(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("node", "run one node of a cluster in the foreground");
  auto options = std::make_shared<cli::NodeOptions>();
  command->add_option("--config", options->config_file, "the cluster's configuration file")->capture_default_str();
  command->add_option("--id", options->id, "which of its nodes to be")->required();
  command->add_option("--log-level", options->log_level, "debug, info, warn or error")->capture_default_str();
  command->add_option("--log-format", options->log_format, "text or json, on standard error")->capture_default_str();
  command->callback([options, &run] { run = [options] { return cli::node_command(*options); }; });
}

// How to find the nodes; equal for all that talk to a cluster.
template <class Options>
void add_servers(CLI::App& command, Options& options) {
  command.add_option("--server", options.servers, "client addresses of nodes, host:port")->delimiter(',');
  command.add_option("--config", options.config_file, "find the nodes in this configuration file")
      ->envname("PARLEY_CONFIG");
  command.add_option("--state-dir", options.state_directory, "where this program keeps what it knows between runs");
}

void add_chat_options(CLI::App& command, cli::ChatOptions& options, std::int64_t& drain_ms) {
  command.add_option("--account", options.account, "whose login to resume");
  command.add_flag("--json", options.json, "one JSON object a line");
  command.add_flag("--stay", options.stay, "stay on the node reached first, don't follow the leader");
  command.add_flag("--no-resume", options.no_resume, "begin logged out");
  command.add_flag("--no-store", options.no_store, "keep nothing on disk; what is pending ends with the program");
  drain_ms = options.drain_timeout.count();
  command.add_option("--drain-timeout", drain_ms, "piped input: milliseconds to wait at the end for what is pending")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

void add_chat(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("chat", "talk: the interactive client; with piped input it reads commands");
  auto options = std::make_shared<cli::ChatOptions>();
  auto drain_ms = std::make_shared<std::int64_t>();
  add_servers(*command, *options);
  add_chat_options(*command, *options, *drain_ms);
  command->callback([options, drain_ms, &run] {
    options->drain_timeout = parley::milliseconds(*drain_ms);
    run = [options] { return cli::chat_command(*options); };
  });
}

void add_status(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("status", "show the leader, the voters and how far each node is");
  auto options = std::make_shared<cli::StatusOptions>();
  auto timeout_ms = std::make_shared<std::int64_t>(options->timeout.count());
  add_servers(*command, *options);
  command->add_flag("--json", options->json, "one JSON object");
  command->add_option("--timeout", *timeout_ms, "milliseconds to wait for each node")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->callback([options, timeout_ms, &run] {
    options->timeout = parley::milliseconds(*timeout_ms);
    run = [options] { return cli::status_command(*options); };
  });
}

void add_local_cluster(CLI::App& command, cli::UpOptions& options) {
  command.add_option("--nodes", options.nodes, "how many nodes")->check(CLI::Range(1, 9))->capture_default_str();
  command.add_option("--directory", options.directory, "where the cluster lives")->capture_default_str();
  command.add_flag("--fresh", options.fresh, "remove what the cluster there has kept, first");
  command.add_flag("--temporary", options.temporary, "a directory of its own on free ports, removed at the end");
}

void add_up(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("up", "run a local cluster, with a console to kill, start, cut and heal nodes");
  auto options = std::make_shared<cli::UpOptions>();
  add_local_cluster(*command, *options);
  command->callback([options, &run] { run = [options] { return cli::up_command(*options); }; });
}

void add_demo(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("demo", "up and chat in one: the quickest first look");
  auto up = std::make_shared<cli::UpOptions>();
  auto chat = std::make_shared<cli::ChatOptions>();
  auto drain_ms = std::make_shared<std::int64_t>();
  add_local_cluster(*command, *up);
  add_chat_options(*command, *chat, *drain_ms);
  command->callback([up, chat, drain_ms, &run] {
    chat->drain_timeout = parley::milliseconds(*drain_ms);
    run = [up, chat] { return cli::demo_command(*up, *chat); };
  });
}

int run_command_line(int argc, char** argv) {
  CLI::App app("Parley, a chat that stays up: one program, replicated by Raft", "parley");
  app.set_version_flag("--version", "parley " PARLEY_VERSION);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done, 1 failed at run time, 2 usage or configuration.");
  Run run;
  add_node(app, run);
  add_up(app, run);
  add_demo(app, run);
  add_chat(app, run);
  add_status(app, run);
  if (argc == 1) {
    std::fputs(app.help().c_str(), stderr);
    return exit_usage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {   // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& wrong) {
    const bool unknown = app.get_subcommands().empty() && argc > 1 && argv[1][0] != '-';
    const std::string what = unknown ? "there is no command '" + std::string(argv[1]) + "'" : wrong.what();
    std::fprintf(stderr, "parley: %s\nparley --help lists the commands, parley COMMAND --help its options.\n",
                 what.c_str());
    return exit_usage;
  }
  return run();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_command_line(argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "parley: %s\n", failure.what());
    return exit_failure;
  }
}
