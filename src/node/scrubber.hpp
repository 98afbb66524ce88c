#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "node/driver_tasks.hpp"
#include "node/replication.hpp"
#include "node/seams.hpp"
#include "store/archive.hpp"
#include "store/write_ahead_log.hpp"

namespace parley::node {

// Reads again, at leisure, what lies on the disk, so that rot is found while it can still be mended, and not by whoever
// needs the bytes (RELIABILITY.md W19, DESIGN.md R11). One strand.
//
// Damage in the log: all that it holds is in memory, and what is archived needs no log. So the segment that is
// written to is ended, and as soon as the archive's checkpoint has passed its end all segments before the new one go.
// INVARIANT: only what is in a synced archive leaves the log, as in every trim. Until then a restart meets the damage.
// Damage in the archive is told to `archive_damaged`, as by whatever else meets it (Machine::met_damage). Where the
// others can't do without this node now, the scrub looks there again: it ends nobody.
class Scrubber {
 public:
  // `checkpointed`: see Machine::checkpointed(). `interval`: from the beginning of a pass to that of the next.
  Scrubber(Seams seams, store::WriteAheadLog& log, milliseconds interval, std::function<Index()> checkpointed,
           std::function<bool(const std::string&)> archive_damaged);

  net::awaitable<void> scrub_loop(store::Archive& archive);   // until stop()
  void stop();
  const ScrubView& view() const { return view_; }

  static constexpr Duration first_pass_most = milliseconds(600'000);    // after the start, for who is started often
  static constexpr Duration part_pause = milliseconds(30);    // 256 KiB at a time: 8 MiB a second at most
  static constexpr Duration look_interval = milliseconds(500);
  static constexpr Duration look_again = milliseconds(5000);  // at damage that can't be repaired now

 private:
  net::awaitable<void> scrub_log();
  net::awaitable<bool> scrub_archive(store::Archive& archive);   // false: it is not to be used any more
  net::awaitable<void> replace_log_through(std::uint64_t segment);
  net::awaitable<void> pause(Duration duration);
  net::awaitable<void> on_log_lane(std::function<void()> job);

  Seams seams_;
  store::WriteAheadLog& log_;
  const Duration interval_;
  std::function<Index()> checkpointed_;
  std::function<bool(const std::string&)> archive_damaged_;
  std::unique_ptr<net::Alarm> alarm_;
  ScrubView view_;
  bool stopping_ = false;
};

}  // namespace parley::node
