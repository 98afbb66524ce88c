#include "node/restore.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/assert.hpp"
#include "chat/state.hpp"
#include "node/data_directory.hpp"
#include "node/new_generation.hpp"
#include "store/archive_incoming.hpp"
#include "store/archive_install.hpp"
#include "store/identity.hpp"
#include "store/write_ahead_log.hpp"

namespace parley::node {
namespace {

constexpr std::size_t bytes_a_copy = 1024 * 1024;
raft::Configuration members_of(const ClusterConfig& config) {
  raft::Configuration members;
  for (const auto& node : config.nodes) {
    raft::Member member;
    member.id.node = node.id;
    member.peer_address = node.peer.advertise;
    member.client_address = node.client.advertise;
    members.members.push_back(std::move(member));
  }
  return members;
}

class Restore {
 public:
  Restore(store::Disk& disk, const ClusterConfig& config, NodeId self, net::Entropy& entropy)
      : disk_(disk), config_(config), self_(self), entropy_(entropy) {}

  Result<Nothing> make_room();
  Result<Restored> run(store::Disk& source, const std::string& name, const store::BackupAbout& about);
  void clear();

 private:
  Result<Nothing> fetch(store::Disk& source, const std::string& name, const store::BackupAbout& about);
  Result<Nothing> begin_anew(const NewGeneration& begun, const store::BackupAbout& about);

  store::Disk& disk_;
  const ClusterConfig& config_;
  NodeId self_;
  net::Entropy& entropy_;
};

Result<Nothing> Restore::make_room() {
  if (disk_.exists(unfinished_restore_file) && !disk_.exists(store::identity_file)) clear();
  for (const auto& name : disk_.list("")) {
    const bool left_empty = name == log_directory && disk_.list(log_directory).empty();
    if (name == lock_file || left_empty) continue;
    return Error{disk_.describe("") + " is not empty (it holds " + name +
                 "): a backup is restored into a new directory only. Move it aside, or give another one"};
  }
  disk_.open(unfinished_restore_file, store::OpenMode::create)->sync();
  disk_.sync_directory("");
  return success();
}

// All that a restore makes, the mark last; but for the log's directory, which stays, empty.
void Restore::clear() {
  if (disk_.exists(log_directory)) {
    for (const auto& name : disk_.list(log_directory)) disk_.remove(std::string(log_directory) + "/" + name);
    disk_.sync_directory(log_directory);
  }
  for (const auto& name : disk_.list("")) {
    if (name.starts_with(archive_file) || name.starts_with(store::identity_file)) disk_.remove(name);
  }
  disk_.sync_directory("");
  disk_.remove(unfinished_restore_file);
  disk_.sync_directory("");
}

Result<Restored> Restore::run(store::Disk& source, const std::string& name, const store::BackupAbout& about) {
  const auto fetched = fetch(source, name, about);
  if (!fetched.ok()) return fetched.error();
  const auto begun = draw_generation(entropy_, self_, about.cluster, about.generation, members_of(config_));
  const auto made = begin_anew(begun, about);
  if (!made.ok()) return made.error();

  store::Identity identity;
  identity.node = self_;
  identity.incarnation = begun.self.incarnation;
  identity.cluster = begun.cluster;
  store::save_identity(disk_, identity);
  disk_.remove(unfinished_restore_file);   // means nothing beside an identity
  disk_.sync_directory("");
  return Restored{about, begun.cluster, begun.generation, begun.members};
}

// Into the archive's place, the way another node's archive gets there, with all its checks.
Result<Nothing> Restore::fetch(store::Disk& source, const std::string& name, const store::BackupAbout& about) {
  auto incoming = store::IncomingArchive::open(disk_, archive_file, about.copy, about.copy.bytes);
  if (!incoming.ok()) return incoming.error();
  const auto file = source.open(name, store::OpenMode::read);
  while (!incoming->complete()) {
    const std::string bytes = store::read_backup(*file, incoming->offset(), bytes_a_copy);
    if (bytes.empty()) return Error{source.describe(name) + " became shorter while it was read"};
    const auto written = incoming->write(incoming->offset(), bytes);
    if (!written.ok()) return written.error();
  }
  const auto prepared = store::prepare_archive(disk_, archive_file, about.copy, about.generation);
  if (!prepared.ok()) return prepared.error();
  store::install_archive(disk_, archive_file);
  return success();
}

Result<Nothing> Restore::begin_anew(const NewGeneration& begun, const store::BackupAbout& about) {
  auto opened = store::Archive::open(disk_, archive_file);
  if (!opened.ok()) return opened.error();
  auto state = chat::State::load(opened->records);
  if (!state.ok()) return state.error();
  if (state->digest() != about.state || opened->position.chain != about.chain) {
    return Error{"the state in the backup has the digest " + state->digest().hex() + ", its header says " +
                 about.state.hex() + ", or the chains differ: it can't be used; take another backup"};
  }
  const auto batch = begin_generation(*state, opened->position, begun);
  store::LogOptions options;
  options.segment_bytes = config_.log_segment_bytes;
  auto log = store::WriteAheadLog::open(disk_, log_directory, options);
  if (!log.ok()) return log.error();
  log->log->append(begin_log(batch.position, batch.position.applied.term));
  opened->archive->joined();
  opened->archive->write(batch);
  opened->archive->checkpoint();
  return success();
}

}  // namespace

Result<Restored> restore_directory(store::Disk& disk, const ClusterConfig& config, NodeId self, store::Disk& source,
                                   const std::string& name, net::Entropy& entropy) {
  PARLEY_ASSERT(config.find(self) != nullptr, "who is restored is in the configuration");
  const auto lock = disk.lock(lock_file);
  if (!lock) return Error{disk.describe("") + " is used by another process; the lock file in it names the process"};
  Restore restore(disk, config, self, entropy);
  std::optional<Error> failure;
  try {
    const auto about = store::check_backup(source, name);   // before anything is made
    if (!about.ok()) return about.error();
    const auto room = restore.make_room();
    if (!room.ok()) return room.error();
    auto restored = restore.run(source, name, *about);
    if (restored.ok()) return restored;
    failure = restored.error();
  } catch (const store::DiskError& error) {
    failure = Error{error.what()};
  } catch (const store::ArchiveDamaged& damage) {
    failure = Error{damage.what()};
  }
  try {
    // Not where the birth may have happened already: a directory with an identity is a node's.
    if (!disk.exists(store::identity_file)) restore.clear();
  } catch (const store::DiskError&) {   // what is left is named as unfinished, and the next restore removes it
  }
  return *failure;
}

}  // namespace parley::node
