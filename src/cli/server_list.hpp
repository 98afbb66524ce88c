#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/time.hpp"
#include "cli/client_options.hpp"

namespace parley::cli {

// Which node to try next, and when. Pure.
class ServerList {
 public:
  ServerList(std::vector<std::string> given, const ClientOptions& options, Random random);

  std::string next();                              // the preferred one, else the next in turn
  const std::vector<std::string>& known() const { return known_; }
  void learn(const std::vector<std::string>& addresses);   // beyond servers_max: not remembered
  void prefer(std::string address) { preferred_ = std::move(address); }   // for the next attempt only

  // How long to wait before the next attempt, after …
  Duration failed(const std::string& address, TimePoint now);   // … it could not be reached or didn't let us in
  Duration lost(const std::string& address);                    // … a connection that had worked broke
  void succeeded() { failures_ = 0; }

  // Whether it makes sense to move to this address: not if it failed a moment ago.
  bool worth_moving_to(const std::string& address, TimePoint now) const;
  unsigned failures() const { return failures_; }

 private:
  Duration draw(milliseconds most) { return draw_between(Duration{0}, most); }
  Duration draw_between(Duration least, Duration most);

  ClientOptions options_;
  Random random_;
  std::vector<std::string> known_;
  std::size_t position_ = 0;
  std::optional<std::string> preferred_;
  std::string last_lost_;
  unsigned failures_ = 0;                          // in a row
  std::map<std::string, TimePoint> failed_at_;     // keys are known addresses or leaders: at most servers_max + 1
};

inline constexpr milliseconds failed_for{2000};    // how long a failure counts against moving there

}  // namespace parley::cli
