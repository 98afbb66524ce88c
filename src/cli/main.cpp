#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>

#include "cli/node_command.hpp"

namespace {

constexpr int exit_failure = 1;
constexpr int exit_usage = 2;

using Run = std::function<int()>;

// Each subcommand: its options, and what to run when it was chosen.
void add_node(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("node", "run one node of a cluster in the foreground");
  auto options = std::make_shared<parley::cli::NodeOptions>();
  command->add_option("--config", options->config_file, "the cluster's configuration file")->capture_default_str();
  command->add_option("--id", options->id, "which of its nodes to be")->required();
  command->add_option("--log-level", options->log_level, "debug, info, warn or error")->capture_default_str();
  command->add_option("--log-format", options->log_format, "text or json, on standard error")->capture_default_str();
  command->callback([options, &run] { run = [options] { return parley::cli::node_command(*options); }; });
}

int run_command_line(int argc, char** argv) {
  CLI::App app("Parley, a chat that stays up: one program, replicated by Raft", "parley");
  app.set_version_flag("--version", "parley " PARLEY_VERSION);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done, 1 failed at run time, 2 usage or configuration.");
  Run run;
  add_node(app, run);
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
