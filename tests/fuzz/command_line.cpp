// The command line, read but not carried out: any words give something to run or a text and an exit code.
#include <algorithm>
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "cli/command_line.hpp"
#include "fuzz/input.hpp"
#include "wire/raft_codec.hpp"

namespace parley::fuzz {
namespace {

// Stand where the real commands would: they check what the options were promised to be.
cli::Commands commands() {
  cli::Commands commands;
  commands.node = [](const cli::NodeOptions& options) {
    PARLEY_ASSERT(options.id >= 1 && options.id <= wire::node_id_max, "an id that a node can have");
    return 0;
  };
  commands.up = [](const cli::UpOptions& options) {
    PARLEY_ASSERT(options.nodes >= 1 && options.nodes <= 9, "a number of nodes that can be run here");
    return 0;
  };
  commands.chat = [](const cli::ChatOptions& options) {
    PARLEY_ASSERT(options.drain_timeout.count() >= 0 && options.drain_timeout.count() <= cli::timeout_ms_max,
                  "a time that can be waited");
    return 0;
  };
  commands.demo = [act = commands](const cli::UpOptions& up, const cli::ChatOptions& chat) {
    return act.up(up) + act.chat(chat);
  };
  commands.status = [](const cli::StatusOptions& options) {
    PARLEY_ASSERT(options.timeout.count() > 0 && options.timeout.count() <= cli::timeout_ms_max,
                  "a time that can be waited");
    return 0;
  };
  return commands;
}

std::vector<std::string> words_of(std::string_view lines) {   // one a line, as no shell could give them a NUL
  std::vector<std::string> words;
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    words.emplace_back(lines.substr(0, std::min(lines.find('\0'), end)));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return words;
}

}  // namespace
}  // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley;
  static const auto commands = fuzz::commands();
  const auto asked = cli::parse_command_line(fuzz::words_of(fuzz::Input(data, size).rest()), commands);
  if (const auto* run = std::get_if<cli::Run>(&asked)) {
    PARLEY_ASSERT(*run != nullptr && (*run)() == 0, "an accepted command line runs its command");
    return 0;
  }
  const auto& printed = std::get<cli::Printed>(asked);
  PARLEY_ASSERT(!printed.text.empty() && printed.text.back() == '\n', "whole lines are printed");
  PARLEY_ASSERT(printed.exit_code == 0 || printed.exit_code == cli::exit_usage, "0 as asked, else wrong usage");
  return 0;
}
