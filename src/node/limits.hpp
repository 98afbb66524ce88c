#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "base/time.hpp"

namespace parley::node {

// -- every bound of the state machine's side, and what happens at it -------------------------------------------

// Waiting for the consensus side.
inline constexpr milliseconds request_timeout{5000};  // then `later` if it surely did not happen, else `unknown`
inline constexpr milliseconds submit_retry{20};       // between attempts while the leader is busy
inline constexpr milliseconds leader_poll{25};        // between attempts while no leader is known
inline constexpr std::size_t proposals_max = 16'384;  // requests under way on this node; beyond: `later`, busy
inline constexpr std::size_t look_again_max = 16;     // R17 retries of one request; beyond: `later`, busy
inline constexpr milliseconds retry_after_busy{100};  // what `later` tells the client to wait
inline constexpr milliseconds retry_after_no_leader{200};
inline constexpr milliseconds retry_after_disk_full{1000};
inline constexpr milliseconds retry_after_member{300};  // a change of members
inline constexpr milliseconds retry_after_backup{500};  // another one is under way

// Connections.
inline constexpr milliseconds hello_timeout{10'000};  // the first request; beyond: closed
inline constexpr milliseconds closing_grace{1000};    // to hand over the last words; then the socket is closed
inline constexpr std::size_t under_way_max = 256;     // requests of one session; beyond: it is not read from
inline constexpr std::size_t outbox_bytes_max = 16 * 1024 * 1024;  // per session; beyond: slow_reader
inline constexpr milliseconds stranger_stay{10'000};               // without a login; then it gives way at sessions_max
inline constexpr std::size_t address_sessions_max = 512;           // connections of one address, loopback excepted

// Passwords.
inline constexpr std::size_t password_min = 8;  // bytes
inline constexpr std::size_t password_max = 1024;
inline constexpr std::size_t password_queue_max = 64;  // jobs on Lane::password; beyond: `later`, busy

// Reads.
inline constexpr std::size_t pages_queue_max = 1024;              // jobs on Lane::pages; beyond: `later`, busy
inline constexpr std::size_t search_queue_max = 64;               // jobs on Lane::search; beyond: `later`, busy
inline constexpr std::size_t answer_bytes_max = 3 * 1024 * 1024;  // of messages in one answer; beyond: fewer

// The archive.
inline constexpr std::size_t checkpoint_entries = 20'000;  // between two, or ClusterConfig::checkpoint_interval
inline constexpr std::size_t checkpoint_bytes = 32 * 1024 * 1024;   // likewise; what is not there the log holds
// Between transactions while the backlog is small: each costs nearly the same whatever it holds, and readers see
// `recent`. What a crash leaves out is in the log, and is applied again at the start.
inline constexpr milliseconds archive_gap{1000};
inline constexpr std::size_t archive_backlog = 512;     // entries; from here on there is no gap
inline constexpr std::size_t archive_batch_max = 8192;  // entries in one transaction
inline constexpr std::size_t archive_batch_bytes_max = 8 * 1024 * 1024;   // of the log; the last one may go beyond

// Coalesced into one Markers command (R20).
inline constexpr milliseconds marker_interval{1000};
inline constexpr milliseconds keep_alive_interval{6LL * 3600 * 1000};  // of clients and logins connected here
inline constexpr std::size_t marker_accounts_max = 16'384;  // pending (account, conversation); beyond: `later`, busy

// Attempts from outside that have not proved anything yet, by address: a bucket of `burst`, filled at `rate`.
inline constexpr double anonymous_rate = 200;  // requests a second
inline constexpr double anonymous_burst = 1000;
inline constexpr std::size_t throttle_keys_max = 16'384;  // addresses or accounts remembered; beyond: the oldest goes

// What a wrong password or token costs: after `free_tries` each further one doubles the wait before the next try.
struct ThrottlePolicy {
  unsigned free_tries;
  milliseconds first_delay;
  milliseconds delay_max;
  milliseconds forget_after;  // without a further failure
};
inline constexpr ThrottlePolicy account_policy{5, milliseconds{500}, milliseconds{30'000}, milliseconds{600'000}};
inline constexpr ThrottlePolicy address_policy{30, milliseconds{500}, milliseconds{60'000}, milliseconds{600'000}};

// Counts failures by key and says how long the key has to wait. Bounded: at throttle_keys_max the key that failed
// longest ago is forgotten.
class Throttle {
 public:
  explicit Throttle(ThrottlePolicy policy) : policy_(policy) {}
  milliseconds wait(const std::string& key, TimePoint now) const;  // zero: may try now
  void failed(const std::string& key, TimePoint now);
  void succeeded(const std::string& key);
  std::size_t size() const { return failures_.size(); }

 private:
  struct Failures {
    unsigned count = 0;
    TimePoint last;
    TimePoint not_before;
  };
  void make_room(TimePoint now);
  ThrottlePolicy policy_;
  std::map<std::string, Failures> failures_;
};

// So many a second by key, with a burst. Bounded in the same way.
class RateLimit {
 public:
  RateLimit(double rate, double burst) : rate_(rate), burst_(burst) {}
  bool take(const std::string& key, TimePoint now);  // false: too many, wait a moment

 private:
  struct Bucket {
    double tokens;
    TimePoint at;
  };
  double rate_;
  double burst_;
  std::map<std::string, Bucket> buckets_;
};

// "address:port" without the port; "[::1]:7001" gives "::1".
std::string address_of(const std::string& remote);

}  // namespace parley::node
