#include "node/begin_anew.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "base/mutant.hpp"
#include "node/data_directory.hpp"
#include "store/archive.hpp"
#include "store/log_salvage.hpp"
#include "store/set_aside.hpp"

namespace parley::node {
namespace {

// Never zero: that would be "none".
std::uint64_t draw_id(net::Entropy& entropy) {
  std::uint64_t id = 0;
  while (id == 0) id = entropy.u64();
  return id;
}

// The configurations that can be read, and how far is surely committed.
struct Readable {
  std::map<Index, raft::ConfigurationPtr> configurations;   // by where they stand in the log
  Index committed;

  void add(Index index, raft::ConfigurationPtr configuration) {
    if (configuration) configurations.insert_or_assign(index, std::move(configuration));
  }

  void cut(Index from) { configurations.erase(configurations.lower_bound(from), configurations.end()); }

  // Of the committed ones the latest, and all that may follow it.
  bool any_may_hold(const auto& condition) const {
    auto place = configurations.upper_bound(committed);
    if (place != configurations.begin()) --place;
    return std::any_of(place, configurations.end(), [&](const auto& entry) { return condition(*entry.second); });
  }
};

void read_record(const store::LogRecord& record, std::uint32_t version, Readable& readable) {
  switch (record.kind) {
    case store::RecordKind::base:
      if (const auto base = store::base_of(record, version)) {
        readable.add(base->configuration_index, base->configuration);
        readable.committed = std::max(readable.committed, base->id.index);   // no log begins above what is committed
      }
      return;
    case store::RecordKind::entry:
      if (const auto entry = store::entry_of(record)) {
        readable.cut(entry->id.index);   // what stood there was cut off, should the record of that be lost
        const auto* configuration = std::get_if<raft::ConfigurationPtr>(&entry->content);
        if (configuration != nullptr) readable.add(entry->id.index, *configuration);
      }
      return;
    case store::RecordKind::hard_state:
      if (const auto state = store::hard_state_of(record)) {
        readable.committed = std::max(readable.committed, state->commit_index);
      }
      return;
    case store::RecordKind::truncation:
      readable.cut(record.id.index);
      return;
    default: return;
  }
}

void read_log(store::Disk& disk, Readable& readable) {
  store::salvage_log(disk, log_directory, [&readable](const store::LogRecord& record, std::uint32_t version) {
    read_record(record, version, readable);
  });
}

void read_archive(store::Disk& disk, Readable& readable) {
  try {
    const auto opened = store::Archive::open(disk, archive_file);
    if (!opened.ok() || !opened->position.configuration) return;
    const store::ArchivePosition& position = opened->position;
    readable.add(position.configuration_index, std::make_shared<const raft::Configuration>(*position.configuration));
    readable.committed = std::max(readable.committed, position.applied.index);
  } catch (const store::ArchiveDamaged&) {   // then it is the archive that can't be read
  }
}

constexpr const char* only_voter =
    "This node is the only voter of its cluster, as far as can still be read: nobody else has all of what is damaged "
    "here, so nothing was set aside. Should `parley status` show that the others go on without it, start it over an "
    "empty directory. Else bring the files back from a copy of them as they were last; or give up what this node alone "
    "held: `parley recover` on another node that has most of it, or `parley restore` from a backup";

}  // namespace

bool is_only_voter(store::Disk& disk, const store::Identity& identity) {
  Readable readable;
  if (!identity.founding.members.empty()) {
    readable.add(Index(0), std::make_shared<const raft::Configuration>(identity.founding));
  }
  read_log(disk, readable);
  read_archive(disk, readable);
  const ServerId self{identity.node, identity.incarnation};
  return readable.any_may_hold([self](const raft::Configuration& configuration) {
    return configuration.voters() == 1 && configuration.is_voter(self);
  });
}

store::Identity fresh_identity(store::Disk& disk, NodeId id, net::Entropy& entropy) {
  store::Identity fresh;
  fresh.node = id;
  fresh.incarnation = Incarnation(draw_id(entropy));
  if (PARLEY_MUTANT(set_aside_keeps_its_incarnation)) {
    const auto former = store::identity_set_aside(disk);
    if (former.ok() && *former) fresh.incarnation = (*former)->incarnation;
  }
  return fresh;
}

Result<std::string> set_data_aside(store::Disk& disk, net::Entropy& entropy) {
  const auto lock = disk.lock(lock_file);
  if (!lock) return Error{disk.describe("") + " is used by another process: it can't be set aside"};
  const auto identity = store::load_identity(disk);
  if (!identity.ok()) return identity.error();
  if (*identity && store::is_unfilled(disk, (*identity)->incarnation)) {
    store::save_identity(disk, fresh_identity(disk, (*identity)->node, entropy));
    return std::string("It had not been filled since data was set aside here before, so it is discarded; the earlier "
                       "files stay (*.aside)");
  }
  store::set_aside(disk);
  return std::string("The data is set aside (*.aside)");
}

Result<std::string> set_damaged_data_aside(store::Disk& disk, net::Entropy& entropy) {
  const auto identity = store::load_identity(disk);
  if (!identity.ok()) return identity.error();
  const bool keeps = *identity && is_only_voter(disk, **identity);
  if (keeps && !PARLEY_MUTANT(only_voter_is_set_aside)) return Error{only_voter};
  return set_data_aside(disk, entropy);
}

Result<ClusterId> begin_data_anew(store::Disk& disk, const store::Identity& identity) {
  if (identity.cluster != ClusterId() || PARLEY_MUTANT(set_aside_forgets_its_cluster)) return ClusterId();
  const auto former = store::identity_set_aside(disk);
  if (!former.ok()) {
    return Error{former.error().message + ". It would tell which cluster this directory belonged to; only if it "
                 "belonged to none, remove it"};
  }
  if (!*former || (*former)->cluster == ClusterId()) return ClusterId();
  if ((*former)->node != identity.node) {
    return Error{disk.describe("") + " is begun anew as the data directory of node " +
                 std::to_string(identity.node.value) + ", but what was set aside in it is node " +
                 std::to_string((*former)->node.value) + "'s: start each node with its own directory"};
  }
  store::discard_data(disk);
  store::mark_unfilled(disk, identity.incarnation);
  return (*former)->cluster;
}

}  // namespace parley::node
