#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "cli/backup_command.hpp"
#include "cli/chat_command.hpp"
#include "cli/log_command.hpp"
#include "cli/member_command.hpp"
#include "cli/node_command.hpp"
#include "cli/recover_command.hpp"
#include "cli/status_command.hpp"
#include "cli/up_command.hpp"

namespace parley::cli {

inline constexpr int exit_failure = 1;
inline constexpr int exit_usage = 2;
inline constexpr std::int64_t timeout_ms_max = 24LL * 3600 * 1000;   // of an option that is a time to wait: a day

// What the subcommands do: main() gives the real ones.
struct Commands {
  std::function<int(const NodeOptions&)> node;
  std::function<int(const UpOptions&)> up;
  std::function<int(const UpOptions&, const ChatOptions&)> demo;
  std::function<int(const ChatOptions&)> chat;
  std::function<int(const StatusOptions&)> status;
  std::function<int(const MemberOptions&)> member;
  std::function<int(const BackupOptions&)> backup;
  std::function<int(const RestoreOptions&)> restore;
  std::function<int(const RecoverOptions&)> recover;
  std::function<int(const LogDumpOptions&)> log_dump;
};

using Run = std::function<int()>;   // what the command line asks for; its result is the exit code

// Nothing is to be run: print this and exit.
struct Printed {
  std::string text;
  int exit_code = 0;   // 0: asked for, to standard output; exit_usage: to standard error
};

// Reads a command line; `words` are its arguments without the program's name. Carries nothing out. Besides them it
// looks at the environment variable PARLEY_CONFIG.
std::variant<Run, Printed> parse_command_line(std::vector<std::string> words, const Commands& commands);

}  // namespace parley::cli
