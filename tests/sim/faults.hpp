#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace parley::sim {

// What the simulator does to a cluster, by name; the ids of RELIABILITY.md section 1 say what each covers.
enum class Fault : std::uint8_t {
  weather, loss, bandwidth, frames,                                                       // how the cables are
  reset, partition, one_way, mesh, flap, swizzle, leader_cut, client_cut,                 // what is cut
  kill, leader_kill, power_cut, leader_power_cut, all_power_cut, crash_at_await, crash_at_write, crash_loop,
  stop, rolling_restart, pause, leader_pause,                                             // processes and machines
  disk_stall, slow_disk, write_error, sync_error, read_error, disk_full,                  // disks that fail
  rot_log, rot_archive, misdirected,                                                      // disks that lie: a minority
  wall_jump, wall_strobe, ten_years, drift,                                               // clocks
  overload,
  wiped, swapped, rolled_back, vote_lost, log_hole, disk_full_heals, membership, transfer, snapshots,
  leader_stop,
  raw_retries, raw_conflicts, raw_disconnects, raw_nonsense, outcomes, cursor_reuse, revoked_tokens, deleted_accounts,
  weeks_pass                                                                              // clients
};

struct FaultInfo {
  Fault fault;
  std::string_view name;
  std::string_view ids;       // RELIABILITY.md
  std::string_view text;
  double mean_seconds;        // between two of them where a seed has them at its usual rate; 0: once, for all the run
  Duration shortest;          // how long one lasts; drawn so that each order of magnitude is as likely
  Duration longest;
};

const std::vector<FaultInfo>& fault_table();
const FaultInfo& info(Fault fault);

using FaultSet = std::set<Fault>;

// "all", "none", or names separated by commas; "-name" takes one away. The error names the word.
Result<FaultSet> parse_faults(std::string_view text);

}  // namespace parley::sim
