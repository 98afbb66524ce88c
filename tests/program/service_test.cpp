// What a service manager is told (systemd, Type=notify): why a node does not serve yet, that it does, that it stops.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <map>
#include <optional>

#include "cli/cluster_layout.hpp"
#include "cli/service_manager.hpp"
#include "program/program.hpp"

namespace parley::program {
namespace {

using ::testing::HasSubstr;

// The manager's end: a datagram socket at a path, or at an abstract name.
class Manager {
 public:
  explicit Manager(std::string name) : name_(std::move(name)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name_.data(), name_.size());
    if (name_[0] == '@') address.sun_path[0] = '\0';
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const timeval patience{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0) << name_;
  }
  ~Manager() { ::close(socket_); }
  const std::string& name() const { return name_; }
  // The next that is told; "" after ten seconds of silence.
  std::string hear() const {
    char bytes[512];
    const auto n = ::recv(socket_, bytes, sizeof bytes, 0);
    return n > 0 ? std::string(bytes, static_cast<std::size_t>(n)) : std::string();
  }

 private:
  std::string name_;
  int socket_ = -1;
};

// Node 1 of so many, under a manager.
class ManagedNode {
 public:
  explicit ManagedNode(std::size_t nodes) : manager_((folder_.path() / "notify").string()) {
    cli::LayoutOptions options;
    options.nodes = nodes;
    options.prefer_default_ports = false;
    const auto layout = cli::prepare_layout(folder_.path(), options);
    EXPECT_TRUE(layout.ok());
    if (layout.ok()) node_.emplace(layout->config_file, 1, folder_.path() / "log", environment());
  }
  std::string hear() const { return manager_.hear(); }
  void signal(int number) const { node_->signal(number); }
  std::string log() const { return node_->log(); }

 private:
  std::map<std::string, std::string> environment() const { return {{"NOTIFY_SOCKET", manager_.name()}}; }
  const TemporaryFolder folder_;
  const Manager manager_;
  std::optional<RunningNode> node_;
};

TEST(Service, AManagerIsToldWhenTheNodeServesAndWhenItStops) {
  const ManagedNode node(1);
  std::string told = node.hear();
  while (told.starts_with("STATUS=")) told = node.hear();
  EXPECT_EQ(told, "READY=1\nSTATUS=serves") << node.log();
  node.signal(SIGTERM);
  EXPECT_EQ(node.hear(), "STOPPING=1\nSTATUS=stops") << node.log();
}

TEST(Service, AManagerIsToldWhomANodeWaitsFor) {
  const ManagedNode node(3);
  std::string told = node.hear();
  while (!told.empty() && told.find("node 2 3") == std::string::npos) told = node.hear();
  EXPECT_THAT(told, HasSubstr("STATUS=waiting for the birth of the cluster: not reachable yet: node 2 3"));
}

TEST(Service, AnAbstractSocketIsReachedAndOneThatIsGoneHarmsNothing) {
  const std::string name = "@parley-service-test-" + std::to_string(::getpid());
  {
    const Manager manager(name);
    cli::ServiceManager(name).tell("READY=1");
    EXPECT_EQ(manager.hear(), "READY=1");
  }
  cli::ServiceManager(name).tell("READY=1");
  cli::ServiceManager(std::string(200, 'x')).tell("READY=1");
  cli::ServiceManager("").tell("READY=1");
  EXPECT_FALSE(cli::ServiceManager("").wants_to_know());
}

}  // namespace
}  // namespace parley::program
