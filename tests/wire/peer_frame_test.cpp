#include "wire/peer_frame.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/checksum.hpp"
#include "base/codec.hpp"
#include "wire/raft_codec.hpp"
#include "wire/random_raft.hpp"

namespace parley::wire {
namespace {

using testing::random_text;
using testing::to_hex;

bool same(const PeerFrame& a, const PeerFrame& b) {
  if (a.index() != b.index()) return false;
  const auto* message = std::get_if<raft::Message>(&a);
  if (!message) {
    return std::visit([&b](const auto& one) {
      using One = std::decay_t<decltype(one)>;
      if constexpr (std::is_same_v<One, raft::Message>) return false;
      else return one == *std::get_if<One>(&b);
    }, a);
  }
  return std::visit([other = std::get_if<raft::Message>(&b)](const auto& one) {
    using One = std::decay_t<decltype(one)>;
    const auto* two = std::get_if<One>(other);
    if (!two) return false;
    if constexpr (std::is_same_v<One, raft::AppendEntries>) return testing::same(one, *two);
    else return one == *two;
  }, *message);
}

// With a checksum that fits, so that what lies behind it is tested.
std::string sealed(std::string bytes) {
  Writer(bytes).u64(checksum(bytes));
  return bytes;
}

raft::Configuration one_member() {
  raft::Configuration configuration;
  configuration.members.push_back({{NodeId(1), Incarnation(0xa1)}, true, "a:1", "b:2"});
  return configuration;
}

constexpr ServerId server{NodeId(1), Incarnation(0xa1)};

struct Golden {
  PeerFrame frame;
  std::string_view hex;   // without the checksum
};

const std::string digest_hex(64, '0');

SnapshotChunk chunk_of(std::uint64_t total, std::uint64_t offset, std::string bytes) {
  return {{Term(4), Index(9)}, Digest{}, total, offset, 6, SharedBytes(std::move(bytes))};
}

std::vector<Golden> goldens() {
  static const std::string request_hex = "0108" "0400000000000000" "0900000000000000" "01" + digest_hex +
                                         "0200000000000000";
  static const std::string chunk_hex = "0109" "0400000000000000" "0900000000000000" + digest_hex +
                                       "0500000000000000" "0300000000000000" "0600000000000000" "02000000" "6869";
  static const std::string state_digest_hex = "010f" "0900000000000000" + digest_hex;
  static const std::string hello_hex =
      "0101" "0100" "0100" "01000000a100000000000000" "02000000" "0c00000000000000" + digest_hex + "0900000000000000"
      "0800000000000000" "03000000613a31" "0500000000000000" "01" "01000000a100000000000000";
  static const std::string welcome_hex = "0102" "0100" "01000000a100000000000000" "0c00000000000000" + digest_hex +
                                         "01" "0100" "01000000a100000000000000" "01" "03000000613a31" "03000000623a32";
  raft::AppendEntries append{Term(5), {Term(4), Index(9)}, Index(8), 7, {}};
  append.entries.push_back({{Term(5), Index(10)}, LogTime{1}, SharedBytes("hi")});
  append.entries.push_back({{Term(5), Index(11)}, LogTime{2}, raft::Noop{}});
  return {
      {Hello{1, 1, server, NodeId(2), ClusterId(12), Digest{}, Index(9), Index(8), "a:1", {Term(5), server}},
       hello_hex},
      {Welcome{1, server, ClusterId(12), Digest{}, one_member()}, welcome_hex},
      {Rejected{"no"}, "0103" "02000000" "6e6f"},
      {Founded{ClusterId(12), one_member()},
       "0104" "0c00000000000000" "0100" "01000000a100000000000000" "01" "03000000613a31" "03000000623a32"},
      {Forward{6, SharedBytes("hi")}, "0105" "0600000000000000" "02000000" "6869"},
      {Forwarded{6, Forwarded::Outcome::busy, {Term(5), Index(10)}},
       "0106" "0600000000000000" "02" "0500000000000000" "0a00000000000000"},
      {StateDigest{Index(9), Digest{}}, state_digest_hex},
      {DiskShort{true}, "0118" "01"},
      {Presence{{3, 4}}, "0107" "02000000" "0300000000000000" "0400000000000000"},
      {raft::RequestVote{Term(5), {Term(4), Index(9)}, true, false},
       "0110" "0500000000000000" "0400000000000000" "0900000000000000" "01"},
      {raft::RequestVote{Term(5), {Term(4), Index(9)}, false, true},
       "0110" "0500000000000000" "0400000000000000" "0900000000000000" "02"},
      {raft::RequestVoteReply{Term(5), false, true, WallTime{-1}},
       "0111" "0500000000000000" "00" "01" "ffffffffffffffff"},
      {append,
       "0112" "0500000000000000" "0400000000000000" "0900000000000000" "0800000000000000" "0700000000000000"
       "02000000" "0500000000000000" "0a00000000000000" "0100000000000000" "01" "02000000" "6869"
       "0500000000000000" "0b00000000000000" "0200000000000000" "00"},
      {raft::AppendEntriesReply{Term(5), true, 7, Index(11), Index(1), Term(2), Index(3), WallTime{-1}},
       "0113" "0500000000000000" "01" "0700000000000000" "0b00000000000000" "0100000000000000" "0200000000000000"
       "0300000000000000" "ffffffffffffffff"},
      {raft::ReadIndexRequest{7}, "0114" "0700000000000000"},
      {raft::ReadIndexReply{7, true, Index(11)}, "0115" "0700000000000000" "01" "0b00000000000000"},
      {raft::InstallSnapshot{Term(5), {{Term(4), Index(9)}, LogTime{3},
                                       std::make_shared<const raft::Configuration>(one_member()), Index(2)}},
       "0116" "0500000000000000" "0400000000000000" "0900000000000000" "0300000000000000" "0200000000000000" "01"
       "0100" "01000000a100000000000000" "01" "03000000613a31" "03000000623a32"},
      {raft::TimeoutNow{Term(5), 7}, "0117" "0500000000000000" "0700000000000000"},
      {SnapshotRequest{{Term(4), Index(9)}, Digest{}, 2}, request_hex},
      {chunk_of(5, 3, "hi"), chunk_hex},
      {PlannedStop{}, "010a"},
      {NotAMember{Index(9), one_member()},
       "010b" "0900000000000000" "0100" "01000000a100000000000000" "01" "03000000613a31" "03000000623a32"},
      {RolledBack{server, Index(9), server, {Term(5), {}}},
       "010e" "01000000a100000000000000" "0900000000000000" "01000000a100000000000000" "0500000000000000" "00"},
      {MemberRequest{6, MemberAction::remove, NodeId(3), "a:1", "b:2", true},
       "010c" "0600000000000000" "02" "03000000" "03000000613a31" "03000000623a32" "01"},
      {MemberReply{6, MemberReply::Outcome::refused, "no"}, "010d" "0600000000000000" "01" "02000000" "6e6f"},
  };
}

TEST(PeerFrame, EachKindHasItsGoldenBytes) {
  for (const auto& golden : goldens()) {
    const std::string bytes = encode(golden.frame);
    EXPECT_EQ(to_hex(std::string_view(bytes).substr(0, bytes.size() - 8)), golden.hex);
    EXPECT_EQ(bytes, sealed(bytes.substr(0, bytes.size() - 8)));
  }
}

TEST(PeerFrame, TheChecksumIsXxh3OfAllBeforeItLittleEndian) {
  EXPECT_EQ(to_hex(encode(raft::ReadIndexRequest{7})), "01140700000000000000" "d89f353b7c30acd4");
}

TEST(PeerFrame, ThereIsAGoldenFrameForEveryKind) {
  const auto all = goldens();
  std::set<std::pair<std::size_t, std::size_t>> kinds;
  for (const auto& golden : all) {
    const auto* message = std::get_if<raft::Message>(&golden.frame);
    kinds.insert({golden.frame.index(), message ? message->index() : 0});
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<PeerFrame> - 1 + std::variant_size_v<raft::Message>);
}

TEST(PeerFrame, EveryTruncationIsRefused) {
  for (const auto& golden : goldens()) {
    const std::string bytes = encode(golden.frame);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      ASSERT_FALSE(decode_peer_frame(std::string_view(bytes).substr(0, cut)).ok()) << to_hex(bytes) << " at " << cut;
    }
  }
}

TEST(PeerFrame, EveryTruncationOfTheBodyIsRefusedEvenUnderAChecksumThatFits) {
  for (const auto& golden : goldens()) {
    const std::string bytes = encode(golden.frame);
    for (std::size_t cut = 0; cut < bytes.size() - 8; ++cut) {
      ASSERT_FALSE(decode_peer_frame(sealed(bytes.substr(0, cut))).ok()) << to_hex(bytes) << " at " << cut;
    }
    ASSERT_FALSE(decode_peer_frame(sealed(bytes.substr(0, bytes.size() - 8) + "x")).ok()) << "one byte too many";
  }
}

TEST(PeerFrame, EveryFlippedBitIsRefused) {
  for (const auto& golden : goldens()) {
    std::string bytes = encode(golden.frame);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
      ASSERT_FALSE(decode_peer_frame(bytes).ok()) << "bit " << bit;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    }
  }
}

PeerFrame random_frame(Random& random) {
  const auto founding = digest(random_text(random, 8));
  switch (random.below(24)) {
    case 0:
      return Hello{static_cast<std::uint16_t>(random.next()), static_cast<std::uint16_t>(random.next()),
                   testing::random_server(random), NodeId(7), ClusterId(random.next()), founding, Index(random.next()),
                   Index(random.next()), "10.0.0.7:7101", testing::random_term_and_vote(random)};
    case 1: {
      Welcome welcome{1, testing::random_server(random), ClusterId(random.next()), founding, {}};
      if (random.chance(0.5)) welcome.founded = testing::random_configuration(random);
      return welcome;
    }
    case 2: return Rejected{random_text(random, rejection_reason_max)};
    case 3: return Founded{ClusterId(random.next()), testing::random_configuration(random)};
    case 4: return Forward{random.next(), SharedBytes(random_text(random, 500))};
    case 5:
      return Forwarded{random.next(), static_cast<Forwarded::Outcome>(random.below(5)),
                       testing::random_entry_id(random)};
    case 6: {
      Presence presence;
      for (std::uint64_t i = random.below(20); i > 0; --i) presence.accounts.push_back(random.next());
      return presence;
    }
    case 7: {
      const auto kind = random.below(3);
      return raft::RequestVote{Term(random.next()), testing::random_entry_id(random), kind == 1, kind == 2};
    }
    case 8: {
      const bool pre_vote = random.chance(0.5);
      const auto wall = static_cast<std::int64_t>(random.next());
      return raft::RequestVoteReply{Term(random.next()), pre_vote, random.chance(0.5), WallTime{wall}};
    }
    case 9: {
      raft::AppendEntries append{Term(random.next()), testing::random_entry_id(random), Index(random.next()),
                                 random.next(), {}};
      for (std::uint64_t i = random.below(20); i > 0; --i) append.entries.push_back(testing::random_entry(random));
      return append;
    }
    case 10:
      return raft::AppendEntriesReply{Term(random.next()),  random.chance(0.5),  random.next(),
                                      Index(random.next()), Index(random.next()), Term(random.next()),
                                      Index(random.next()), WallTime{static_cast<std::int64_t>(random.next())}};
    case 11: return raft::ReadIndexRequest{random.next()};
    case 12: return raft::InstallSnapshot{Term(random.next()), testing::random_log_base(random)};
    case 13: return raft::TimeoutNow{Term(random.next()), random.next()};
    case 14: {
      SnapshotRequest request{testing::random_entry_id(random), {}, random.next()};
      if (random.chance(0.5)) request.file = founding;
      return request;
    }
    case 15: {
      SnapshotChunk chunk{testing::random_entry_id(random), founding, 0, 0, random.next(), {}};
      chunk.bytes = SharedBytes(random_text(random, 200));
      chunk.offset = random.next() / 4;
      chunk.total = chunk.offset + chunk.bytes.size() + (chunk.bytes.size() > 0 ? random.next() / 4 : 0);
      return chunk;
    }
    case 16: return PlannedStop{};
    case 17: return NotAMember{Index(random.next()), testing::random_configuration(random)};
    case 18:
      return MemberRequest{random.next(),
                           static_cast<MemberAction>(random.below(6)),
                           NodeId(static_cast<std::uint32_t>(random.between(1, node_id_max))),
                           random_text(random, address_max),
                           random_text(random, address_max),
                           random.chance(0.5)};
    case 22: return DiskShort{random.chance(0.5)};
    case 21: return StateDigest{Index(random.next()), founding};
    case 20:
      return RolledBack{testing::random_server(random), Index(random.next()), testing::random_server(random),
                        testing::random_term_and_vote(random)};
    case 19:
      return MemberReply{random.next(), static_cast<MemberReply::Outcome>(random.below(4)),
                         random_text(random, member_text_max)};
    default: return raft::ReadIndexReply{random.next(), random.chance(0.5), Index(random.next())};
  }
}

TEST(PeerFrame, ReadsBackEveryRandomFrame) {
  Random random(11);
  for (int round = 0; round < 2000; ++round) {
    const PeerFrame frame = random_frame(random);
    const auto back = decode_peer_frame(encode(frame));
    ASSERT_TRUE(back.ok()) << back.error().message;
    ASSERT_TRUE(same(frame, *back)) << to_hex(encode(frame));
  }
}

TEST(PeerFrame, WhateverItAcceptsFromMangledBytesItWritesAgainAsTheSameBytes) {
  Random random(12);
  int accepted = 0;
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = encode(random_frame(random));
    bytes.resize(bytes.size() - 8);
    for (std::uint64_t i = random.below(4); i > 0; --i) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    if (random.chance(0.2)) bytes.resize(random.below(bytes.size() + 1));
    if (random.chance(0.1)) bytes += random_text(random, 40);
    bytes = sealed(bytes);
    const auto frame = decode_peer_frame(bytes);
    ++(frame.ok() ? accepted : refused);
    if (!frame.ok()) continue;
    ASSERT_EQ(to_hex(encode(*frame)), to_hex(bytes));
  }
  EXPECT_GT(accepted, 5000);   // both sides are reached
  EXPECT_GT(refused, 2000);
}

TEST(PeerFrame, RandomBytesAreHarmlessUnderAChecksumThatFits) {
  Random random(13);
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes("\x01", 1);
    bytes += static_cast<char>(random.below(26));
    bytes += random_text(random, 80);
    const auto frame = decode_peer_frame(sealed(bytes));
    if (!frame.ok()) continue;
    ASSERT_EQ(encode(*frame), sealed(bytes));
  }
}

TEST(PeerFrame, ANewerVersionIsRefusedNamingBothVersions) {
  std::string bytes = encode(raft::ReadIndexRequest{7});
  bytes.resize(bytes.size() - 8);
  bytes[0] = 9;
  const auto frame = decode_peer_frame(sealed(bytes));
  ASSERT_FALSE(frame.ok());
  EXPECT_NE(frame.error().message.find("version 9"), std::string::npos) << frame.error().message;
  EXPECT_NE(frame.error().message.find("versions 1 to 1"), std::string::npos) << frame.error().message;
}

TEST(PeerFrame, ACountThatTheBytesCantHoldIsRefusedBeforeItIsAllocated) {
  for (const char kind : {'\x07', '\x12'}) {
    std::string bytes{'\x01', kind};
    if (kind == '\x12') bytes += std::string(40, '\0');
    Writer(bytes).u32(0xffffffff);
    EXPECT_FALSE(decode_peer_frame(sealed(bytes)).ok());
  }
}

TEST(PeerFrame, AChunkOfTheLargestSizeIsReadAndOneByteMoreIsRefused) {
  const auto largest = decode_peer_frame(encode(chunk_of(chunk_bytes_max, 0, std::string(chunk_bytes_max, 'x'))));
  ASSERT_TRUE(largest.ok());
  EXPECT_EQ(std::get<SnapshotChunk>(*largest).bytes.size(), chunk_bytes_max);
  std::string bytes = encode(chunk_of(chunk_bytes_max + 1, 0, std::string(chunk_bytes_max, 'x')));
  bytes.resize(bytes.size() - 8 - chunk_bytes_max - 4);
  Writer(bytes).string(std::string(chunk_bytes_max + 1, 'x'));
  EXPECT_FALSE(decode_peer_frame(sealed(bytes)).ok());
}

TEST(PeerFrame, AChunkLiesWithinItsCopyAndBringsItsReaderOn) {
  EXPECT_TRUE(decode_peer_frame(encode(chunk_of(5, 5, ""))).ok()) << "the end of the copy";
  EXPECT_TRUE(decode_peer_frame(encode(chunk_of(0, 0, ""))).ok()) << "there is no such copy any more";
  const std::string bytes = encode(chunk_of(5, 3, "hi"));
  const std::size_t total_at = 2 + 16 + 32;
  for (const unsigned wrong : {2u, 4u}) {   // begins beyond the end; ends beyond it
    std::string changed = bytes.substr(0, bytes.size() - 8);
    changed[total_at] = static_cast<char>(wrong);
    EXPECT_FALSE(decode_peer_frame(sealed(changed)).ok());
  }
  std::string empty = encode(chunk_of(5, 5, ""));
  empty.resize(empty.size() - 8);
  empty[total_at] = 6;
  EXPECT_FALSE(decode_peer_frame(sealed(empty)).ok()) << "nothing, though there is more";
}

TEST(PeerFrame, AVoteOfAnUnknownKindIsRefused) {
  std::string bytes = encode(raft::RequestVote{Term(5), {Term(4), Index(9)}, false, true});
  bytes.resize(bytes.size() - 8);
  bytes.back() = 3;
  EXPECT_FALSE(decode_peer_frame(sealed(bytes)).ok());
}

// A leader would make a member of it, and no member's id is like that.
TEST(PeerFrame, AMemberRequestAboutNoPossibleNodeIsRefused) {
  for (const std::uint32_t node : {0U, node_id_max + 1}) {
    const MemberRequest request{1, MemberAction::add, NodeId(node), "a:1", "b:2"};
    EXPECT_FALSE(decode_peer_frame(encode(PeerFrame(request))).ok());
  }
  EXPECT_TRUE(decode_peer_frame(encode(PeerFrame(MemberRequest{1, MemberAction::list, NodeId(0), {}, {}}))).ok());
}

TEST(PeerFrame, AMemberRequestOrReplyOfAnUnknownKindIsRefused) {
  for (const PeerFrame& frame : {PeerFrame(MemberRequest{}), PeerFrame(MemberReply{})}) {
    std::string bytes = encode(frame);
    bytes.resize(bytes.size() - 8);
    bytes[10] = 5;   // behind version, kind and id
    EXPECT_FALSE(decode_peer_frame(sealed(bytes)).ok());
  }
}

TEST(PeerFrameDeath, AChunkBeyondItsLimitsOrItsCopyIsABrokenAssertion) {
  EXPECT_DEATH(encode(chunk_of(chunk_bytes_max + 1, 0, std::string(chunk_bytes_max + 1, 'x'))), "within its limits");
  EXPECT_DEATH(encode(chunk_of(4, 3, "hi")), "its copy");
}

TEST(PeerFrame, ATooLongReasonAndPresenceAreCutAtTheirLimits) {
  const auto rejected = decode_peer_frame(encode(Rejected{std::string(rejection_reason_max + 5, 'x')}));
  ASSERT_TRUE(rejected.ok());
  EXPECT_EQ(std::get<Rejected>(*rejected).reason.size(), rejection_reason_max);
  Presence presence;
  presence.accounts.assign(presence_max + 5, 1);
  const auto cut = decode_peer_frame(encode(presence));
  ASSERT_TRUE(cut.ok());
  EXPECT_EQ(std::get<Presence>(*cut).accounts.size(), presence_max);
}

}  // namespace
}  // namespace parley::wire
