#include "sim/faults.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

}  // namespace

const std::vector<FaultInfo>& fault_table() {
  static const std::vector<FaultInfo> table = {
      {Fault::weather, "weather", "N2 N3", "latency and jitter up to 100 ms, by spells", 15, 1s, 30s},
      {Fault::loss, "loss", "N1", "packets lost and sent again by TCP 200 ms later, by spells", 20, 1s, 20s},
      {Fault::bandwidth, "bandwidth", "N13", "a narrow cable, by spells", 40, 1s, 20s},
      {Fault::frames, "frames", "N1 N3 N4 N5", "consensus messages lost, doubled, swapped, replayed, by spells", 20, 1s,
       30s},
      {Fault::reset, "reset", "N11", "the connections of one pair of machines are reset", 6, 1ms, 1ms},
      {Fault::partition, "partition", "N6", "a partition: one, a minority, a majority, a ring, a bridge", 20, 50ms,
       20s},
      {Fault::one_way, "one-way", "N7", "one direction of a cable, or of all cables of a node", 15, 50ms, 20s},
      {Fault::mesh, "partial-mesh", "N8", "some cables between nodes", 20, 50ms, 20s},
      {Fault::flap, "flapping", "N9", "a cable comes and goes, 20 ms to 5 s", 30, 1s, 20s},
      {Fault::swizzle, "swizzle", "N10", "nodes are cut off one by one and joined in another order", 40, 500ms, 10s},
      {Fault::leader_cut, "leader-cut", "N6 N7 N8", "the leader loses some or all of its cables to nodes", 6, 400ms,
       6s},
      {Fault::client_cut, "client-cut", "K4 K12", "a person is cut off from one node or all", 10, 50ms, 15s},
      {Fault::kill, "kill", "P1", "SIGKILL of one", 12, 10ms, 20s},
      {Fault::leader_kill, "leader-kill", "P1", "SIGKILL of the leader", 15, 10ms, 10s},
      {Fault::power_cut, "power-cut", "P3 D1 D2 D13 N11", "one machine loses its power and what was not synced", 12,
       50ms, 20s},
      {Fault::leader_power_cut, "leader-power-cut", "P3 D1 D2 D13", "the leader's machine does", 15, 50ms, 10s},
      {Fault::all_power_cut, "all-power-cut", "P3 D1 D2 D13", "all machines do, at once", 40, 50ms, 5s},
      {Fault::crash_at_await, "crash-at-await", "P2", "one ends between two turns of any coroutine", 12, 10ms, 10s},
      {Fault::crash_at_write, "crash-at-write", "P2 D1 D2", "the power goes in the middle of some disk operation", 10,
       10ms, 10s},
      {Fault::crash_loop, "crash-loop", "P7 P2", "one crashes again and again, while it starts too", 40, 500ms, 5s},
      {Fault::stop, "stop", "P12", "SIGTERM of one", 25, 10ms, 10s},
      {Fault::rolling_restart, "rolling-restart", "P6", "SIGTERM and start of each in turn", 60, 10ms, 2s},
      {Fault::pause, "pause", "P4 P5 C4", "SIGSTOP of one", 12, 10ms, 30s},
      {Fault::leader_pause, "leader-pause", "P4 P5 C4", "SIGSTOP of the leader", 15, 10ms, 10s},
      {Fault::disk_stall, "disk-stall", "D12", "a lane's disk operations hang", 15, 100ms, 20s},
      {Fault::slow_disk, "slow-disk", "D12", "a machine with a disk 10 to 100 times as slow", 0, 0s, 0s},
      {Fault::write_error, "write-error", "D8", "EIO at a write; the process ends", 40, 10ms, 10s},
      {Fault::sync_error, "sync-error", "D9", "EIO at an fsync, success at the next; the process ends", 40, 10ms, 10s},
      {Fault::read_error, "read-error", "D7", "EIO at a read while it starts", 60, 10ms, 10s},
      {Fault::disk_full, "disk-full", "D10", "ENOSPC once; the process ends", 60, 10ms, 10s},
      {Fault::rot_log, "rot-log", "D3", "bits of a log at rest, on a minority", 60, 10ms, 5s},
      {Fault::rot_archive, "rot-archive", "D4", "bits of an archive at rest, on a minority", 60, 10ms, 5s},
      {Fault::misdirected, "misdirected", "D6", "a sector of a log lies on top of another one, on a minority", 80, 10ms,
       5s},
      {Fault::wall_jump, "wall-jump", "C1", "a wall clock jumps, by up to a day", 20, 1ms, 1ms},
      {Fault::wall_strobe, "wall-strobe", "C2", "a wall clock jumps to and fro", 40, 1s, 10s},
      {Fault::ten_years, "ten-years", "C1", "one wall clock is ten years ahead", 0, 0s, 0s},
      {Fault::drift, "drift", "C3", "steady clocks run up to 5 % fast or slow", 0, 0s, 0s},
      {Fault::overload, "overload", "L1", "everybody does as much as they can, for some seconds", 60, 500ms, 5s},
      {Fault::wiped, "wiped", "D15 M7", "a data directory is lost, on a minority", 60, 10ms, 10s},
      {Fault::swapped, "swapped", "D16", "two nodes' data directories are exchanged, or one is another cluster's", 60,
       10ms, 10s},
      {Fault::rolled_back, "rolled-back", "D17", "an old copy of a data directory comes back", 60, 10ms, 10s},
      {Fault::vote_lost, "vote-lost", "D14", "a disk loses the vote that it wrote last, though it had synced it", 20,
       10ms, 10s},
      {Fault::log_hole, "log-hole", "D19 D5", "a segment of a log is missing or cut short, on a minority", 80, 10ms,
       10s},
      {Fault::disk_full_heals, "disk-full-heals", "D10", "little space or none until somebody makes some", 60, 1s, 20s},
      {Fault::membership, "membership", "M1 M2 M3 M4 M5 M6 M9",
       "an operator takes members out and in again, moves and promotes them", 30, 1s, 10s},
      {Fault::transfer, "transfer", "M8", "leadership is handed over", 30, 1ms, 1ms},
      {Fault::snapshots, "snapshots", "L4 L5 N14", "the log is compacted behind slow followers", 0, 1s, 10s},
      {Fault::leader_stop, "planned-stop", "P6 M8", "SIGTERM of the leader, which hands over", 20, 10ms, 20s},
      {Fault::raw_retries, "raw-retries", "K1 K2", "a request again, here and on other nodes", 10, 1ms, 1ms},
      {Fault::raw_conflicts, "raw-conflicts", "K3", "a number given twice, or far out of turn", 10, 1ms, 1ms},
      {Fault::raw_disconnects, "raw-disconnects", "K4", "a client is gone before its answer, and asks for the outcome",
       10, 1ms, 1ms},
      {Fault::raw_nonsense, "raw-nonsense", "K6 K8", "half requests, wrong types, no such methods", 15, 1ms, 1ms},
      {Fault::outcomes, "outcomes", "K12", "what was just acknowledged is asked for on every node", 6, 1ms, 1ms},
      {Fault::cursor_reuse, "cursor-reuse", "K5", "old cursors, cursors to come, and of another generation", 12, 1ms,
       1ms},
      {Fault::revoked_tokens, "revoked-tokens", "K11", "logins are ended and used all the same", 12, 1ms, 1ms},
      {Fault::deleted_accounts, "deleted-accounts", "K11", "an account is deleted, and its name given again", 20, 1ms,
       1ms},
      {Fault::weeks_pass, "weeks-pass", "K11 C1", "everybody is away for longer than client sessions live", 80, 1ms,
       1ms},
  };
  return table;
}

const FaultInfo& info(Fault fault) {
  const auto& table = fault_table();
  const auto found = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.fault == fault; });
  PARLEY_ASSERT(found != table.end(), "every fault has its row");
  return *found;
}

Result<FaultSet> parse_faults(std::string_view text) {
  FaultSet chosen;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    std::string_view word = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const bool away = word.starts_with('-');
    if (away) word.remove_prefix(1);
    bool known = word == "none";
    for (const FaultInfo& row : fault_table()) {
      if (row.name != word && word != "all") continue;
      known = true;
      if (away) chosen.erase(row.fault);
      else chosen.insert(row.fault);
    }
    if (!known) return Error{"no fault is called \"" + std::string(word) + "\": --list-faults names them"};
  }
  return chosen;
}

}  // namespace parley::sim
