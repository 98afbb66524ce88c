#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <sstream>
#include <utility>

#include "wire/raft_codec.hpp"

namespace parley::cli {
namespace {

void add_node(CLI::App& app, const Commands& commands, Run& run) {
  auto* command = app.add_subcommand("node", "run one node of a cluster in the foreground");
  auto options = std::make_shared<NodeOptions>();
  command->add_option("--config", options->config_file, "the cluster's configuration file")->capture_default_str();
  command->add_option("--id", options->id, "which of its nodes to be")
      ->required()
      ->check(CLI::Range(std::uint32_t{1}, wire::node_id_max));
  command->add_option("--log-level", options->log_level, "debug, info, warn or error")->capture_default_str();
  command->add_option("--log-format", options->log_format, "text or json, on standard error")->capture_default_str();
  command->callback([options, &commands, &run] { run = [options, act = commands.node] { return act(*options); }; });
}

// How to find the nodes; equal for all that talk to a cluster.
template <class Options>
void add_servers(CLI::App& command, Options& options) {
  command.add_option("--server", options.servers, "client addresses of nodes, host:port")->delimiter(',');
  command.add_option("--config", options.config_file, "find the nodes in this configuration file")
      ->envname("PARLEY_CONFIG");
  command.add_option("--state-dir", options.state_directory, "where this program keeps what it knows between runs");
}

void add_chat_options(CLI::App& command, ChatOptions& options, std::int64_t& drain_ms) {
  command.add_option("--account", options.account, "whose login to resume");
  command.add_flag("--json", options.json, "one JSON object a line");
  command.add_flag("--stay", options.stay, "stay on the node reached first, don't follow the leader");
  command.add_flag("--no-resume", options.no_resume, "begin logged out");
  command.add_flag("--no-store", options.no_store, "keep nothing on disk; what is pending ends with the program");
  drain_ms = options.drain_timeout.count();
  command.add_option("--drain-timeout", drain_ms, "piped input: milliseconds to wait at the end for what is pending")
      ->check(CLI::Range(std::int64_t{0}, timeout_ms_max))
      ->capture_default_str();
}

void add_chat(CLI::App& app, const Commands& commands, Run& run) {
  auto* command = app.add_subcommand("chat", "talk: the interactive client; with piped input it reads commands");
  auto options = std::make_shared<ChatOptions>();
  auto drain_ms = std::make_shared<std::int64_t>();
  add_servers(*command, *options);
  add_chat_options(*command, *options, *drain_ms);
  command->callback([options, drain_ms, &commands, &run] {
    options->drain_timeout = milliseconds(*drain_ms);
    run = [options, act = commands.chat] { return act(*options); };
  });
}

void add_status(CLI::App& app, const Commands& commands, Run& run) {
  auto* command = app.add_subcommand("status", "show the leader, the voters and how far each node is");
  auto options = std::make_shared<StatusOptions>();
  auto timeout_ms = std::make_shared<std::int64_t>(options->timeout.count());
  add_servers(*command, *options);
  command->add_flag("--json", options->json, "one JSON object");
  command->add_option("--timeout", *timeout_ms, "milliseconds to wait for each node")
      ->check(CLI::Range(std::int64_t{1}, timeout_ms_max))
      ->capture_default_str();
  command->callback([options, timeout_ms, &commands, &run] {
    options->timeout = milliseconds(*timeout_ms);
    run = [options, act = commands.status] { return act(*options); };
  });
}

using Member = std::shared_ptr<MemberOptions>;

CLI::App* add_member_action(CLI::App& member, const Member& options, MemberOptions::Action action,
                            const std::string& name, const std::string& help) {
  auto* command = member.add_subcommand(name, help);
  command->add_option("--config", options->config_file, "the cluster's configuration file: whose data directories and "
                                                        "so whose operator.token are looked for")
      ->envname("PARLEY_CONFIG");
  command->add_flag("--json", options->json, "one JSON object");
  if (action != MemberOptions::Action::list) {
    command->add_option("node", options->node, "the node's id")
        ->required()
        ->check(CLI::Range(std::uint32_t{1}, wire::node_id_max));
  }
  command->callback([options, action] { options->action = action; });
  return command;
}

void add_member(CLI::App& app, const Commands& commands, Run& run) {
  using Action = MemberOptions::Action;
  auto* member = app.add_subcommand("member", "list, add and remove members, hand over the leadership");
  member->require_subcommand(1);
  auto options = std::make_shared<MemberOptions>();
  add_member_action(*member, options, Action::list, "list", "the members, and how much of the log each holds");
  auto* add = add_member_action(*member, options, Action::add, "add", "a new member, or new addresses of one");
  add->add_option("--peer", options->peer, "where other nodes reach it, host:port");
  add->add_option("--client", options->client, "where clients reach it, host:port");
  auto* remove = add_member_action(*member, options, Action::remove, "remove", "a member, which is told and ends");
  remove->add_flag("--force", options->force,
                   "if need be: take the votes of those not heard first, whatever min_voters says");
  add_member_action(*member, options, Action::promote, "promote", "a learner that is caught up, at once");
  add_member_action(*member, options, Action::transfer, "transfer", "the leadership, to this node");
  member->callback([options, &commands, &run] { run = [options, act = commands.member] { return act(*options); }; });
}

void add_backup(CLI::App& app, const Commands& commands, Run& run) {
  auto* command = app.add_subcommand("backup", "a consistent copy of everything, from a running node");
  auto options = std::make_shared<BackupOptions>();
  auto timeout_ms = std::make_shared<std::int64_t>(options->timeout.count());
  command->add_option("file", options->file, "where to")->required();
  command->add_option("--server", options->servers, "client addresses of nodes, host:port")->delimiter(',');
  command->add_option("--token-file", options->token_file, "the operator.token of those nodes");
  command->add_option("--config", options->config_file, "the cluster's configuration file: whose data directories and "
                                                        "so whose operator.token are looked for")
      ->envname("PARLEY_CONFIG");
  command->add_flag("--force", options->force, "replace the file if there is one");
  command->add_flag("--json", options->json, "one JSON object");
  command->add_option("--timeout", *timeout_ms, "milliseconds to wait for a node to make its copy")
      ->check(CLI::Range(std::int64_t{1}, timeout_ms_max))
      ->capture_default_str();
  command->callback([options, timeout_ms, &commands, &run] {
    options->timeout = milliseconds(*timeout_ms);
    run = [options, act = commands.backup] { return act(*options); };
  });
}

void add_restore(CLI::App& app, const Commands& commands, Run& run) {
  auto* command = app.add_subcommand("restore", "a new cluster from a backup: makes its first data directory");
  auto options = std::make_shared<RestoreOptions>();
  command->add_option("file", options->file, "the backup")->required();
  command->add_option("--config", options->config_file, "the new cluster's configuration file")
      ->envname("PARLEY_CONFIG")
      ->capture_default_str();
  command->add_option("--id", options->id, "which of its nodes to make")
      ->required()
      ->check(CLI::Range(std::uint32_t{1}, wire::node_id_max));
  command->add_option("--data", options->data, "the directory to make, if not the one in the configuration");
  command->add_flag("--json", options->json, "one JSON object");
  command->callback([options, &commands, &run] { run = [options, act = commands.restore] { return act(*options); }; });
}

void add_recover(CLI::App& app, const Commands& commands, Run& run) {
  auto* command = app.add_subcommand("recover", "the last resort after the loss of a majority: one node goes on alone");
  auto options = std::make_shared<RecoverOptions>();
  command->add_option("--config", options->config_file, "the cluster's configuration file")
      ->envname("PARLEY_CONFIG")
      ->capture_default_str();
  command->add_option("--id", options->id, "the stopped node that goes on")
      ->required()
      ->check(CLI::Range(std::uint32_t{1}, wire::node_id_max));
  command->add_option("--data", options->data, "its data directory, if not the one in the configuration");
  command->add_option("--words", options->words, std::string("instead of typing them: \"") + recover_words + "\"");
  command->add_flag("--force", options->force, "although another node is known to hold more");
  command->add_flag("--json", options->json, "one JSON object");
  command->callback([options, &commands, &run] { run = [options, act = commands.recover] { return act(*options); }; });
}

void add_log(CLI::App& app, const Commands& commands, Run& run) {
  auto* log = app.add_subcommand("log", "look into the log of a stopped node");
  log->require_subcommand(1);
  auto* command = log->add_subcommand("dump", "print its entries; changes nothing");
  auto options = std::make_shared<LogDumpOptions>();
  command->add_option("--data", options->data, "the data directory of a stopped node")->required();
  command->add_option("--from", options->from, "entries from this index on");
  command->add_option("--to", options->to, "entries up to this index");
  command->add_flag("--json", options->json, "one JSON object a line");
  log->callback([options, &commands, &run] { run = [options, act = commands.log_dump] { return act(*options); }; });
}

void add_local_cluster(CLI::App& command, UpOptions& options) {
  command.add_option("--nodes", options.nodes, "how many nodes")->check(CLI::Range(1, 9))->capture_default_str();
  command.add_option("--directory", options.directory, "where the cluster lives")->capture_default_str();
  command.add_flag("--fresh", options.fresh, "remove what the cluster there has kept, first");
  command.add_flag("--temporary", options.temporary, "a directory of its own on free ports, removed at the end");
}

void add_up(CLI::App& app, const Commands& commands, Run& run) {
  auto* command = app.add_subcommand("up", "run a local cluster, with a console to kill, start, cut and heal nodes");
  auto options = std::make_shared<UpOptions>();
  add_local_cluster(*command, *options);
  command->callback([options, &commands, &run] { run = [options, act = commands.up] { return act(*options); }; });
}

void add_demo(CLI::App& app, const Commands& commands, Run& run) {
  auto* command = app.add_subcommand("demo", "up and chat in one: the quickest first look");
  auto up = std::make_shared<UpOptions>();
  auto chat = std::make_shared<ChatOptions>();
  auto drain_ms = std::make_shared<std::int64_t>();
  add_local_cluster(*command, *up);
  add_chat_options(*command, *chat, *drain_ms);
  command->callback([up, chat, drain_ms, &commands, &run] {
    chat->drain_timeout = milliseconds(*drain_ms);
    run = [up, chat, act = commands.demo] { return act(*up, *chat); };
  });
}

Printed explain(const CLI::App& app, const CLI::ParseError& wrong, const std::string& first_word) {
  const bool unknown = app.get_subcommands().empty() && !first_word.starts_with('-');
  const std::string what = unknown ? "there is no command '" + first_word + "'" : wrong.what();
  return {"parley: " + what + "\nparley --help lists the commands, parley COMMAND --help its options.\n", exit_usage};
}

}  // namespace

std::variant<Run, Printed> parse_command_line(std::vector<std::string> words, const Commands& commands) {
  CLI::App app("Parley, a chat that stays up: one program, replicated by Raft", "parley");
  app.set_version_flag("--version", "parley " PARLEY_VERSION);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done, 1 failed at run time, 2 usage or configuration.");
  Run run;
  add_node(app, commands, run);
  add_up(app, commands, run);
  add_demo(app, commands, run);
  add_chat(app, commands, run);
  add_status(app, commands, run);
  add_member(app, commands, run);
  add_backup(app, commands, run);
  add_restore(app, commands, run);
  add_recover(app, commands, run);
  add_log(app, commands, run);
  if (words.empty()) return Printed{app.help(), exit_usage};
  const std::string first_word = words.front();
  try {
    std::reverse(words.begin(), words.end());   // as CLI11 wants them
    app.parse(std::move(words));
  } catch (const CLI::Success& asked) {   // --help, --version
    std::ostringstream text;
    app.exit(asked, text, text);
    return Printed{text.str(), 0};
  } catch (const CLI::ParseError& wrong) {
    return explain(app, wrong, first_word);
  }
  return run;
}

}  // namespace parley::cli
