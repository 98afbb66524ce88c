#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/outbox_store.hpp"

namespace parley::cli {

// What the chat remembers between two runs: ~/.local/state/parley (XDG base directory specification), or --state-dir.
//   servers                 the addresses used last, one a line
//   CLUSTER/account         who was logged in last
//   CLUSTER/NAME.outbox     the client session, the login and what waits to be sent (file_outbox.hpp)
// Only the user may read it: it holds login tokens. Everything here is a convenience except the outbox: what can't be
// read or written is treated as absent.
class StateDirectory {
 public:
  // `given` empty: $XDG_STATE_HOME/parley or $HOME/.local/state/parley. Nothing is created before it is needed.
  explicit StateDirectory(std::string given);

  const std::filesystem::path& path() const { return path_; }

  std::vector<std::string> last_servers() const;
  void remember_servers(const std::vector<std::string>& servers) const;

  std::string last_account(const std::string& cluster) const;
  void remember_account(const std::string& cluster, const std::string& account) const;   // empty: forget

  // The account's outbox. The error names the file and the reason: another chat has it open, or it can't be read.
  Result<std::unique_ptr<OutboxStore>> open_outbox(const std::string& cluster, const std::string& account) const;

 private:
  Result<std::filesystem::path> make_directory(const std::string& below) const;

  std::filesystem::path path_;   // empty: there is no home; nothing is kept
};

}  // namespace parley::cli
