// The command line, read but not carried out. What the whole program prints is looked at in tests/program.
#include "cli/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace parley::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The options that the last command run was given.
class CommandLine : public testing::Test {
 protected:
  CommandLine() {
    commands_.node = [this](const NodeOptions& options) { return node_ = options, 10; };
    commands_.up = [this](const UpOptions& options) { return up_ = options, 11; };
    commands_.demo = [this](const UpOptions& up, const ChatOptions& chat) { return up_ = up, chat_ = chat, 12; };
    commands_.chat = [this](const ChatOptions& options) { return chat_ = options, 13; };
    commands_.member = [this](const MemberOptions& options) { return member_ = options, 15; };
    commands_.backup = [this](const BackupOptions& options) { return backup_ = options, 16; };
    commands_.restore = [this](const RestoreOptions& options) { return restore_ = options, 17; };
    commands_.recover = [this](const RecoverOptions& options) { return recover_ = options, 19; };
    commands_.log_dump = [this](const LogDumpOptions& options) { return log_dump_ = options, 18; };
    commands_.status = [this](const StatusOptions& options) { return status_ = options, 14; };
  }

  int run(std::vector<std::string> words) {   // -1: nothing is to be run
    const auto asked = parse_command_line(std::move(words), commands_);
    const auto* run = std::get_if<cli::Run>(&asked);
    return run == nullptr ? -1 : (*run)();
  }
  Printed printed(std::vector<std::string> words) {
    const auto asked = parse_command_line(std::move(words), commands_);
    const auto* text = std::get_if<Printed>(&asked);
    EXPECT_NE(text, nullptr) << "something would be run";
    return text == nullptr ? Printed{} : *text;
  }

  Commands commands_;
  std::optional<NodeOptions> node_;
  std::optional<UpOptions> up_;
  std::optional<ChatOptions> chat_;
  std::optional<StatusOptions> status_;
  std::optional<MemberOptions> member_;
  std::optional<BackupOptions> backup_;
  std::optional<RestoreOptions> restore_;
  std::optional<RecoverOptions> recover_;
  std::optional<LogDumpOptions> log_dump_;
};

TEST_F(CommandLine, EachCommandGetsItsOptions) {
  EXPECT_EQ(run({"node", "--id", "2", "--config", "c.json"}), 10);
  EXPECT_EQ(node_->id, 2U);
  EXPECT_EQ(node_->config_file, "c.json");
  EXPECT_EQ(run({"up", "--nodes=5", "--fresh"}), 11);
  EXPECT_EQ(up_->nodes, 5U);
  EXPECT_TRUE(up_->fresh);
  EXPECT_EQ(run({"chat", "--server", "a:1,b:2", "--server", "c:3"}), 13);
  EXPECT_THAT(chat_->servers, ElementsAre("a:1", "b:2", "c:3"));
  EXPECT_EQ(run({"demo", "--nodes", "1", "--drain-timeout", "0"}), 12);
  EXPECT_EQ(up_->nodes, 1U);
  EXPECT_EQ(chat_->drain_timeout, milliseconds(0));
  EXPECT_EQ(run({"status", "--json", "--timeout", "5"}), 14);
  EXPECT_EQ(status_->timeout, milliseconds(5));
}

TEST_F(CommandLine, MemberHasACommandForEachThingThatCanBeDone) {
  using Action = MemberOptions::Action;
  EXPECT_EQ(run({"member", "list", "--json", "--config", "c.json"}), 15);
  EXPECT_EQ(member_->action, Action::list);
  EXPECT_TRUE(member_->json);
  EXPECT_EQ(member_->config_file, "c.json");
  EXPECT_EQ(run({"member", "add", "4", "--peer", "a:1", "--client", "b:2"}), 15);
  EXPECT_EQ(member_->action, Action::add);
  EXPECT_EQ(member_->node, 4U);
  EXPECT_EQ(member_->peer, "a:1");
  EXPECT_EQ(member_->client, "b:2");
  EXPECT_EQ(run({"member", "remove", "4"}), 15);
  EXPECT_EQ(member_->action, Action::remove);
  EXPECT_FALSE(member_->force);
  EXPECT_EQ(run({"member", "remove", "4", "--force"}), 15);
  EXPECT_TRUE(member_->force);
  EXPECT_EQ(run({"member", "promote", "4"}), 15);
  EXPECT_EQ(member_->action, Action::promote);
  EXPECT_EQ(run({"member", "transfer", "2"}), 15);
  EXPECT_EQ(member_->action, Action::transfer);
  EXPECT_EQ(member_->node, 2U);
  EXPECT_EQ(printed({"member"}).exit_code, exit_usage);
  EXPECT_EQ(printed({"member", "transfer"}).exit_code, exit_usage);
  EXPECT_EQ(printed({"member", "transfer", "0"}).exit_code, exit_usage);
}

TEST_F(CommandLine, BackupRestoreRecoverAndLogDumpGetTheirOptions) {
  EXPECT_EQ(run({"backup", "b", "--server", "a:1,b:2", "--token-file", "t", "--force", "--json"}), 16);
  EXPECT_EQ(backup_->file, "b");
  EXPECT_THAT(backup_->servers, ElementsAre("a:1", "b:2"));
  EXPECT_EQ(backup_->token_file, "t");
  EXPECT_TRUE(backup_->force);
  EXPECT_TRUE(backup_->json);
  EXPECT_EQ(run({"backup", "b"}), 16);
  EXPECT_FALSE(backup_->force);
  EXPECT_EQ(run({"restore", "b", "--config", "c.json", "--id", "2", "--data", "d"}), 17);
  EXPECT_EQ(restore_->file, "b");
  EXPECT_EQ(restore_->config_file, "c.json");
  EXPECT_EQ(restore_->id, 2U);
  EXPECT_EQ(restore_->data, "d");
  EXPECT_EQ(run({"recover", "--config", "c.json", "--id", "2", "--words", "I know"}), 19);
  EXPECT_EQ(recover_->config_file, "c.json");
  EXPECT_EQ(recover_->id, 2U);
  EXPECT_EQ(recover_->words, "I know");
  EXPECT_FALSE(recover_->force);
  EXPECT_EQ(printed({"recover"}).exit_code, exit_usage);
  EXPECT_EQ(run({"log", "dump", "--data", "d", "--from", "5", "--to", "9", "--json"}), 18);
  EXPECT_EQ(log_dump_->data, "d");
  EXPECT_EQ(log_dump_->from, 5U);
  EXPECT_EQ(log_dump_->to, 9U);
  EXPECT_TRUE(log_dump_->json);
  EXPECT_EQ(printed({"backup"}).exit_code, exit_usage);
  EXPECT_EQ(printed({"restore", "b"}).exit_code, exit_usage);
  EXPECT_EQ(printed({"log"}).exit_code, exit_usage);
  EXPECT_EQ(printed({"log", "dump"}).exit_code, exit_usage);
}

TEST_F(CommandLine, HelpAndVersionArePrintedAsAsked) {
  EXPECT_EQ(printed({"--version"}).exit_code, 0);
  EXPECT_THAT(printed({"--version"}).text, HasSubstr("parley "));
  EXPECT_EQ(printed({"chat", "--help"}).exit_code, 0);
  EXPECT_THAT(printed({"chat", "--help"}).text, HasSubstr("--drain-timeout"));
}

TEST_F(CommandLine, WrongUsageNamesWhatIsWrong) {
  EXPECT_EQ(printed({}).exit_code, exit_usage);
  EXPECT_THAT(printed({"nonsense"}).text, HasSubstr("there is no command 'nonsense'"));
  EXPECT_THAT(printed({""}).text, HasSubstr("there is no command ''"));
  EXPECT_THAT(printed({"node"}).text, HasSubstr("--id is required"));
}

// CLI11 takes a number beyond its type for the greatest there is: without bounds of ours, a timeout that overflows.
TEST_F(CommandLine, NumbersThatNoOptionMeansAreRefused) {
  for (const auto* number : {"-1", "9223372036854775807", "99999999999999999999", "two", ""}) {
    EXPECT_EQ(printed({"up", "--nodes", number}).exit_code, exit_usage) << number;
    EXPECT_EQ(printed({"status", "--timeout", number}).exit_code, exit_usage) << number;
    EXPECT_EQ(printed({"chat", "--drain-timeout", number}).exit_code, exit_usage) << number;
    EXPECT_EQ(printed({"node", "--id", number}).exit_code, exit_usage) << number;
  }
}

}  // namespace
}  // namespace parley::cli
