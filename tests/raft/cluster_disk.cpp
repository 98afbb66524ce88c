// The disks of the cluster: logs, archives, and what a shell does with both.
#include <algorithm>

#include "raft/cluster.hpp"
#include "raft/log.hpp"

namespace parley::raft::test {

void reset(Durable& disk, const LogBase& base) {
  disk.base = base.id;
  disk.base_time = base.time;
  disk.base_configuration = base.configuration;
  disk.base_configuration_index = base.configuration_index;
  disk.entries.clear();
}

void trim(Durable& disk, Index through) {
  if (through <= disk.base.index) return;
  Durable copied = disk;
  const LogBase base = Log(copied).base_at(through);
  std::vector<Entry> kept(disk.entries.begin() + static_cast<std::ptrdiff_t>(through - disk.base.index),
                          disk.entries.end());
  reset(disk, base);
  disk.entries = std::move(kept);
}

void write(Durable& disk, const PersistBatch& batch) {
  PARLEY_ASSERT(!batch.reset || !batch.truncate_from, "a log that begins anew has nothing to cut");
  if (batch.reset) reset(disk, *batch.reset);
  if (batch.truncate_from) disk.entries.resize(batch.truncate_from->value - disk.base.index.value - 1);
  for (const Entry& entry : batch.entries) {
    PARLEY_ASSERT(entry.id.index == disk.base.index + disk.entries.size() + 1, "batches are consecutive");
    disk.entries.push_back(entry);
  }
  if (batch.hard_state) disk.hard_state = *batch.hard_state;
}

// What a shell does with what it finds on disk (DESIGN.md R9, decision 0010).
void Cluster::recover(Host& host) {
  const EntryId archived = host.archive.at.id;
  if (archived.index == Index(0)) return;
  Durable copied = host.disk;
  const Log log(copied);
  if (archived.index < log.base().index) broken = "the log on disk begins above the archive";
  if (log.term_at(archived.index) != archived.term) {
    if (!host.archive.installed) broken = "an archive of its own making is beyond its log";
    reset(host.disk, host.archive.at);
  }
  auto& commit = host.disk.hard_state.commit_index;
  commit = std::max(commit, archived.index);
}

// -- compaction and snapshots ---------------------------------------------------------------------------------------

// Rows of the archive never pass what is durable in the log (R9).
bool Cluster::checkpoint(Host& host) {
  const Status status = host.consensus->status();
  if (status.persisted_index < status.applied_index) return false;
  const auto meta = host.consensus->snapshot_meta(status.applied_index);
  if (!meta) return false;   // nothing applied yet
  host.archive = {*meta, host.applied, false};
  return true;
}

void Cluster::compact(Host& host, std::uint64_t margin, bool trim_disk) {
  if (!checkpoint(host)) return;
  const Index through = host.archive.at.id.index;
  if (through.value <= margin) return;
  const Index base = host.consensus->compact(through - margin);
  if (trim_disk) trim(host.disk, base);
  check(host);
}

bool Cluster::offer(Host& leader, NodeId peer) {
  const Status status = leader.consensus->status();
  const auto meta = leader.consensus->snapshot_meta(status.applied_index);
  if (!meta) return false;
  const auto [copy, is_new] = copies_.try_emplace(meta->id, leader.applied);
  if (!is_new && copy->second != leader.applied) broken = "two archives at one index differ (catalogue 29)";
  const bool taken = leader.consensus->offer_snapshot(peer, *meta);
  check(leader);
  return taken;
}

bool Cluster::finish_fetch(Host& host) {
  if (!host.fetching) return false;
  const SnapshotMeta meta = std::exchange(host.fetching, std::nullopt)->meta;
  if (meta.id.index <= host.consensus->status().applied_index) return false;   // it is there already (W16)
  host.archive = {meta, copies_.at(meta.id), true};   // durable before the log knows
  host.applied = host.archive.applied;
  host.taken.clear();
  host.consensus->install(meta, now(host));
  check(host);
  return true;
}

bool Cluster::serve(Host& host) {
  bool moved = finish_fetch(host);
  for (const PeerStatus& peer : host.consensus->status().peers) {
    if (peer.needs_snapshot && peer.snapshot_offered == Index(0)) moved |= offer(host, peer.id.node);
  }
  return moved;
}

}  // namespace parley::raft::test
