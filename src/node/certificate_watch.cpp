#include "node/certificate_watch.hpp"

#include <utility>

namespace parley::node {

CertificateWatch::CertificateWatch(net::Clock& clock, net::Workers& workers, Logger& logger,
                                   ClusterCertificates& certificates, Renewed renewed)
    : clock_(clock),
      workers_(workers),
      logger_(logger),
      certificates_(certificates),
      renewed_(std::move(renewed)),
      alarm_(clock.make_alarm()) {}

net::awaitable<void> CertificateWatch::watch_loop() {
  while (!stopping_) {
    warn_in_time();
    const TimePoint next = clock_.now() + look_interval;
    while (!stopping_ && clock_.now() < next) co_await alarm_->wait_until(next);
    if (stopping_) break;
    ClusterCertificates::Look found;
    std::function<void()> look = [this, &found] { found = certificates_.look(); };
    co_await workers_.run(net::Lane::pages, std::move(look));
    if (certificates_.take(std::move(found), clock_.wall_now(), logger_)) renewed_(certificates_.in_use());
  }
}

void CertificateWatch::stop() {
  stopping_ = true;
  alarm_->ring();
}

void CertificateWatch::warn_in_time() {
  const auto& own = certificates_.in_use();
  const WallTime now = clock_.wall_now();
  const std::int64_t left_ms = own.expires.ms - now.ms;
  std::string event;
  std::string words = certificates_.file() + ": this node's certificate, or one between it and its CA, ";
  if (now < own.begins) {
    event = "certificate_not_yet_valid";
    words += "is not valid before " + describe_time(own.begins) + ", by this clock: no new link to another node yet";
  } else if (left_ms <= 0) {
    event = "certificate_expired";
    words += "expired on " + describe_time(own.expires) + ": no new link to another node; those that are open go on";
  } else if (left_ms <= expires_soon.count()) {
    event = "certificate_expires_soon";
    words += "expires on " + describe_time(own.expires) + ", in " + std::to_string(left_ms / 86'400'000) + " days";
  }
  const bool said = event == warned_event_ && clock_.now() < warn_at_;
  warned_event_ = event;
  if (event.empty() || said) return;
  warn_at_ = clock_.now() + warning_interval;
  words += ". Put a new one in its place; it is read without a restart";
  logger_.write(event == "certificate_expires_soon" ? LogLevel::warn : LogLevel::error, event, words);
}

}  // namespace parley::node
