#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "node/driver_tasks.hpp"
#include "node/logging.hpp"
#include "node/pulse.hpp"
#include "node/seams.hpp"
#include "raft/consensus.hpp"
#include "store/archive.hpp"
#include "store/write_ahead_log.hpp"

namespace parley::node {

// What the driver tells its owner, on the strand, while it hands out what consensus decided.
class DriverOwner {
 public:
  virtual ~DriverOwner() = default;
  virtual void look_at_peers() = 0;                 // each idle link may have a message to carry now
  virtual void status_changed(const raft::Status& status) = 0;   // role, term, leader or configuration
  virtual void configuration_committed() = 0;                    // another one than before
  virtual void snapshot_wanted(raft::SnapshotOffer offer) = 0;   // said again and again, while it is
};

// Drives raft::Consensus: its clock (election_loop) and its disk (persist_loop). Before the birth there is no
// Consensus yet and everything is idle. One strand; outlives its tasks.
class Driver {
 public:
  Driver(Seams seams, TaskGroup& tasks, DriverOwner& owner, store::WriteAheadLog& log);

  // Spawns the loops. `archived`: what the state machine has applied already.
  void start(ServerId self, const raft::Options& options, raft::Durable durable,
             const store::ArchivePosition& archived);
  void stop();

  bool started() const { return consensus_.has_value(); }
  raft::Consensus& consensus() { return *consensus_; }
  const raft::Consensus& consensus() const { return *consensus_; }
  Now now() const { return seams_.clock.both(); }
  ServerId self() const { return self_; }
  const Pulse& pulse() const { return pulse_; }

  // The latest committed configuration that was handed out, and where it stands; null: none yet.
  const raft::ConfigurationPtr& committed_configuration() const { return committed_configuration_; }
  Index committed_configuration_index() const { return committed_configuration_index_; }
  // Throws Replaced if this server was a member and this committed configuration, later than all that it has, says that
  // it is one no more.
  void told_not_a_member(Index index, const raft::Configuration& configuration) const;

  // After telling consensus anything: what follows from it is handed out in the next turn of the strand, once for all
  // that arrived in this one.
  void wake();

  // The next committed entries, waiting until there are some; empty: stopping. One caller at a time.
  net::awaitable<std::vector<raft::Entry>> next_committed();

  // A linearizable read; nullopt: no leader, or none confirmed it before the deadline.
  net::awaitable<std::optional<Index>> read_index(TimePoint deadline);

  static constexpr std::size_t committed_bytes_max = 1024 * 1024;   // payload handed out by one next_committed()

 private:
  net::awaitable<void> election_loop();
  net::awaitable<void> persist_loop();
  void hand_out();
  void hand_out_reads();
  void notice_status();
  void take_committed();
  void follow_membership(Index index, raft::ConfigurationPtr committed);

  Seams seams_;
  TaskGroup& tasks_;
  DriverOwner& owner_;
  store::WriteAheadLog& log_;
  ServerId self_;
  std::optional<raft::Consensus> consensus_;
  bool stopping_ = false;
  Pulse pulse_;

  std::unique_ptr<net::Alarm> election_alarm_;

  std::unique_ptr<net::Alarm> persist_alarm_;
  raft::PersistBatch batch_;            // being written, or taken for the loop
  std::function<void()> append_batch_;  // the job that writes it
  bool persist_idle_ = false;

  std::unique_ptr<net::Alarm> committed_alarm_;
  std::vector<raft::Entry> committed_;  // taken for a waiting next_committed()
  bool committed_idle_ = false;
  bool was_member_ = false;             // by a committed configuration
  raft::ConfigurationPtr committed_configuration_;
  Index committed_configuration_index_;

  struct Read {
    std::unique_ptr<net::Alarm> alarm;
    std::optional<raft::ReadOutcome> outcome;
  };
  std::map<std::uint64_t, Read> reads_;

  raft::Standing seen_;
};

// This data directory's place in the cluster was given to another one (R4): it must not take part again.
class Replaced : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace parley::node
