#include "node/cluster_key.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace parley::node {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string hex_key = "9f3c1e5b7a2d4806f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778f";
const std::string text_key = "Zm9vYmFyLWJhei1xdXV4X3RoaXMtaXMtcmFuZG9tLTA";

class ClusterKeyTest : public ::testing::Test {
 protected:
  ClusterKeyTest() {
    std::string pattern = ::testing::TempDir() + "parley-key-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~ClusterKeyTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& text, mode_t mode = 0600) const {
    const auto file = folder_ / "cluster.key";
    std::ofstream(file, std::ios::trunc) << text;
    EXPECT_EQ(::chmod(file.c_str(), mode), 0);
    return file.string();
  }
  static std::string error_of(const std::string& file) {
    const auto loaded = load_cluster_key(file);
    return loaded.ok() ? "(accepted)" : loaded.error().message;
  }
  std::filesystem::path folder_;
};

TEST_F(ClusterKeyTest, AKeyAsOpensslMakesItIsTaken) {
  EXPECT_EQ(error_of(write(hex_key + "\n")), "(accepted)");
  EXPECT_EQ(error_of(write(text_key + "\r\n", 0400)), "(accepted)");
}

TEST_F(ClusterKeyTest, TheSameLineIsTheSameKeyAndAnotherIsAnother) {
  const auto plain = parse_cluster_key(hex_key);
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->bytes(), parse_cluster_key(hex_key + "\n")->bytes());
  EXPECT_NE(plain->bytes(), parse_cluster_key(text_key)->bytes());
  auto other = hex_key;
  other.back() = 'e';
  EXPECT_NE(plain->bytes(), parse_cluster_key(other)->bytes());
}

TEST_F(ClusterKeyTest, AMissingFileIsNamedWithHowToMakeOne) {
  const std::string file = (folder_ / "none.key").string();
  EXPECT_THAT(error_of(file), AllOf(StartsWith("cluster_key_file " + file), HasSubstr("No such file"),
                                    HasSubstr("(umask 077; openssl rand -hex 32 > " + file + ")")));
}

TEST_F(ClusterKeyTest, AFileThatOthersMayUseIsNamedWithItsMode) {
  for (const mode_t mode : {0640, 0604, 0660, 0601, 0620}) {
    EXPECT_THAT(error_of(write(hex_key, mode)), AllOf(HasSubstr("cluster.key"), HasSubstr("chmod 600"))) << mode;
  }
  EXPECT_THAT(error_of(write(hex_key, 0644)), HasSubstr("mode 0644"));
}

TEST_F(ClusterKeyTest, AFileThatCannotBeReadIsNamed) {
  if (::geteuid() != 0) {   // root may read everything
    EXPECT_THAT(error_of(write(hex_key, 0)), AllOf(HasSubstr("Permission denied"), HasSubstr("must own it")));
  }
  EXPECT_THAT(error_of(folder_.string()), AllOf(HasSubstr(folder_.string()), HasSubstr("no regular file")));
}

TEST_F(ClusterKeyTest, AShortKeyIsRefusedWithTheNumberThatIsWanted) {
  EXPECT_THAT(error_of(write(hex_key.substr(1))), AllOf(HasSubstr("63 characters"), HasSubstr("at least 64")));
  EXPECT_THAT(error_of(write(text_key.substr(1))), AllOf(HasSubstr("42 characters"), HasSubstr("at least 43")));
  EXPECT_THAT(error_of(write("")), HasSubstr("0 characters"));
  EXPECT_THAT(error_of(write("hunter2\n")), HasSubstr("openssl rand -hex 32"));
}

TEST_F(ClusterKeyTest, WhatIsNoSingleLineOfRandomTextIsRefused) {
  EXPECT_THAT(error_of(write(hex_key + "\n" + hex_key)), HasSubstr("a key is one line"));
  EXPECT_THAT(error_of(write(std::string(64, '\0'))), HasSubstr("a key is one line"));
  EXPECT_THAT(error_of(write(std::string(64, 'a'))), HasSubstr("not random"));
  EXPECT_THAT(error_of(write(std::string(cluster_key_file_max + 1, 'a'))), HasSubstr("more than 4 KiB"));
}

TEST_F(ClusterKeyTest, NoRefusalShowsWhatTheFileHolds) {
  const std::string secret = "correct horse battery staple, not for others";
  EXPECT_THAT(error_of(write(secret)), ::testing::Not(HasSubstr("horse")));
}

TEST_F(ClusterKeyTest, WhoIsTurnedAwayIsLoggedOnceASecondAtMost) {
  std::vector<std::string> lines;
  const auto logger = make_sink_logger([&](LogLevel, std::string_view event, std::string_view text) {
    lines.push_back(std::string(event) + ": " + std::string(text));
  });
  const auto security = load_peer_security(write(hex_key), logger.get());
  ASSERT_TRUE(security.ok()) << security.error().message;
  EXPECT_NE(security->tls, nullptr);
  for (int i = 0; i < 1000; ++i) security->tell("192.0.2.9:4711", "it has another cluster key");
  ASSERT_GE(lines.size(), 1U);
  EXPECT_LE(lines.size(), 10U);   // one a second, however slow this machine is
  EXPECT_THAT(lines[0], AllOf(HasSubstr("peer_turned_away"), HasSubstr("192.0.2.9:4711"), HasSubstr("another cl")));
}

}  // namespace
}  // namespace parley::node
