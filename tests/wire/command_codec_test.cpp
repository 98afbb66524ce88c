#include "wire/command_codec.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "chat/state.hpp"

namespace parley::wire {
namespace {

using namespace chat;

Digest digest_of_byte(unsigned char byte) {
  Digest digest;
  digest.bytes.fill(byte);
  return digest;
}

MessageFacts some_facts(std::uint64_t id) {
  MessageFacts facts;
  facts.id = MessageId(id);
  facts.conversation = ConversationId(3);
  facts.number = Number(7);
  facts.author = AccountId(2);
  facts.edited = true;
  facts.author_name = "alice";
  facts.time = LogTime{-5};
  facts.client = ClientId(1);
  facts.sequence = Sequence(9);
  return facts;
}

std::vector<Request> every_request() {
  return {Register{"alice", "$argon2id$x", digest_of_byte(1)},
          Register{"bob", "", std::nullopt},
          Login{AccountId(4), 2, digest_of_byte(2)},
          Logout{true},
          ChangePassword{3, "$p"},
          DeleteAccount{4},
          SendDirect{"bob", std::string("hello\0there", 11)},
          SendRoom{"room", "täxt"},
          EditMessage{some_facts(10), Index(11), "new"},
          DeleteMessages{{some_facts(10), some_facts(11)}, Index(12)},
          DeleteMessages{},
          CreateRoom{"room", RoomKind::invite_only, "topic"},
          JoinRoom{"room"},
          LeaveRoom{"room"},
          InviteToRoom{"room", "bob"},
          RemoveFromRoom{"room", "bob"},
          SetTopic{"room", "topic"},
          CreateInvitation{digest_of_byte(3)},
          ChangeSetting{"registration", "closed"},
          SetAdministrator{"bob", false},
          ResetPassword{"bob", "$q"},
          SetBanned{"bob", true}};
}

std::vector<Command> every_command() {
  std::vector<Command> commands{OpenClient{digest_of_byte(9)}, Markers{}};
  Markers markers;
  markers.reads.push_back({AccountId(1), ConversationId(2), Number(3)});
  markers.clients_alive = {ClientId(4), ClientId(5)};
  markers.logins_alive = {digest_of_byte(6)};
  commands.emplace_back(markers);
  for (auto& request : every_request()) {
    Sequenced sequenced{ClientId(1), Sequence(2), Sequence(1), digest_of_byte(7), digest_of_byte(8), true, request};
    commands.emplace_back(sequenced);
    sequenced.login.reset();
    sequenced.by_operator = false;
    commands.emplace_back(sequenced);
  }
  return commands;
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

TEST(CommandCodec, EveryCommandDecodesToWhatItWas) {
  for (const auto& command : every_command()) {
    const auto bytes = encode(command);
    const auto decoded = decode_command(bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    EXPECT_EQ(decoded->index(), command.index());
    EXPECT_EQ(hex(encode(*decoded)), hex(bytes));
  }
}

TEST(CommandCodec, TheFieldsComeBackInTheirPlaces) {
  const Command command = Sequenced{ClientId(1),         Sequence(2), Sequence(1),
                                    digest_of_byte(7),   std::nullopt, true,
                                    EditMessage{some_facts(10), Index(11), "new"}};
  const auto decoded = decode_command(encode(command));
  ASSERT_TRUE(decoded.ok());
  const auto& sequenced = std::get<Sequenced>(*decoded);
  EXPECT_EQ(sequenced.client, ClientId(1));
  EXPECT_EQ(sequenced.sequence, Sequence(2));
  EXPECT_EQ(sequenced.first_outstanding, Sequence(1));
  EXPECT_EQ(sequenced.payload, digest_of_byte(7));
  EXPECT_FALSE(sequenced.login);
  EXPECT_TRUE(sequenced.by_operator);
  const auto& edit = std::get<EditMessage>(sequenced.request);
  EXPECT_EQ(edit.facts.id, MessageId(10));
  EXPECT_EQ(edit.facts.conversation, ConversationId(3));
  EXPECT_EQ(edit.facts.number, Number(7));
  EXPECT_EQ(edit.facts.author, AccountId(2));
  EXPECT_FALSE(edit.facts.deleted);
  EXPECT_TRUE(edit.facts.edited);
  EXPECT_EQ(edit.facts.author_name, "alice");
  EXPECT_EQ(edit.facts.time.ms, -5);
  EXPECT_EQ(edit.facts.client, ClientId(1));
  EXPECT_EQ(edit.facts.sequence, Sequence(9));
  EXPECT_EQ(edit.seen_at, Index(11));
  EXPECT_EQ(edit.text, "new");
}

// R8: bytes in somebody's log. When this fails, the version must grow and both forms must be readable.
TEST(CommandCodec, TheBytesAreThoseOfTheFirstRelease) {
  EXPECT_EQ(hex(encode(OpenClient{digest_of_byte(0xab)})),
            "0101"
            "abababababababababababababababababababababababababababababababab");
  EXPECT_EQ(hex(encode(Sequenced{ClientId(1), Sequence(2), Sequence(1), digest_of_byte(7), std::nullopt, false,
                                 SendRoom{"room", "hi"}})),
            "0102"
            "0100000000000000"
            "0200000000000000"
            "0100000000000000"
            "0707070707070707070707070707070707070707070707070707070707070707"
            "00"
            "00"
            "07"
            "04000000726f6f6d"
            "020000006869");
  Markers markers;
  markers.reads.push_back({AccountId(1), ConversationId(2), Number(3)});
  markers.clients_alive = {ClientId(4)};
  EXPECT_EQ(hex(encode(markers)),
            "0103"
            "01000000"
            "010000000000000002000000000000000300000000000000"
            "01000000"
            "0400000000000000"
            "00000000");
  std::string all;
  for (const auto& command : every_command()) all += encode(command);
  EXPECT_EQ(digest(all).hex(), "31bb5f25cb371f3d3cd82c6ec30a1831bfed9c9d6897559d38b7e42c281f13ba");
}

TEST(CommandCodec, EveryTruncationIsAnError) {
  for (const auto& command : every_command()) {
    const auto bytes = encode(command);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      EXPECT_FALSE(decode_command(std::string_view(bytes).substr(0, cut)).ok()) << "cut at " << cut;
    }
  }
}

TEST(CommandCodec, BytesLeftOverAreAnError) {
  for (const auto& command : every_command()) EXPECT_FALSE(decode_command(encode(command) + '\0').ok());
}

TEST(CommandCodec, ANewerVersionIsRefusedNamingBoth) {
  auto bytes = encode(OpenClient{});
  bytes[0] = 9;
  const auto decoded = decode_command(bytes);
  ASSERT_FALSE(decoded.ok());
  EXPECT_NE(decoded.error().message.find("version 9"), std::string::npos) << decoded.error().message;
  EXPECT_NE(decoded.error().message.find("up to 1"), std::string::npos) << decoded.error().message;
}

TEST(CommandCodec, VersionZeroUnknownTagsAndKindsAreErrors) {
  EXPECT_FALSE(decode_command("").ok());
  EXPECT_FALSE(decode_command(std::string("\0\1", 2)).ok());
  EXPECT_FALSE(decode_command("\1\4").ok());
  auto room = encode(Sequenced{{}, {}, {}, {}, std::nullopt, false, CreateRoom{"r", RoomKind::open, ""}});
  room[room.size() - 5] = 2;   // the kind stands before the empty topic
  EXPECT_FALSE(decode_command(room).ok());
}

TEST(CommandCodec, AStringAtItsLimitDecodesAndOneByteMoreDoesNot) {
  const auto of_size = [](std::size_t size) {
    return encode(Sequenced{{}, {}, {}, {}, std::nullopt, false, SendRoom{"r", std::string(size, 'x')}});
  };
  EXPECT_TRUE(decode_command(of_size(command_string_max)).ok());
  EXPECT_FALSE(decode_command(of_size(command_string_max + 1)).ok());
}

TEST(CommandCodec, AListAtItsLimitDecodesAndOneItemMoreDoesNot) {
  Markers markers;
  markers.clients_alive.resize(markers_max);
  EXPECT_TRUE(decode_command(encode(markers)).ok());
  markers.clients_alive.resize(markers_max + 1);
  EXPECT_FALSE(decode_command(encode(markers)).ok());
  // A count that the bytes cannot hold must not be believed.
  EXPECT_FALSE(decode_command(std::string_view("\1\3\0\4\0\0", 6)).ok());
}

TEST(CommandCodec, AnyBytesAreHarmlessAndWhatDecodesIsCanonical) {
  Random random(1);
  const auto commands = every_command();
  std::size_t decoded_count = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = encode(commands[random.below(commands.size())]);
    for (auto changes = random.between(1, 3); changes > 0; --changes) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    if (const auto decoded = decode_command(bytes); decoded.ok()) {
      ++decoded_count;
      ASSERT_EQ(hex(encode(*decoded)), hex(bytes));
    }
  }
  EXPECT_GT(decoded_count, 1000U);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random.below(200), '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random.below(256));
    if (!bytes.empty()) bytes[0] = 1;
    if (const auto decoded = decode_command(bytes); decoded.ok()) {
      ASSERT_EQ(hex(encode(*decoded)), hex(bytes));
    }
  }
}

// R13: a log may hold any bytes; what decodes is applied, whatever it says.
TEST(CommandCodec, WhateverDecodesCanBeApplied) {
  Random random(2);
  const auto commands = every_command();
  State state;
  Index index;
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = encode(commands[random.below(commands.size())]);
    for (auto changes = random.below(4); changes > 0; --changes) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    auto decoded = decode_command(bytes);
    ++index;
    if (!decoded.ok()) {
      apply_nothing(state, index, LogTime{round});
      continue;
    }
    if (auto* sequenced = std::get_if<Sequenced>(&*decoded); sequenced && random.chance(0.5)) {
      sequenced->client = ClientId(random.between(1, 40));   // else few would get beyond their client session
      sequenced->sequence = Sequence(random.between(1, 5));
    }
    const LogTime time{round % 5000 == 4999 ? static_cast<std::int64_t>(random.next()) : round};
    apply(state, Entry{index, time, std::move(*decoded)});
    if (round % 1000 != 999) continue;
    const auto loaded = State::load(state.all_records());
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    ASSERT_EQ(loaded->digest(), state.digest());
  }
}

}  // namespace
}  // namespace parley::wire
