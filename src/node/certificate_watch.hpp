#pragma once

#include <functional>
#include <memory>

#include "net/clock.hpp"
#include "net/workers.hpp"
#include "node/cluster_certificates.hpp"

namespace parley::node {

// Looks again and again whether the certificate files have changed, and warns of an expiry in time. One strand;
// outlives its loop.
class CertificateWatch {
 public:
  using Renewed = std::function<void(const net::Certified&)>;

  CertificateWatch(net::Clock& clock, net::Workers& workers, Logger& logger, ClusterCertificates& certificates,
                   Renewed renewed);

  net::awaitable<void> watch_loop();   // until stop()
  void stop();

  static constexpr Duration look_interval = milliseconds(2'000);   // so new files count after four seconds at most
  static constexpr milliseconds expires_soon{30LL * 86'400'000};   // from then on it warns
  static constexpr Duration warning_interval = milliseconds(86'400'000);

 private:
  void warn_in_time();

  net::Clock& clock_;
  net::Workers& workers_;
  Logger& logger_;
  ClusterCertificates& certificates_;
  Renewed renewed_;
  std::unique_ptr<net::Alarm> alarm_;
  TimePoint warn_at_ = long_ago;
  std::string warned_event_;   // another one is worth a line at once
  bool stopping_ = false;
};

}  // namespace parley::node
