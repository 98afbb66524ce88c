#pragma once

#include "base/codec.hpp"
#include "raft/types.hpp"

namespace parley::wire {

// Entries and configurations as bytes: one form for log records, peer frames and the archive.
void write(Writer& out, const raft::EntryId& id);
void write(Writer& out, const raft::Entry& entry);
void write(Writer& out, const raft::Configuration& configuration);
void write(Writer& out, const raft::HardState& hard_state);

inline constexpr std::size_t address_max = 300;          // bytes of "host:port"
inline constexpr std::size_t payload_max = 1024 * 1024;  // bytes of one command

// On any bytes; what is wrong makes `in` fail.
raft::EntryId read_entry_id(Reader& in);
raft::Entry read_entry(Reader& in);
raft::Configuration read_configuration(Reader& in);
raft::HardState read_hard_state(Reader& in);

}  // namespace parley::wire
