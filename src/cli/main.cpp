#include <cstdio>
#include <exception>

#include "cli/command_line.hpp"
#include "cli/demo_command.hpp"

int main(int argc, char** argv) {
  namespace cli = parley::cli;
  try {
    const cli::Commands commands{cli::node_command, cli::up_command, cli::demo_command, cli::chat_command,
                                 cli::status_command, cli::member_command, cli::backup_command, cli::restore_command,
                                 cli::recover_command, cli::log_dump_command};
    const auto asked = cli::parse_command_line({argv + 1, argv + argc}, commands);
    if (const auto* run = std::get_if<cli::Run>(&asked)) return (*run)();
    const auto& printed = std::get<cli::Printed>(asked);
    std::fputs(printed.text.c_str(), printed.exit_code == 0 ? stdout : stderr);
    return printed.exit_code;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "parley: %s\n", failure.what());
    return cli::exit_failure;
  }
}
