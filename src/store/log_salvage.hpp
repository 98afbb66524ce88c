#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "store/disk.hpp"
#include "store/log_record.hpp"

namespace parley::store {

// What can still be read of a damaged log, to judge by and never to build upon: of every segment there is, in order,
// the records in the sectors whose checksums fit, also behind damage, where `first_record` finds them again. A record
// whose predecessor is lost is taken at the word of its sector, and of an unfinished batch there may be some.
// `version`: of its segment. Throws DiskError.
using SalvageVisitor = std::function<void(const LogRecord& record, std::uint32_t version)>;
void salvage_log(Disk& disk, const std::string& directory, const SalvageVisitor& visitor);

}  // namespace parley::store
