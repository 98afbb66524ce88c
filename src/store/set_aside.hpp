#pragma once

#include <string>

#include "store/disk.hpp"

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

inline constexpr const char* aside_suffix = ".aside";

}  // namespace parley::store
