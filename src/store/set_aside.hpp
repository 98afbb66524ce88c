#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "store/disk.hpp"
#include "store/identity.hpp"

namespace parley::store {

// Giving up a data directory that may not be used any more, without deleting what it holds: every file of the identity,
// the log and the archive gets the suffix ".aside" (what an earlier time left under such a name is deleted first), and
// the next open_data_directory() begins with an empty one, under a new incarnation (R4).
//
// Quick: files are renamed. The caller holds the directory's lock. Throws DiskError; after that or a crash,
// finish_set_aside() does what is left.
void set_aside(Disk& disk);

// At every start, with the lock held: what a crash left of it. The identity goes first and is made anew last, so a
// directory with "identity.aside" and without an identity is half way there. True: it did something.
bool finish_set_aside(Disk& disk);

// Whose data was set aside here last; nullopt: nobody's. The error: it can't be read.
Result<std::optional<Identity>> identity_set_aside(Disk& disk);

// Removes log and archive, but what was set aside of them. Throws DiskError; begun again it goes on.
void discard_data(Disk& disk);

// A mark beside data that was begun anew and is not filled yet: it holds nothing that the others lack, what was set
// aside before it may. Of one incarnation: beside another one it means nothing. Durable; throw DiskError.
void mark_unfilled(Disk& disk, Incarnation incarnation);
bool is_unfilled(Disk& disk, Incarnation incarnation);
void mark_filled(Disk& disk);

inline constexpr const char* aside_suffix = ".aside";
inline constexpr const char* unfilled_file = "unfilled";

}  // namespace parley::store
