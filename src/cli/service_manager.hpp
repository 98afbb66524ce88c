#pragma once

#include <string>
#include <string_view>

namespace parley::cli {

// The service manager that started this process and wants to hear how it is (systemd, Type=notify): sd_notify(3), whose
// notes give the protocol for programs that don't link its library: one datagram to the socket in $NOTIFY_SOCKET.
class ServiceManager {
 public:
  explicit ServiceManager(std::string socket) : socket_(std::move(socket)) {}
  static ServiceManager from_environment();   // without one, nothing is told to anybody

  bool wants_to_know() const { return !socket_.empty(); }

  // A newline between assignments: "READY=1\nSTATUS=…". A datagram that does not arrive is lost, and nothing else.
  void tell(std::string_view assignments) const noexcept;

 private:
  std::string socket_;   // a path, or an abstract name after '@' (unix(7)); empty: nobody wants to know
};

}  // namespace parley::cli
