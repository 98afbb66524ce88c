#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "raft/message.hpp"
#include "wire/member_frame.hpp"
#include "wire/snapshot_frame.hpp"
#include "wire/state_frame.hpp"

namespace parley::wire {

// What nodes say to each other. A link is dialled by the node that speaks on it: it sends Hello, gets Welcome,
// Rejected or NotAMember, and from then on only the dialler sends. Answers travel on the other node's own link.
// The length prefix is the transport's; here a frame is: version u8, kind u8, body, checksum u64 (XXH3 of the rest).
// Every version keeps the first byte and the last eight, so that a newer frame is told from a damaged one.

inline constexpr std::uint16_t peer_version_min = 1;
inline constexpr std::uint16_t peer_version_max = 1;

// Limits of one frame. A reader refuses more; a writer asserts, except where it says that it cuts.
inline constexpr std::size_t frame_entries_max = 8192;       // entries in one AppendEntries
inline constexpr std::size_t rejection_reason_max = 1000;    // bytes; the writer cuts a longer reason

struct Hello {
  std::uint16_t version_min = peer_version_min;
  std::uint16_t version_max = peer_version_max;
  ServerId from;
  NodeId to;
  ClusterId cluster;                 // 0: never initialised (R3)
  Digest founding;                   // of the node ids and addresses in the configuration file: must agree at birth
  Index log_end;                     // what its disk holds of the log, to that entry; 0: not born
  Index configuration;               // where the latest one in its log stands, committed or not; 0: none
  std::string address;               // at which it is to be answered by who does not know it (decision 0023)
  raft::TermAndVote term_and_vote;   // its own (decision 0028); of one that is not born: none
  bool operator==(const Hello&) const = default;
};
struct Welcome {
  std::uint16_t version = peer_version_max;
  ServerId from;
  ClusterId cluster;                 // 0: never initialised
  Digest founding;
  std::optional<raft::Configuration> founded;   // the first configuration, if this node was there at the birth
  bool operator==(const Welcome&) const = default;
};
struct Rejected {                    // then the link ends
  std::string reason;                // for people: which cluster, which node, which versions
  bool operator==(const Rejected&) const = default;
};
struct Founded {                     // the birth (R3), from the lowest id to every other
  ClusterId cluster;
  raft::Configuration configuration;
  bool operator==(const Founded&) const = default;
};
struct Forward {                     // a command for the leader
  std::uint64_t id = 0;              // the sender's own
  SharedBytes command;
  bool operator==(const Forward&) const = default;
};
struct Forwarded {
  enum class Outcome : std::uint8_t { proposed, not_leader, busy, too_large, disk_full };
  std::uint64_t id = 0;
  Outcome outcome = Outcome::proposed;
  raft::EntryId entry;               // proposed: committed, if ever, under exactly this id
  bool operator==(const Forwarded&) const = default;
};
using PeerFrame = std::variant<Hello, Welcome, Rejected, Founded, Forward, Forwarded, Presence, SnapshotRequest,
                               SnapshotChunk, PlannedStop, NotAMember, RolledBack, MemberRequest, MemberReply,
                               StateDigest, DiskShort, raft::Message>;

std::string encode(const PeerFrame& frame);

// Any bytes may be given: the checksum is verified before anything is decoded. What it accepts, encode() would
// write as the same bytes. The error says what is wrong, and names both versions where the frame is newer.
Result<PeerFrame> decode_peer_frame(std::string_view bytes);

}  // namespace parley::wire
