#include "node/recover.hpp"

#include <algorithm>
#include <utility>

#include "chat/state.hpp"
#include "node/applier.hpp"
#include "store/archive_copies.hpp"
#include "store/archive_incoming.hpp"
#include "wire/command_codec.hpp"

namespace parley::node {
namespace {

constexpr std::size_t entries_a_batch = 4096;

std::string text(std::uint64_t number) { return std::to_string(number); }

// The part of the log that the archive lacks, applied as a node does it.
class Replay {
 public:
  Replay(chat::State& state, store::Archive::Opened& archive) : state_(state), archive_(archive) {
    batch_.position = archive.position;
  }

  void add(const raft::Entry& entry) {
    auto effects = apply(entry);
    auto& position = batch_.position;
    position.chain = next_chain(position.chain, entry, effects);
    position.applied = entry.id;
    position.time = entry.time;
    if (const auto* configuration = std::get_if<raft::ConfigurationPtr>(&entry.content)) {
      position.configuration = **configuration;
      position.configuration_index = entry.id.index;
    }
    std::move(effects.messages.begin(), effects.messages.end(), std::back_inserter(batch_.messages));
    std::move(effects.records.begin(), effects.records.end(), std::back_inserter(batch_.records));
    if (++entries_ == entries_a_batch) write();
  }

  void write() {
    if (entries_ == 0) return;
    archive_.archive->write(batch_);
    archive_.position = batch_.position;
    batch_.messages.clear();
    batch_.records.clear();
    entries_ = 0;
  }

 private:
  chat::Effects apply(const raft::Entry& entry) {
    if (const auto* bytes = std::get_if<SharedBytes>(&entry.content)) {
      if (auto command = wire::decode_command(bytes->view())) {
        return chat::apply(state_, chat::Entry{entry.id.index, entry.time, std::move(*command)});
      }
    }
    return chat::apply_nothing(state_, entry.id.index, entry.time);
  }

  chat::State& state_;
  store::Archive::Opened& archive_;
  store::ArchiveBatch batch_;
  std::size_t entries_ = 0;
};

raft::Configuration members_of(const DataDirectory& directory) {
  for (auto entry = directory.durable.entries.rbegin(); entry != directory.durable.entries.rend(); ++entry) {
    if (const auto* found = std::get_if<raft::ConfigurationPtr>(&entry->content)) return **found;
  }
  if (directory.durable.base_configuration) return *directory.durable.base_configuration;
  return {};
}

std::string story(const Recovered& recovered, const raft::Configuration& members) {
  const auto& vote = recovered.hard_state.voted_for;
  std::string words = "This data directory was recovered after the loss of a majority. Before:\n";
  words += "node         " + text(recovered.before.node.value) + "\n";
  words += "incarnation  " + text(recovered.before.incarnation.value) + "\n";
  words += "cluster      " + text(recovered.before.cluster.value) + "\n";
  words += "generation   " + text(recovered.generation_before.value) + "\n";
  words += "term         " + text(recovered.hard_state.current_term.value) + "\n";
  words += "voted for    " + (vote ? "node " + text(vote->node.value) : std::string("nobody")) + "\n";
  words += "committed    " + text(recovered.committed.value) + " (at least)\n";
  words += "last entry   " + text(recovered.last.index.value) + " of term " + text(recovered.last.term.value) + "\n";
  for (const auto& member : members.members) {
    words += "member       " + text(member.id.node.value) + (member.voter ? " (voter), " : " (learner), ") +
             member.peer_address + ", " + member.client_address + "\n";
  }
  return words;
}

// Beside what there is: of an earlier recover, or of this one before it was cut short.
std::string keep_story(store::Disk& disk, const std::string& words) {
  for (std::uint64_t number = 1;; ++number) {
    const std::string name = recovered_from_file + ("-" + text(number)) + ".txt";
    if (disk.exists(name)) continue;
    const auto file = disk.open(name, store::OpenMode::create);
    file->write_at(0, words);
    file->sync();
    disk.sync_directory("");
    return name;
  }
}

void mark_unfinished(store::Disk& disk) {
  disk.open(unfinished_recover_file, store::OpenMode::open_or_create)->sync();
  disk.sync_directory("");
}

// Copies of the archive are named by the entry that they stand for, and the new generation begins at the last one of
// the old: a copy of before would be offered to its learners as if it were of theirs. Durable before the birth.
Result<Nothing> forget_copies(store::Disk& disk) {
  store::ArchiveCopies copies(disk);
  copies.remove_all_but(std::nullopt);
  if (disk.exists(copies.directory())) disk.sync_directory(copies.directory());
  return store::IncomingArchive::discard(disk, archive_file);
}

Result<Recovered> recover(store::Disk& disk, DataDirectory& directory, net::Entropy& entropy) {
  const NodeId self = directory.identity.node;
  auto state = chat::State::load(directory.archive.records);
  if (!state.ok()) return state.error();
  const raft::Configuration members = members_of(directory);
  const auto listed = std::ranges::find(members.members, self, [](const auto& member) { return member.id.node; });
  if (listed == members.members.end()) {
    return Error{disk.describe("") + ": node " + text(self.value) + " was no member of its cluster any more"};
  }
  Recovered recovered;
  recovered.before = directory.identity;
  recovered.hard_state = directory.durable.hard_state;
  recovered.generation_before = directory.archive.position.generation;
  recovered.committed = directory.durable.hard_state.commit_index;
  recovered.last = directory.durable.entries.empty() ? directory.durable.base : directory.durable.entries.back().id;
  recovered.kept = disk.describe(keep_story(disk, story(recovered, members)));
  mark_unfinished(disk);
  const auto forgotten = forget_copies(disk);
  if (!forgotten.ok()) return forgotten.error();

  Replay replay(*state, directory.archive);
  for (const auto& entry : directory.durable.entries) {
    if (entry.id.index > directory.archive.position.applied.index) replay.add(entry);
  }
  replay.write();
  recovered.now = draw_generation(entropy, self, recovered.before.cluster, recovered.generation_before, members);
  const auto batch = begin_generation(*state, directory.archive.position, recovered.now);
  directory.archive.archive->write(batch);
  directory.archive.archive->checkpoint();
  directory.log->append(begin_log(batch.position, recovered.hard_state.current_term));

  store::Identity identity = recovered.before;
  identity.incarnation = recovered.now.self.incarnation;
  identity.cluster = recovered.now.cluster;
  identity.founding = {};
  store::save_identity(disk, identity);
  disk.remove(unfinished_recover_file);
  disk.sync_directory("");
  return recovered;
}

Error not_recovered(const store::Refusal& refusal) {
  if (!refusal.damaged) return refusal;
  return Error{refusal.message + ". Nothing was changed: from damaged data nothing is recovered. Bring its files back "
               "from a copy, or run parley recover on another survivor, or restore a backup"};
}

}  // namespace

Result<Recovered> recover_directory(store::Disk& disk, NodeId self, net::Entropy& entropy,
                                    store::LogOptions log_options) {
  try {
    if (!disk.exists(store::identity_file)) return Error{disk.describe("") + " is not the data directory of a node"};
    auto directory = open_data_directory(disk, self, entropy, log_options, Unfinished::recover_is_gone_on_with);
    if (!directory.ok()) return not_recovered(directory.error());
    if (directory->identity.cluster == ClusterId()) {
      return Error{disk.describe("") + " belongs to no cluster yet: there is nothing to recover"};
    }
    return recover(disk, *directory, entropy);
  } catch (const store::DiskError& error) {
    return Error{std::string(error.what()) + ". Run parley recover again when the disk is well; until then the node "
                 "does not start"};
  } catch (const store::ArchiveDamaged& damage) {
    return Error{damage.what()};
  }
}

}  // namespace parley::node
