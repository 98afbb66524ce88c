#include "node/data_directory.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/mutant.hpp"
#include "node/begin_anew.hpp"
#include "node/birth.hpp"
#include "node/restore.hpp"
#include "store/archive_install.hpp"
#include "store/set_aside.hpp"

namespace parley::node {
namespace {

std::string text(NodeId id) { return std::to_string(id.value); }

// Not only what was set aside.
bool holds_log(store::Disk& disk) {
  if (!disk.exists(log_directory)) return false;
  const auto names = disk.list(log_directory);
  return !std::ranges::all_of(names, [](const auto& name) { return name.ends_with(store::aside_suffix); });
}

Error of_another_node(store::Disk& disk, NodeId owner, NodeId id) {
  return Error{disk.describe("") + " is the data directory of node " + text(owner) + ", not of node " + text(id) +
               ": check --id and \"data\" in the configuration"};
}

// Before anything is changed in it, be it to finish what its owner began: who starts here is not who is to.
std::optional<Error> belongs_to_another(store::Disk& disk, NodeId id) {
  if (disk.exists(store::identity_file)) return std::nullopt;   // open_identity() reads it
  const auto former = store::identity_set_aside(disk);
  if (!former.ok() || !*former || (*former)->node == id) return std::nullopt;
  return of_another_node(disk, (*former)->node, id);
}

Result<store::Identity> open_identity(store::Disk& disk, NodeId id, net::Entropy& entropy) {
  auto loaded = store::load_identity(disk);
  if (!loaded.ok()) return loaded.error();
  if (*loaded) {
    const store::Identity& identity = **loaded;
    if (identity.node == id || PARLEY_MUTANT(starts_in_another_nodes_directory)) return identity;
    return of_another_node(disk, identity.node, id);
  }
  if (disk.exists(unfinished_restore_file)) {
    return Error{disk.describe("") + " holds a restore that was cut short: run `parley restore` again, it begins anew; "
                 "or remove the directory"};
  }
  if (holds_log(disk) || disk.exists(archive_file)) {
    return Error{disk.describe("") + " holds a log or an archive but no identity: the identity file was lost, and "
                 "without it this node could vote twice. Bring the file back, or move the whole directory away to "
                 "start with an empty one"};
  }
  const store::Identity fresh = fresh_identity(disk, id, entropy);
  store::save_identity(disk, fresh);
  return fresh;
}

using Checked = Result<Nothing, store::Refusal>;

Checked fits() { return Nothing(); }

}  // namespace

Checked check_log(const store::Identity& identity, const raft::Durable& durable, const std::string& directory) {
  const bool born = identity.cluster != ClusterId();
  if (born && !log_was_begun(durable)) {
    return store::damage(directory + ": the log is gone, though this node belongs to a cluster. A node without its log "
                         "could vote twice or forget what it acknowledged");
  }
  const Index last = durable.entries.empty() ? durable.base.index : durable.entries.back().id.index;
  if (durable.hard_state.commit_index > last) {
    const auto committed = std::to_string(durable.hard_state.commit_index.value);
    return store::damage(directory + ": the log ends at index " + std::to_string(last.value) + ", but index " +
                         committed + " was committed: the log lost its end");
  }
  if (!born && !log_is_unborn(durable)) {   // of which cluster, nobody knows: so it can't be begun anew in it
    return store::refusal({directory + ": the log has entries, but the identity names no cluster: log and identity are "
                           "not of the same node. Bring the right files back, or move the whole directory away"});
  }
  return fits();
}

Checked check_archive(const store::ArchivePosition& position, const raft::Durable& durable,
                      const std::string& directory) {
  const raft::EntryId applied = position.applied;
  if (applied.index == Index(0) && durable.base.index == Index(0)) return fits();
  const Index last = durable.entries.empty() ? durable.base.index : durable.entries.back().id.index;
  const std::string at = "index " + std::to_string(applied.index.value);
  if (applied.index > last) {
    return store::damage(directory + ": the archive ends at " + at + ", beyond the log's end at index " +
                         std::to_string(last.value) + ": the log lost entries that were acknowledged");
  }
  if (applied.index < durable.base.index) {
    return store::damage(directory + ": the archive ends at " + at + ", but the log begins after index " +
                         std::to_string(durable.base.index.value) + ": entries between them are missing");
  }
  const Term term = applied.index == durable.base.index
                        ? durable.base.term
                        : durable.entries[applied.index - durable.base.index.next()].id.term;
  if (term == applied.term) return fits();
  return store::damage(directory + ": archive and log disagree at " + at + ": term " +
                       std::to_string(applied.term.value) + " in the archive, term " + std::to_string(term.value) +
                       " in the log");
}

namespace {

// What lies in log and archive, brought into step. Throws ArchiveDamaged.
Checked open_data(store::Disk& disk, store::LogOptions log_options, DataDirectory& opened) {
  const std::string directory = disk.describe("");
  auto archive = store::Archive::open(disk, archive_file);
  if (!archive.ok()) return archive.error();
  opened.archive = std::move(*archive);
  opened.notes.insert(opened.notes.end(), opened.archive.notes.begin(), opened.archive.notes.end());

  auto log = store::WriteAheadLog::open(disk, log_directory, log_options);
  if (!log.ok()) return log.error();
  opened.log = std::move(log->log);
  opened.durable = std::move(log->durable);
  opened.notes.insert(opened.notes.end(), log->notes.begin(), log->notes.end());

  if (store::join_log(opened.archive, *opened.log, opened.durable)) {
    const std::string at = std::to_string(opened.durable.base.index.value);
    opened.notes.push_back(directory + ": the log begins anew above the archive of another node, at index " + at);
  }
  auto log_fits = check_log(opened.identity, opened.durable, directory);
  return log_fits.ok() ? check_archive(opened.archive.position, opened.durable, directory) : log_fits;
}

// Steps d and e of begin_anew.hpp: like who joins, after a birth without it.
void begin_in(ClusterId cluster, store::Disk& disk, DataDirectory& opened) {
  opened.log->append(joining_batch());
  opened.durable = joining_durable();
  opened.identity.cluster = cluster;
  store::save_identity(disk, opened.identity);
  opened.notes.push_back(disk.describe("") + ": begun anew, as another incarnation of this node in the same cluster");
}

}  // namespace

Result<DataDirectory, store::Refusal> open_data_directory(store::Disk& disk, NodeId id, net::Entropy& entropy,
                                                          store::LogOptions log_options, Unfinished unfinished) {
  DataDirectory opened;
  const std::string directory = disk.describe("");
  opened.lock = disk.lock(lock_file);
  if (!opened.lock && !PARLEY_MUTANT(shares_its_directory)) {
    return store::refusal({directory + " is used by another process: is node " + text(id) +
                           " running already? (the lock file in it names the process)"});
  }
  if (auto another = belongs_to_another(disk, id)) return store::refusal(std::move(*another));
  if (store::finish_set_aside(disk)) {
    opened.notes.push_back(directory + ": what was begun, to set an old state of it aside, is done now");
  }
  if (unfinished == Unfinished::is_refused && disk.exists(unfinished_recover_file)) {
    return store::refusal({directory + " holds a recover that was cut short: run `parley recover` again, it goes on"});
  }
  auto identity = open_identity(disk, id, entropy);
  if (!identity.ok()) return store::refusal(identity.error());
  opened.identity = std::move(*identity);
  const auto former = begin_data_anew(disk, opened.identity);
  if (!former.ok()) return store::refusal(former.error());

  try {
    const auto fits = open_data(disk, log_options, opened);
    if (!fits.ok()) return fits.error();
  } catch (const store::ArchiveDamaged& damage) {
    return store::damage(damage.what());
  }
  if (*former != ClusterId()) begin_in(*former, disk, opened);
  opened.unfilled = store::is_unfilled(disk, opened.identity.incarnation);
  // What is in the archive was committed; the hint in the log may be older.
  auto& commit = opened.durable.hard_state.commit_index;
  commit = std::max(commit, opened.archive.position.applied.index);
  return opened;
}

}  // namespace parley::node
