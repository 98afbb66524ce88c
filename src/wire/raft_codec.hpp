#pragma once

#include "base/codec.hpp"
#include "raft/types.hpp"

namespace parley::wire {

// Entries and configurations as bytes: one form for log records, peer frames and the archive. They carry no version
// and no checksum of their own: whatever holds them does (docs/DISK.md, peer_frame.hpp).
//
//   entry id       term u64, index u64
//   entry          entry id, time i64 (ms since 1970), content kind u8, content
//                  kind 0 no-op: nothing; 1 command: size u32, bytes; 2 configuration
//   server         node u32, incarnation u64
//   configuration  count u16, members by node id: server, voter u8, peer address, client address (size u32, bytes)
//   hard state     current term u64, voted u8, the server voted for if voted = 1, commit index u64
//   log base       entry id, time i64, configuration index u64, configuration u8, the configuration if that is 1;
//                  also what a snapshot stands for

inline constexpr std::size_t address_max = 300;          // bytes of "host:port"
inline constexpr std::size_t payload_max = 1024 * 1024;  // bytes of one command
inline constexpr std::uint32_t node_id_max = 65535;
bool valid(NodeId node);   // 1 to node_id_max
inline constexpr std::size_t entry_bytes_min = 25;       // a no-op: lets a reader check a count before it allocates

// To write what a reader would refuse (a limit passed, members unsorted) is a broken assertion: it would be lost.
void write(Writer& out, const raft::EntryId& id);
void write(Writer& out, const raft::Entry& entry);
void write(Writer& out, const ServerId& server);
void write(Writer& out, const raft::Configuration& configuration);
void write(Writer& out, const raft::HardState& hard_state);
void write(Writer& out, const raft::LogBase& base);

// On any bytes; what is wrong makes `in` fail. What they accept they would write again as the same bytes.
raft::EntryId read_entry_id(Reader& in);
raft::Entry read_entry(Reader& in);
ServerId read_server(Reader& in);
raft::Configuration read_configuration(Reader& in);
raft::HardState read_hard_state(Reader& in);
raft::LogBase read_log_base(Reader& in);

}  // namespace parley::wire
