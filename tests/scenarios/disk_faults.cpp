#include "scenarios/disk_faults.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace parley::scenario {
namespace {

namespace fs = std::filesystem;

constexpr const char* fiu_libraries = "/usr/lib/fiu/fiu_run_preload.so /usr/lib/fiu/fiu_posix_preload.so";
constexpr const char* filler = "filler";

// Mounts of this process are nobody else's from here on (mount_namespaces(7)).
bool has_own_mounts() {
  static const bool done =
      ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  return done;
}

}  // namespace

std::optional<std::string> SmallDisks::missing() {
  if (has_own_mounts()) return std::nullopt;
  return std::string("this user may not mount a tmpfs: ") + std::strerror(errno);
}

SmallDisks::SmallDisks(const cli::LocalLayout& layout, std::uint64_t mebibytes) : layout_(layout) {
  const std::string options = "mode=0700,size=" + std::to_string(mebibytes) + "m";
  for (const auto& node : layout_.nodes) {
    fs::create_directories(node.data);
    EXPECT_EQ(::mount("tmpfs", node.data.c_str(), "tmpfs", 0, options.c_str()), 0) << std::strerror(errno);
  }
}

SmallDisks::~SmallDisks() {
  for (const auto& node : layout_.nodes) ::umount2(node.data.c_str(), MNT_DETACH);
}

fs::path SmallDisks::place(NodeId id) const {
  for (const auto& node : layout_.nodes) {
    if (node.id == id) return node.data;
  }
  return {};
}

pid_t SmallDisks::fill(NodeId node, std::uint64_t leaving_bytes) const {
  const pid_t child = ::fork();
  if (child != 0) return child;
  std::ofstream out(place(node) / filler, std::ios::binary);
  const std::string piece(4096, 'x');
  while (free_bytes(node) > leaving_bytes && out.write(piece.data(), static_cast<std::streamsize>(piece.size()))) {
    out.flush();
  }
  ::_exit(0);
}

void SmallDisks::resize(std::uint64_t mebibytes) {
  const std::string options = "size=" + std::to_string(mebibytes) + "m";
  for (const auto& node : layout_.nodes) {
    EXPECT_EQ(::mount("tmpfs", node.data.c_str(), "tmpfs", MS_REMOUNT, options.c_str()), 0) << std::strerror(errno);
  }
}

void SmallDisks::clear(NodeId node) { fs::remove(place(node) / filler); }

std::uint64_t SmallDisks::free_bytes(NodeId node) const {
  struct statvfs status{};
  EXPECT_EQ(::statvfs(place(node).c_str(), &status), 0);
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

NodeEnvironment::NodeEnvironment(std::vector<std::pair<std::string, std::string>> variables) {
  for (const auto& [name, value] : variables) {
    ::setenv(name.c_str(), value.c_str(), 1);
    names_.push_back(name);
  }
}

NodeEnvironment::~NodeEnvironment() {
  for (const auto& name : names_) ::unsetenv(name.c_str());
}

std::optional<std::string> NodeEnvironment::cannot_preload() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return std::string("a sanitizer wants to be the first library");
#else
  return std::nullopt;
#endif
}

std::optional<std::string> FailingCalls::missing() {
  if (auto reason = NodeEnvironment::cannot_preload()) return reason;
  if (::access("/usr/bin/fiu-ctrl", X_OK) == 0 && fs::exists("/usr/lib/fiu/fiu_posix_preload.so")) return std::nullopt;
  return std::string("fiu-utils is not installed: tools/install proof");
}

FailingCalls::FailingCalls(const fs::path& pipes)
    : pipes_(pipes), environment_({{"LD_PRELOAD", fiu_libraries}, {"FIU_CTRL_FIFO", pipes.string()}}) {}

void FailingCalls::fail(pid_t process, const std::string& call) const {
  const std::string command = "enable name=posix/io/" + call + ",failnum=1,failinfo=" + std::to_string(EIO);
  const std::string to = std::to_string(process);
  const pid_t child = ::fork();
  if (child == 0) {
    ::unsetenv("LD_PRELOAD");
    ::execl("/usr/bin/fiu-ctrl", "fiu-ctrl", "-f", pipes_.c_str(), "-c", command.c_str(), to.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0) << "fiu-ctrl " << command;
}

}  // namespace parley::scenario
