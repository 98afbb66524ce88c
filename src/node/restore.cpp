#include "node/restore.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/assert.hpp"
#include "chat/state.hpp"
#include "node/data_directory.hpp"
#include "store/archive_incoming.hpp"
#include "store/archive_install.hpp"
#include "store/identity.hpp"
#include "store/write_ahead_log.hpp"

namespace parley::node {
namespace {

constexpr std::size_t bytes_a_copy = 1024 * 1024;
constexpr std::uint64_t generation_step_max = 1ULL << 32;   // some millions of restores fit what JSON keeps exact

std::uint64_t draw(net::Entropy& entropy) {
  std::uint64_t drawn = 0;
  while (drawn == 0) drawn = entropy.u64();
  return drawn;
}

raft::Configuration lone_voter(const ClusterConfig& config, ServerId self) {
  raft::Configuration configuration;
  for (const auto& node : config.nodes) {
    raft::Member member;
    member.id = ServerId{node.id, Incarnation(0)};   // its data directory says who it is when it calls (R4)
    member.voter = node.id == self.node;
    if (member.voter) member.id = self;
    member.peer_address = node.peer.advertise;
    member.client_address = node.client.advertise;
    configuration.members.push_back(std::move(member));
  }
  return configuration;
}

class Restore {
 public:
  Restore(store::Disk& disk, const ClusterConfig& config, NodeId self, net::Entropy& entropy)
      : disk_(disk), config_(config), self_{self, Incarnation(draw(entropy))}, entropy_(entropy) {}

  Result<Nothing> make_room();
  Result<Restored> run(store::Disk& source, const std::string& name, const store::BackupAbout& about);
  void clear();

 private:
  Result<Nothing> fetch(store::Disk& source, const std::string& name, const store::BackupAbout& about);
  Result<Nothing> begin_anew(Restored& restored);
  Result<Nothing> begin_log(const store::ArchivePosition& position);

  store::Disk& disk_;
  const ClusterConfig& config_;
  ServerId self_;
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
  Restored restored;
  restored.from = about;
  restored.cluster = about.cluster;
  while (restored.cluster == about.cluster) restored.cluster = ClusterId(draw(entropy_));
  restored.generation = Generation(about.generation.value + 1 + entropy_.u64() % generation_step_max);
  restored.members = lone_voter(config_, self_);
  const auto begun = begin_anew(restored);
  if (!begun.ok()) return begun.error();

  store::Identity identity;
  identity.node = self_.node;
  identity.incarnation = self_.incarnation;
  identity.cluster = restored.cluster;
  store::save_identity(disk_, identity);
  disk_.remove(unfinished_restore_file);   // means nothing beside an identity
  disk_.sync_directory("");
  return restored;
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

Result<Nothing> Restore::begin_anew(Restored& restored) {
  auto opened = store::Archive::open(disk_, archive_file);
  if (!opened.ok()) return opened.error();
  auto state = chat::State::load(opened->records);
  if (!state.ok()) return state.error();
  if (state->digest() != restored.from.state || opened->position.chain != restored.from.chain) {
    return Error{"the state in the backup has the digest " + state->digest().hex() + ", its header says " +
                 restored.from.state.hex() + ", or the chains differ: it can't be used; take another backup"};
  }
  auto effects = chat::begin_generation(*state, restored.generation);
  store::ArchiveBatch batch;
  batch.position = opened->position;
  batch.position.generation = restored.generation;
  batch.position.configuration = restored.members;
  batch.position.configuration_index = batch.position.applied.index;
  batch.position.state_digest = state->digest();
  batch.position.state_digest_at = batch.position.applied.index;
  batch.records = std::move(effects.records);
  const auto log = begin_log(batch.position);
  if (!log.ok()) return log.error();
  opened->archive->joined();
  opened->archive->write(batch);
  opened->archive->checkpoint();
  return success();
}

// Above the archive, with its term and without a vote: the first election is of the term after it.
Result<Nothing> Restore::begin_log(const store::ArchivePosition& position) {
  store::LogOptions options;
  options.segment_bytes = config_.log_segment_bytes;
  auto opened = store::WriteAheadLog::open(disk_, log_directory, options);
  if (!opened.ok()) return opened.error();
  raft::HardState hard_state;
  hard_state.current_term = position.applied.term;
  hard_state.commit_index = position.applied.index;
  raft::LogBase base{position.applied, position.time, nullptr, position.configuration_index};
  base.configuration = std::make_shared<const raft::Configuration>(*position.configuration);
  raft::PersistBatch batch;
  batch.number = 1;
  batch.hard_state = hard_state;
  batch.reset = std::move(base);
  opened->log->append(batch);
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
