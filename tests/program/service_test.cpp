// What a service manager is told (systemd, Type=notify): why a node does not serve yet, that it does, that it stops.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "cli/cluster_layout.hpp"
#include "cli/service_manager.hpp"
#include "program/program.hpp"

namespace parley::program {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

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

std::string configuration(int nodes) {
  std::string list;
  for (int id = 1; id <= nodes; ++id) {
    const std::string here = "\" : { \"listen\": \"127.0.0.1:";
    list += std::string(id == 1 ? "" : ", ") + "{ \"id\": " + std::to_string(id) + ", \"peer" + here +
            std::to_string(cli::free_port()) + "\" }, \"client" + here + std::to_string(cli::free_port()) +
            "\" }, \"data\": \"node-" + std::to_string(id) + "\" }";
  }
  return "{ \"nodes\": [" + list + "] }";
}

TEST(Service, AManagerIsToldWhenTheNodeServesAndWhenItStops) {
  const TemporaryFolder folder;
  const Manager manager((folder.path() / "notify").string());
  const auto config = folder.write("c.json", configuration(1));
  const RunningNode node(config, 1, folder.path() / "log", {{"NOTIFY_SOCKET", manager.name()}});
  std::string told = manager.hear();
  while (told.starts_with("STATUS=")) told = manager.hear();
  EXPECT_EQ(told, "READY=1\nSTATUS=serves") << node.log();
  node.signal(SIGTERM);
  EXPECT_EQ(manager.hear(), "STOPPING=1\nSTATUS=stops") << node.log();
}

TEST(Service, AManagerIsToldWhomANodeWaitsFor) {
  const TemporaryFolder folder;
  const Manager manager((folder.path() / "notify").string());
  const auto config = folder.write("c.json", configuration(3));
  const RunningNode node(config, 1, folder.path() / "log", {{"NOTIFY_SOCKET", manager.name()}});
  std::string told = manager.hear();
  while (!told.empty() && told.find("node 2 3") == std::string::npos) told = manager.hear();
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
