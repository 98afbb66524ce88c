// The certificate files of a node: how they are read, and how others take their place while it runs.
#include "node/cluster_certificates.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "net/certificate_maker.hpp"
#include "net/spawn.hpp"
#include "node/certificate_watch.hpp"

namespace parley::node {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr long a_day = 86'400;
constexpr std::int64_t a_day_ms = 86'400'000;

WallTime wall_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return WallTime{std::chrono::duration_cast<milliseconds>(now).count()};
}

class ClusterCertificatesTest : public ::testing::Test {
 protected:
  ClusterCertificatesTest() {
    std::string pattern = ::testing::TempDir() + "parley-certificates-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    files = {(folder / "ca.crt").string(), (folder / "node-{id}.crt").string(), (folder / "node-{id}.key").string()};
  }
  ~ClusterCertificatesTest() override { std::filesystem::remove_all(folder); }

  void write(const std::string& name, const std::string& text, mode_t mode) const {
    const auto path = folder / name;
    std::ofstream(path, std::ios::trunc) << text;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
  }
  void write(const net::PeerCertificates& all, unsigned node = 1) const {
    const std::string name = "node-" + std::to_string(node);
    write("ca.crt", all.authorities, 0644);
    write(name + ".crt", all.certificate, 0644);
    write(name + ".key", all.private_key, 0600);
  }
  std::string error_of(unsigned node = 1) const {
    const auto loaded = ClusterCertificates::load(files, NodeId(node));
    return loaded.ok() ? "(accepted)" : loaded.error().message;
  }
  ClusterCertificates load() const {
    auto loaded = ClusterCertificates::load(files, NodeId(1));
    if (!loaded.ok()) throw std::runtime_error(loaded.error().message);
    return std::move(*loaded);
  }
  // Valid from and to so many seconds from now.
  net::PeerCertificates valid(long begins, long expires) const {
    net::CertificateWish wish;
    wish.begins = begins;
    wish.expires = expires;
    return authority.files(authority.issue(wish));
  }
  std::string path(const std::string& name) const { return (folder / name).string(); }
  bool look(ClusterCertificates& certificates) { return certificates.take(certificates.look(), wall_now(), *logger); }

  net::Authority authority;
  std::filesystem::path folder;
  CertificateFiles files;
  std::vector<std::string> lines;
  std::unique_ptr<Logger> logger = make_sink_logger([this](LogLevel, std::string_view event, std::string_view text) {
    lines.push_back(std::string(event) + ": " + std::string(text));
  });
};

TEST_F(ClusterCertificatesTest, EachNodeReadsItsOwn) {
  write(authority.files(1), 1);
  write(authority.files(2), 2);
  EXPECT_EQ(error_of(1), "(accepted)");
  EXPECT_EQ(error_of(2), "(accepted)");
  EXPECT_EQ(load().file(), path("node-1.crt"));
  EXPECT_THAT(error_of(3), HasSubstr(path("node-3.crt")));
}

TEST_F(ClusterCertificatesTest, WithoutAPatternTheFileIsTheSameAndItsHolderIsNot) {
  write(authority.files(2), 2);
  files.certificate = path("node-2.crt");
  files.private_key = path("node-2.key");
  EXPECT_EQ(error_of(2), "(accepted)");
  EXPECT_THAT(error_of(1), AllOf(StartsWith("cluster_certificates.certificate_file " + path("node-2.crt")),
                                 HasSubstr("speaks for node 2, and this is node 1")));
}

TEST_F(ClusterCertificatesTest, WhatIsMissingIsNamedByItsKeyItsFileAndTheRemedy) {
  write(authority.files(1));
  for (const auto& [key, name] : {std::pair("ca_file", "ca.crt"), std::pair("certificate_file", "node-1.crt"),
                                  std::pair("private_key_file", "node-1.key")}) {
    std::filesystem::rename(path(name), path("away"));
    EXPECT_THAT(error_of(), AllOf(StartsWith("cluster_certificates." + std::string(key) + " " + path(name)),
                                  HasSubstr("No such file"), HasSubstr("docs/OPERATIONS.md tells how")));
    std::filesystem::rename(path("away"), path(name));
  }
  EXPECT_EQ(error_of(), "(accepted)");
}

TEST_F(ClusterCertificatesTest, AKeyThatOthersMayUseIsRefused) {
  const auto all = authority.files(1);
  write(all);
  for (const mode_t mode : {0640, 0604, 0660, 0644}) {
    write("node-1.key", all.private_key, mode);
    EXPECT_THAT(error_of(), AllOf(StartsWith("cluster_certificates.private_key_file"), HasSubstr("chmod 600")));
  }
  write("node-1.key", all.private_key, 0400);
  EXPECT_EQ(error_of(), "(accepted)");
}

TEST_F(ClusterCertificatesTest, ATrustedCaThatAnybodyMayChangeIsRefused) {
  write(authority.files(1));
  EXPECT_EQ(::chmod(path("ca.crt").c_str(), 0666), 0);
  EXPECT_THAT(error_of(), AllOf(StartsWith("cluster_certificates.ca_file"), HasSubstr("mode 0666")));
}

TEST_F(ClusterCertificatesTest, WhatDoesNotFitTogetherIsNamed) {
  auto all = authority.files(1);
  all.private_key = authority.files(1).private_key;
  write(all);
  EXPECT_THAT(error_of(), AllOf(StartsWith("cluster_certificates.private_key_file"), HasSubstr("does not belong")));
  all = authority.files(1);
  all.authorities = net::Authority("Another CA").certificate();
  write(all);
  EXPECT_THAT(error_of(), AllOf(StartsWith("cluster_certificates.certificate_file"), HasSubstr("of another CA")));
  write("ca.crt", "hello", 0644);
  EXPECT_THAT(error_of(), AllOf(StartsWith("cluster_certificates.ca_file"), HasSubstr("no certificate in PEM form")));
  write("ca.crt", std::string(certificate_file_max + 1, 'x'), 0644);
  EXPECT_THAT(error_of(), HasSubstr("more than 256 KiB"));
}

TEST_F(ClusterCertificatesTest, NoRefusalShowsWhatAFileHolds) {
  auto all = authority.files(1);
  all.private_key = "-----BEGIN PRIVATE KEY-----\ncorrect horse battery staple\n-----END PRIVATE KEY-----\n";
  write(all);
  EXPECT_THAT(error_of(), AllOf(HasSubstr("private_key_file"), Not(HasSubstr("horse"))));
}

TEST_F(ClusterCertificatesTest, AnExpiredOneIsNoReasonNotToStart) {   // another may take its place any time
  write(valid(-2 * a_day, -a_day));
  EXPECT_EQ(error_of(), "(accepted)");
}

// -- while the node runs -----------------------------------------------------------------------------------------

TEST_F(ClusterCertificatesTest, WhatHasNotChangedIsNotReadAgain) {
  write(authority.files(1));
  auto certificates = load();
  const auto first = certificates.in_use().tls;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(certificates.look().read.has_value());
    EXPECT_FALSE(look(certificates));
  }
  EXPECT_EQ(certificates.in_use().tls, first);
  EXPECT_THAT(lines, IsEmpty());
}

TEST_F(ClusterCertificatesTest, NewFilesAreTakenOnceTheyHaveSettled) {
  write(valid(-a_day, 40 * a_day));
  auto certificates = load();
  const auto former = certificates.in_use();
  write(valid(-a_day, 90 * a_day));
  EXPECT_FALSE(look(certificates)) << "they may be half-written";
  EXPECT_TRUE(look(certificates));
  EXPECT_NE(certificates.in_use().tls, former.tls);
  EXPECT_GT(certificates.in_use().expires, former.expires);
  EXPECT_THAT(lines, ElementsAre(AllOf(StartsWith("certificates_renewed: "), HasSubstr(path("node-1.crt")))));
  EXPECT_FALSE(look(certificates));
}

TEST_F(ClusterCertificatesTest, FilesThatArriveOneAfterTheOtherAreTakenTogether) {
  write(authority.files(1));
  auto certificates = load();
  const auto next = authority.files(1);
  write("node-1.crt", next.certificate, 0644);
  EXPECT_FALSE(look(certificates));
  write("node-1.key", next.private_key, 0600);
  EXPECT_FALSE(look(certificates));
  EXPECT_TRUE(look(certificates));
  EXPECT_THAT(lines, ElementsAre(StartsWith("certificates_renewed: ")));
}

TEST_F(ClusterCertificatesTest, FilesThatCannotBeUsedLeaveTheFormerOnesInUseAndAreNamedOnce) {
  write(authority.files(1));
  auto certificates = load();
  const auto former = certificates.in_use().tls;
  write("node-1.crt", authority.files(2).certificate, 0644);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(look(certificates));
  EXPECT_EQ(certificates.in_use().tls, former);
  EXPECT_THAT(lines, ElementsAre(AllOf(StartsWith("certificates_refused: cluster_certificates.private_key_file"),
                                       HasSubstr("does not belong"), HasSubstr("former ones stay in use"))));
  std::filesystem::remove(path("node-1.key"));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(look(certificates));
  EXPECT_THAT(lines, ElementsAre(HasSubstr("does not belong"), HasSubstr("No such file")));
  write(authority.files(1));
  look(certificates);
  EXPECT_TRUE(look(certificates));
  EXPECT_NE(certificates.in_use().tls, former);
}

TEST_F(ClusterCertificatesTest, OneThatOthersWouldNotTakeNowDoesNotReplaceOneThatTheyTake) {
  write(authority.files(1));
  auto certificates = load();
  const auto former = certificates.in_use().tls;
  write(valid(-2 * a_day, -a_day));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(look(certificates));
  write(valid(3600, a_day));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(look(certificates));
  EXPECT_EQ(certificates.in_use().tls, former);
  EXPECT_THAT(lines, ElementsAre(HasSubstr("it expired on"), HasSubstr("it is not valid before")));
  const WallTime later{wall_now().ms + 2 * 3600 * 1000};   // its time has come; nobody has touched the file since
  EXPECT_TRUE(certificates.take(certificates.look(), later, *logger));
}

// -- the loop ----------------------------------------------------------------------------------------------------

// Time that jumps to whatever is waited for. Before each jump the test has its turn.
class JumpingClock final : public net::Clock {
 public:
  explicit JumpingClock(std::function<void()> turn) : turn_(std::move(turn)) {}
  TimePoint now() const override { return TimePoint(passed); }
  WallTime wall_now() const override {
    return WallTime{start_.ms + std::chrono::duration_cast<milliseconds>(passed).count()};
  }
  std::unique_ptr<net::Alarm> make_alarm() override { return std::make_unique<Jump>(*this); }

  Duration passed{0};

 private:
  struct Jump final : net::Alarm {
    explicit Jump(JumpingClock& owner) : clock(owner) {}
    net::awaitable<void> wait_until(TimePoint deadline) override {
      clock.turn_();
      clock.passed = std::max(clock.passed, deadline.time_since_epoch());
      co_return;
    }
    void ring() override {}
    JumpingClock& clock;
  };
  std::function<void()> turn_;
  const WallTime start_ = node::wall_now();
};

class InlineWorkers final : public net::Workers {
 public:
  net::awaitable<void> run(net::Lane, std::function<void()> job) override {
    job();
    co_return;
  }
  std::size_t queued(net::Lane) const override { return 0; }
};

class CertificateWatchTest : public ClusterCertificatesTest {
 protected:
  // Runs the loop for so long; `turn` is called before every wait.
  void run_for(Duration time, std::function<void()> turn = [] {}) {
    auto certificates = load();
    CertificateWatch* watch = nullptr;
    JumpingClock clock([&] {
      turn();
      if (clock_passed && *clock_passed >= time) watch->stop();
    });
    clock_passed = &clock.passed;
    InlineWorkers workers;
    CertificateWatch own(clock, workers, *logger, certificates, [this](const net::Certified&) { ++renewed; });
    watch = &own;
    boost::asio::io_context io;
    net::spawn(io.get_executor(), own.watch_loop());
    io.run();
    clock_passed = nullptr;
  }
  std::size_t count(const std::string& event) const {
    return static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.starts_with(event + ": ");
    }));
  }

  const Duration* clock_passed = nullptr;
  int renewed = 0;
};

TEST_F(CertificateWatchTest, OneThatIsValidForLongIsNotWorthAWord) {
  write(valid(-a_day, 90 * a_day));
  run_for(48h);
  EXPECT_THAT(lines, IsEmpty());
  EXPECT_EQ(renewed, 0);
}

TEST_F(CertificateWatchTest, ItBeginsToWarnAMonthBeforeItsEnd) {
  write(valid(-a_day, 30 * a_day + 3600));
  run_for(55min);
  EXPECT_THAT(lines, IsEmpty());
  run_for(65min);
  EXPECT_THAT(lines, ElementsAre(AllOf(StartsWith("certificate_expires_soon: " + path("node-1.crt")), HasSubstr(" UTC"),
                                       HasSubstr("in 29 days"), HasSubstr("read without a restart"))));
}

TEST_F(CertificateWatchTest, ItWarnsOnceADayAndThenSaysThatItIsOver) {
  write(valid(-a_day, 2 * a_day + 3600));
  run_for(24h * 3 + 2h);
  EXPECT_EQ(count("certificate_expires_soon"), 3U);   // at the start, and after one day and two
  EXPECT_EQ(count("certificate_expired"), 2U);        // at once, and a day later
  EXPECT_THAT(lines.back(), HasSubstr("those that are open go on"));
}

TEST_F(CertificateWatchTest, AtTheStartItSaysWhatIsWrongWithIt) {
  write(valid(-2 * a_day, -a_day));
  run_for(1s);
  EXPECT_THAT(lines, ElementsAre(StartsWith("certificate_expired: ")));
  lines.clear();
  write(valid(a_day, 2 * a_day));
  run_for(1s);
  EXPECT_THAT(lines, ElementsAre(StartsWith("certificate_not_yet_valid: ")));
}

TEST_F(CertificateWatchTest, NewFilesAreInUseAtTheSecondLookAndEndTheWarnings) {
  write(valid(-a_day, 10 * a_day));
  bool changed = false;
  Duration changed_at{0};
  Duration taken_at{0};
  run_for(72h, [&] {
    if (*clock_passed > 25h && !std::exchange(changed, true)) {
      write(valid(-a_day, 90 * a_day));
      changed_at = *clock_passed;
    }
    if (renewed == 1 && taken_at == Duration(0)) taken_at = *clock_passed;
  });
  EXPECT_EQ(renewed, 1);
  EXPECT_EQ(taken_at - changed_at, 2 * CertificateWatch::look_interval);
  EXPECT_EQ(count("certificate_expires_soon"), 2U);   // at the start and a day later
  EXPECT_EQ(count("certificates_renewed"), 1U);
}

TEST(DescribeTime, IsInUtc) {
  EXPECT_EQ(describe_time(WallTime{0}), "1970-01-01 00:00 UTC");
  EXPECT_EQ(describe_time(WallTime{20'665 * a_day_ms + 45'000'000}), "2026-07-31 12:30 UTC");
}

}  // namespace
}  // namespace parley::node
