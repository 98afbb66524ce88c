#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "node/archiver.hpp"
#include "node/room.hpp"
#include "node/seams.hpp"
#include "store/archive_copies.hpp"
#include "store/backup_file.hpp"

namespace parley::node {

// A copy of this node's archive for whoever carries it away as a backup: made while everything goes on, as the copies
// for peers are (R12), and read in pieces. One at a time; it goes when its reader says so, or was not heard of for
// a while, or at the node's next start. One strand; outlives its calls.
class Backups {
 public:
  // Blocking: removes what an earlier life left.
  // No backup is begun that would leave less than `keep_free_bytes`.
  Backups(Seams seams, Archiver& archiver, std::uint64_t keep_free_bytes);

  net::awaitable<void> expiry_loop();
  void stop();

  struct Busy {};   // one is being made or read, the archive lags, or the node ends: `later`
  using Begun = std::variant<store::BackupAbout, Busy, Error>;
  // A copy that stands for `at_least` or a later entry. Node and cluster are left to the caller.
  net::awaitable<Begun> begin(Index at_least);

  // Part of the copy with that digest; empty at its end. The error says that there is no such copy, or what is wrong
  // with it: then it is gone.
  net::awaitable<Result<std::string>> page(Digest copy, std::uint64_t offset, std::size_t size);

  net::awaitable<void> end(Digest copy);   // no such one: has ended already

  static constexpr const char* directory = "backup";
  static constexpr Duration idle_max = milliseconds(30'000);       // without a request for it; then it goes
  static constexpr Duration archive_patience = milliseconds(10'000);
  static constexpr std::size_t page_bytes_max = 512 * 1024;        // in base64 well below what one answer may have

 private:
  net::awaitable<bool> archived(Index index);
  net::awaitable<Begun> make();
  net::awaitable<void> remove();
  bool is_current(const Digest& copy) const { return current_ && current_->copy.digest == copy; }

  Seams seams_;
  Archiver& archiver_;
  store::ArchiveCopies copies_;
  const Room room_;
  std::unique_ptr<net::Alarm> alarm_;
  std::stop_source giving_up_;
  std::optional<store::BackupAbout> current_;
  TimePoint last_used_ = long_ago;
  std::size_t reading_ = 0;
  bool making_ = false;   // or removing: the directory is one job's at a time
  bool stopping_ = false;
};

}  // namespace parley::node
