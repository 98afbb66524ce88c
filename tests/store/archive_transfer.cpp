#include "store/archive_transfer.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "store/archive_connection.hpp"

namespace parley::store::testing {

Sent::Sent(int batches, const std::string& sql) {
  MemoryDisk disk;
  auto opened = *Archive::open(disk, archive_file);
  SampleWorkload workload(1);
  for (int i = 0; i < batches; ++i) opened.archive->write(workload.next(4));
  model = workload.model();
  if (!sql.empty()) ArchiveConnection(disk, archive_file, ArchiveConnection::Use::write).database().exec(sql);
  ArchiveCopies copies(disk);
  copy = *copies.make(*opened.archive, std::nullopt);
  bytes = *copies.read(copy.id, 0, copy.id.bytes);
}

const Sent& sent() {
  static const Sent one(30);
  return one;
}

bool receive(Disk& disk, const Sent& from) {
  constexpr std::size_t chunk = 10'000;
  auto incoming = IncomingArchive::open(disk, archive_file, from.copy.id, archive_bytes_max);
  if (!incoming.ok()) return false;
  while (!incoming->complete()) {
    const auto part = from.bytes.substr(incoming->offset(), chunk);
    if (!incoming->write(incoming->offset(), part).ok()) return false;
  }
  return incoming->sync().ok();
}

Result<ArchivePosition> prepare(Disk& disk, const Sent& from) {
  return prepare_archive(disk, archive_file, from.copy.id, Generation(1));
}

void Follower::live() {
  auto archive = open_archive();
  SampleWorkload workload(9);
  for (int i = 0; i < 10; ++i) {
    archive.archive->write(workload.next(4));
    if (i == 6) archive.archive->checkpoint();
  }
  own_model = workload.model();
  auto log = open_log();
  for (int i = 0; i < 12; ++i) {
    log.log->append(batch_of(own_log, std::vector<raft::Content>(5, SharedBytes(std::string(100, 'x'))), Term(1)));
  }
  raft::PersistBatch vote;
  vote.number = 1;
  vote.hard_state = raft::HardState{Term(6), ServerId{NodeId(2), Incarnation(3)}, Index(40)};
  apply_batch(own_log, vote);
  log.log->append(vote);
}

Archive::Opened Follower::open_archive() {
  auto opened = Archive::open(disk_, archive_file);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  return std::move(*opened);
}

WriteAheadLog::Opened Follower::open_log() {
  auto opened = WriteAheadLog::open(disk_, "log", small_segments);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  return std::move(*opened);
}

void Follower::install() {
  auto archive = open_archive();
  auto log = WriteAheadLog::open(disk_, "log", small_segments);
  if (!log.ok() || !receive(disk_, sent())) return;
  const auto position = prepare(disk_);
  if (!position.ok()) return;
  archive = {};
  install_archive(disk_, archive_file);
  archive = open_archive();
  join_log(archive, *log->log, log->durable);
}

}  // namespace parley::store::testing
