#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "raft/types.hpp"
#include "store/archive.hpp"
#include "store/disk.hpp"
#include "store/write_ahead_log.hpp"

namespace parley::store {

// Putting the copy of another node's archive in the place of this node's own (W16, decision 0010, docs/DISK.md). In
// this order: prepare_archive(), which takes long, while the node goes on; then, with every connection to the archive
// closed, install_archive() and Archive::open(); then the log begins anew above it (PersistBatch::reset); then
// Archive::joined(). After a crash in between open_data_directory() does what is left: Archive::open() finishes an
// installation that was decided, join_log() the rest.

// Verifies what IncomingArchive received: size and digest, every page's checksum, that it is a Parley archive of a
// version known here, its position, its generation where one is given, SQLite's integrity check. Then
// marks it as installed. Whatever is wrong with it, it is removed and must be sent again; a failing disk is an error
// as well; the live archive and the log are not touched. Blocking, for about as long as reading it three times.
Result<ArchivePosition> prepare_archive(Disk& disk, const std::string& file, const ArchiveCopyId& id,
                                        std::optional<Generation> generation, std::stop_token stop = {});

// Swaps what was prepared with the live archive; asserts that nobody has that open. Quick. Throws DiskError: then the
// process ends, and the next Archive::open() finds either the old archive, untouched, or the new one.
void install_archive(Disk& disk, const std::string& file);

// The second half of that, if it was decided and not finished; called by Archive::open(). True: it did something.
// Also removes what was prepared and not installed. Throws DiskError.
bool finish_install(Disk& disk, const std::string& file);

// What the log must begin with because the archive was installed and the log does not lead to it: it ends before the
// archive's position, or has another term there. nullopt: the archive was not installed, or the log joins it, or what
// the log knows as committed contradicts it.
std::optional<raft::LogBase> base_to_join(const Archive::Opened& archive, const raft::Durable& durable);

// At start-up, before anything is made of the two: lets the log begin anew if it must, brings `durable` into step, and
// takes the mark away. Two that contradict each other are left as they are, to be refused. True: the log began anew.
// Throws DiskError.
bool join_log(Archive::Opened& archive, WriteAheadLog& log, raft::Durable& durable);

}  // namespace parley::store
