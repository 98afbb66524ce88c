#include "floor.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <system_error>
#include <thread>

namespace parley::bench {
namespace {

constexpr std::size_t record_bytes = 512;   // about what one message takes in the log

Duration since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin);
}

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

Samples measure_sync(const std::filesystem::path& directory, std::size_t rounds) {
  const auto path = directory / "floor.tmp";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) fail("open " + path.string());
  const std::string zeros(rounds * record_bytes, '\0');
  const std::string record(record_bytes, 'x');
  Samples samples;
  bool good = ::pwrite(fd, zeros.data(), zeros.size(), 0) == static_cast<ssize_t>(zeros.size()) && ::fsync(fd) == 0;
  for (std::size_t i = 0; good && i < rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    good = ::pwrite(fd, record.data(), record.size(), static_cast<off_t>(i * record_bytes)) ==
               static_cast<ssize_t>(record.size()) &&
           ::fdatasync(fd) == 0;
    samples.add(since(begin));
  }
  ::close(fd);
  ::unlink(path.c_str());
  if (!good) fail("write " + path.string());
  return samples;
}

void echo_until_closed(int fd) {
  char bytes[record_bytes];
  for (ssize_t n; (n = ::read(fd, bytes, sizeof bytes)) > 0;) {
    if (::write(fd, bytes, static_cast<std::size_t>(n)) != n) break;
  }
  ::close(fd);
}

Samples measure_round_trip(std::size_t rounds) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, raw, size) != 0 || ::listen(listener, 1) != 0 || ::getsockname(listener, raw, &size) != 0)
    fail("listen on loopback");
  const int near = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(near, raw, size) != 0) fail("connect on loopback");
  const int far = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  ::close(listener);
  const int yes = 1;
  for (const int fd : {near, far}) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  std::thread echo(echo_until_closed, far);
  Samples samples;
  char bytes[256] = {};
  for (std::size_t i = 0; i < rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    if (::write(near, bytes, sizeof bytes) != sizeof bytes) break;
    std::size_t got = 0;
    while (got < sizeof bytes) {
      const ssize_t n = ::read(near, bytes, sizeof bytes - got);
      if (n <= 0) break;
      got += static_cast<std::size_t>(n);
    }
    samples.add(since(begin));
  }
  ::close(near);
  echo.join();
  return samples;
}

}  // namespace

Report measure_floor(const std::filesystem::path& directory, std::size_t rounds) {
  Report report("floor");
  report.note("directory", directory.string());
  report.add("one fdatasync of 512 bytes", "fdatasync", measure_sync(directory, rounds));
  report.add("one TCP round trip of 256 bytes on loopback", "round_trip", measure_round_trip(rounds));
  return report;
}

}  // namespace parley::bench
