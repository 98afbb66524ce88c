#include "node/node.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "chat/tables.hpp"
#include "node/begin_anew.hpp"
#include "node/data_directory.hpp"
#include "node/driver_tasks.hpp"
#include "node/machine_services.hpp"
#include "node/replication_node.hpp"
#include "store/archive_install.hpp"

namespace parley::node {
namespace {

constexpr Duration settling_look = milliseconds(5);

// One life over one data directory: from its opening to the end of all its loops.
class Life {
 public:
  Life(Seams seams, DataDirectory directory, std::unique_ptr<Machine> machine, ReplicationParts parts)
      : directory_(std::move(directory)),
        machine_(std::move(machine)),
        clock_(seams.clock),
        logger_(seams.logger),
        settling_most_(parts.config.election_timeout),
        alarm_(seams.clock.make_alarm()),
        replication_(seams, complete(std::move(parts))),
        tasks_(seams.executor, seams.clock) {}

  Result<Nothing> listen() {
    auto peers = replication_.listen();
    if (!peers.ok()) return peers;
    return machine_->listen();
  }

  net::awaitable<void> run() {
    tasks_.spawn(replication_.run());
    tasks_.spawn(machine_->run(replication_));
    co_await tasks_.join();
  }

  // In good order: leadership goes to another node, and what is under way here is answered, as far as that is soon.
  // Asked again: at once.
  void leave() {
    if (std::exchange(leaving_, true)) return stop();
    tasks_.spawn(leave_in_good_order());
  }

  void stop() {
    stopped_ = true;
    machine_->stop();   // first, so that sessions are told before their last links go
    replication_.stop();
  }

  Replication& replication() { return replication_; }
  Machine& machine() { return *machine_; }

  // The disk had gone back in time (R4), or holds an archive that is damaged (P8), or the state went another way than
  // the others' (R10).
  bool is_to_be_set_aside() const { return set_aside_ || damaged_; }

  // What was fetched for this node is to be put in its archive's place; unless the entries came after all while it
  // ended: a state machine never goes back (W16).
  bool is_to_install() const { return prepared_ && prepared_->index > machine_->services().applier.applied(); }

 private:
  // False: this node is needed as it is, for now.
  bool archive_damaged(const std::string& what) {
    if (damaged_ || prepared_) return true;   // or what takes this archive's place is here already
    if (!replication_.others_can_do_without()) return false;
    logger_.error("damaged", what + "; the data directory is set aside, and the node joins anew");
    damaged_ = true;
    machine_->archive_is_replaced();
    leave();
    return true;
  }

  net::awaitable<void> leave_in_good_order() {
    co_await replication_.depart();
    machine_->retire();
    const TimePoint deadline = clock_.now() + settling_most_;
    while (!machine_->retired() && !stopped_) {
      if (clock_.now() >= deadline) {
        logger_.warn("stop_cut_short", "leaves although some requests are not answered yet");
        break;
      }
      const TimePoint next = std::min(deadline, clock_.now() + settling_look);
      co_await alarm_->wait_until(next);
    }
    stop();
  }

  ReplicationParts complete(ReplicationParts parts) {
    Machine* const machine = machine_.get();
    parts.archive = &machine->archive();
    parts.checkpointed = [machine] { return machine->checkpointed(); };
    parts.min_voters = [machine] {
      return static_cast<std::size_t>(machine->services().state().tables().settings[chat::Setting::min_voters]);
    };
    parts.set_aside = [this] {
      set_aside_ = true;
      stop();
    };
    machine->on_damage([this](const std::string& what) { return archive_damaged(what); });
    parts.archive_damaged = [machine](const std::string& what) { return machine->met_damage(what); };
    parts.snapshot_prepared = [this, machine](raft::EntryId snapshot) {
      prepared_ = snapshot;
      machine->archive_is_replaced();
      stop();
    };
    return parts;
  }

  DataDirectory directory_;   // its lock goes last
  std::unique_ptr<Machine> machine_;
  std::optional<raft::EntryId> prepared_;
  net::Clock& clock_;
  Logger& logger_;
  const Duration settling_most_;
  std::unique_ptr<net::Alarm> alarm_;
  bool leaving_ = false;
  bool set_aside_ = false;
  bool damaged_ = false;
  bool stopped_ = false;
  ReplicationNode replication_;
  TaskGroup tasks_;
};

using BegunLife = Result<std::unique_ptr<Life>, store::Refusal>;

BegunLife open_life(const Seams& seams, ClusterConfig config, const NodeConfig& self,
                    const MachineFactory& make_machine) {
  store::LogOptions log_options;
  log_options.segment_bytes = config.log_segment_bytes;
  auto directory = open_data_directory(seams.disk, self.id, seams.entropy, log_options);
  if (!directory.ok()) return directory.error();
  for (const auto& note : directory->notes) seams.logger.info("opened", note);

  ReplicationParts parts;
  parts.self = self;
  parts.identity = directory->identity;
  parts.log = directory->log.get();
  parts.durable = std::move(directory->durable);
  parts.archived = directory->archive.position;
  parts.unfilled = directory->unfilled;
  auto machine = make_machine(seams, config, self, std::move(directory->archive));
  if (!machine.ok()) return store::refusal(machine.error());
  parts.config = std::move(config);

  auto life = std::make_unique<Life>(seams, std::move(*directory), std::move(*machine), std::move(parts));
  const auto listening = life->listen();
  if (!listening.ok()) return store::refusal(listening.error());
  return life;
}

BegunLife open_undamaged_life(const Seams& seams, const ClusterConfig& config, const NodeConfig& self,
                              const MachineFactory& make_machine) {
  try {
    return open_life(seams, config, self, make_machine);
  } catch (const store::ArchiveDamaged& damage) {
    return store::damage(damage.what());
  }
}

// Damage found at the start is repaired without a hand: the others have what is lost here (P8, decision 0024).
Result<std::unique_ptr<Life>> begin_life(const Seams& seams, const ClusterConfig& config, NodeId id,
                                         const MachineFactory& make_machine) {
  const NodeConfig* found = config.find(id);
  if (found == nullptr) return Error{"node " + std::to_string(id.value) + " is not in the configuration"};
  const NodeConfig self = *found;
  auto life = open_undamaged_life(seams, config, self, make_machine);
  if (!life.ok() && life.error().damaged) {
    const std::string what = life.error().message;
    const auto aside = set_damaged_data_aside(seams.disk, seams.entropy);
    if (!aside.ok()) return Error{what + ". " + aside.error().message};
    seams.logger.error("damaged", what + ". " + *aside + "; this node joins anew as another incarnation, and is filled "
                                             "by the others");
    life = open_undamaged_life(seams, config, self, make_machine);
  }
  if (!life.ok()) return life.error();
  return std::move(*life);
}

// A snapshot takes effect as a restart would: the life that fetched it ends in good order, the archive is swapped with
// every connection to it closed, and the next life begins with what it then finds. There is one way to come up, and it
// is the one that crashes test (decision 0012). A data directory that has to be given up is given up between two lives,
// too.
class RealNode final : public Node {
 public:
  RealNode(Seams seams, ClusterConfig config, NodeId id, MachineFactory make_machine, std::unique_ptr<Life> first)
      : seams_(seams),
        config_(std::move(config)),
        id_(id),
        make_machine_(std::move(make_machine)),
        life_(std::move(first)) {}

  net::awaitable<void> run() override {
    for (;;) {
      co_await life_->run();
      if (stopping_) break;
      const bool aside = life_->is_to_be_set_aside();
      const bool install = !aside && life_->is_to_install();
      life_.reset();
      if (install) store::install_archive(seams_.disk, archive_file);
      if (aside) {
        const auto done = set_data_aside(seams_.disk, seams_.entropy);
        if (!done.ok()) throw std::runtime_error(done.error().message);
        seams_.logger.warn("set_aside", *done + "; this node joins anew as another incarnation");
      }
      auto next = begin_life(seams_, config_, id_, make_machine_);
      if (!next.ok()) throw std::runtime_error(next.error().message);
      life_ = std::move(*next);
      ++installed_;
    }
  }

  void stop() override {
    stopping_ = true;
    life_->leave();
  }

  Replication& replication() override { return life_->replication(); }
  Machine& machine() override { return life_->machine(); }
  std::uint64_t snapshots_installed() const override { return installed_; }
  bool between_lives() const override { return life_ == nullptr; }

 private:
  Seams seams_;
  ClusterConfig config_;
  NodeId id_;
  MachineFactory make_machine_;
  std::unique_ptr<Life> life_;   // null only within one turn of the strand, and after a failure in it
  std::uint64_t installed_ = 0;
  bool stopping_ = false;
};

}  // namespace

Result<std::unique_ptr<Node>> Node::open(Seams seams, ClusterConfig config, NodeId id, MachineFactory make_machine) {
  auto life = begin_life(seams, config, id, make_machine);
  if (!life.ok()) return life.error();
  return std::unique_ptr<Node>(
      std::make_unique<RealNode>(seams, std::move(config), id, std::move(make_machine), std::move(*life)));
}

}  // namespace parley::node
