// What `parley log dump` says of an entry: readable, and never a secret or a text.
#include "cli/log_describe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/command_codec.hpp"

namespace parley::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Digest secret = digest("a token, a key or a code");
const std::string phc = "$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA";

std::string words_of(chat::Request request) {
  chat::Sequenced command;
  command.client = chat::ClientId(7);
  command.sequence = chat::Sequence(3);
  command.payload = secret;
  command.login = secret;
  command.request = std::move(request);
  return describe(chat::Command(command));
}

TEST(LogDescribe, SaysWhatIsAskedFor) {
  EXPECT_EQ(words_of(chat::SendRoom{"ops", "disk is full"}), "client 7 request 3: send #ops, 12 bytes");
  EXPECT_EQ(words_of(chat::Register{"ann", phc, std::nullopt}), "client 7 request 3: register @ann");
  EXPECT_EQ(words_of(chat::ChangeSetting{"min_voters", "2"}), "client 7 request 3: set min_voters = 2");
  EXPECT_EQ(words_of(chat::SetBanned{"ben", true}), "client 7 request 3: ban @ben");
  EXPECT_EQ(describe(chat::Command(chat::OpenClient{secret})), "open a client session");
}

TEST(LogDescribe, NeverTellsASecretOrAText) {
  const std::vector<chat::Request> requests = {
      chat::Register{"ann", phc, secret},       chat::Login{chat::AccountId(1), 2, secret},
      chat::ChangePassword{1, phc},             chat::SendDirect{"ben", "between us"},
      chat::EditMessage{{}, Index(1), "between us"}, chat::CreateInvitation{secret},
      chat::ResetPassword{"ann", phc},          chat::SetTopic{"ops", "between us"}};
  for (const auto& request : requests) {
    const std::string words = words_of(request);
    EXPECT_THAT(words, Not(HasSubstr("argon2id")));
    EXPECT_THAT(words, Not(HasSubstr("between us")));
    EXPECT_THAT(words, Not(HasSubstr(secret.hex().substr(0, 8))));
  }
}

TEST(LogDescribe, EntriesOfEveryKind) {
  raft::Entry entry;
  EXPECT_EQ(describe(entry), "a leader begins its term");
  entry.content = SharedBytes(wire::encode(chat::Command(chat::Markers{})));
  EXPECT_EQ(describe(entry), "markers: 0 read, 0 clients and 0 logins alive");
  entry.content = SharedBytes(std::string("\xff nonsense"));
  EXPECT_THAT(describe(entry), HasSubstr("10 bytes that can't be read"));
  raft::Configuration members;
  members.members.push_back({ServerId{NodeId(1), Incarnation(9)}, true, "a:1", "b:2"});
  members.members.push_back({ServerId{NodeId(2), Incarnation(0)}, false, "c:3", "d:4"});
  entry.content = std::make_shared<const raft::Configuration>(members);
  EXPECT_EQ(describe(entry), "node 1 votes at a:1; node 2 learns at c:3");
}

}  // namespace
}  // namespace parley::cli
