#include "sim/run.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>

#include "node/machine_services.hpp"
#include "sim/nemesis.hpp"
#include "sim/raw_clients.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration sound_interval = 1s;   // reading a whole archive takes its time

std::vector<Host> hosts_of(const WorkloadOptions& workload) {
  std::vector<Host> hosts;
  for (std::size_t i = 0; i < workload.people; ++i) hosts.push_back(person_hosts_begin + static_cast<Host>(i));
  return hosts;
}

WorkloadOptions with_strangers(WorkloadOptions workload, const FaultPlan& plan) {
  workload.strangers = RawClients::names(plan);
  return workload;
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// One run in progress.
class Run final : private LifeObserver {
 public:
  explicit Run(const RunOptions& options)
      : options_(options),
        phase_(phase_of(options)),
        plan_(make_plan(options.seed, options.nodes, options.faults, phase_)),
        cluster_(options.seed, plan_.cluster),
        judges_(cluster_, history_),
        workload_(cluster_, options.seed, with_strangers(options.workload, plan_), history_),
        raw_clients_(cluster_, plan_, options.seed, history_),
        nemesis_(cluster_, plan_, hosts_of(options.workload), options.only) {
    tell_trace();
    cluster_.observe(this);
    nemesis_.talk_by([this](NodeId node) { workload_.talk_to(node); });
    nemesis_.hurry_by([this](double factor) { workload_.hurry(factor); });
    nemesis_.clients_by([this](const FaultEvent& event) { return raw_clients_.carry_out(event); });
    nemesis_.on_harm([this](NodeId id) { judges_.disk_harmed(id); });
    world().after_each_step([this] { look(); });
  }
  ~Run() override { cluster_.observe(nullptr); }

  void play() {
    const TimePoint begin = world().now();
    play_phases();
    result_.virtual_seconds = seconds(world().now() - begin);
  }

  RunResult result() {
    result_.counters = judges_.counters();
    result_.operations = workload_.operations();
    result_.world_events = world().events();
    result_.planned = plan_.events.size();
    result_.faults = nemesis_.done();
    result_.hash = world().trace_digest().hex().substr(0, 16);
    return std::move(result_);
  }

 private:
  World& world() { return cluster_.world(); }

  void play_phases() {
    for (const FaultEvent& event : plan_.events) world().trace("plan " + describe(event));
    workload_.begin();
    raw_clients_.begin();
    if (!plan_.from_birth && !cluster_.run_until_leader(birth_bound)) {
      return found("liveness",
                   "no leader within " + std::to_string(seconds(birth_bound)) + " s of a birth without faults");
    }
    nemesis_.begin();
    world().run_for(phase_);
    if (result_.violation) return;
    live();
    if (result_.violation || result_.lost) return;
    converge();
    if (result_.violation) return;
    world().run_for(settling_time);   // what was pushed last arrives
    if (result_.violation) return;
    agree();   // again: a leader takes and gives votes by itself, while a disk may still hang
    if (result_.violation) return;
    if (auto violation = judges_.at_end()) found(std::move(*violation));
  }

  // A random majority is healed; it must get everything done.
  void live() {
    workload_.stop();
    raw_clients_.stop();
    const auto core = nemesis_.leave_a_majority();
    result_.lost = core.empty();
    if (result_.lost) return world().trace("liveness: the voters that would be needed are damaged; not judged");
    std::string names;
    for (const NodeId id : core) names += " " + std::to_string(id.value);
    world().trace("liveness: healed are nodes" + names);
    const TimePoint begin = world().now();
    const auto done = [this, &core] { return settled() && agreed(core); };
    const bool in_time = world().run_until(done, liveness_bound);
    result_.liveness_seconds = seconds(world().now() - begin);
    if (in_time || result_.violation) return;
    found("liveness", "healed nodes" + names + " did not get everything done within " +
                          std::to_string(seconds(liveness_bound)) + " s; " + states() + "; outstanding: " +
                          workload_.outstanding() + raw_clients_.outstanding());
  }

  void converge() {
    nemesis_.heal_all();
    agree();
  }

  void agree() {
    const auto done = [this] { return settled() && agreed(present()); };
    const bool in_time = world().run_until(done, convergence_bound);
    if (result_.violation) return;
    if (!in_time) {
      return found("liveness", "the nodes do not agree " + std::to_string(seconds(convergence_bound)) +
                                   " s after everything was healed; " + states());
    }
    const auto whole = [this, &done] { return done() && all_vote() && sound(); };
    if (world().run_until(whole, votes_bound) || result_.violation) return;
    found("liveness", "not all nodes vote again, with nothing damaged, " + std::to_string(seconds(votes_bound)) +
                          " s after they agreed; " + states());
  }

  // By what the leader knows, when all agree.
  bool all_vote() {
    SimNode* leader = cluster_.leader();
    if (leader == nullptr) return false;
    const auto configuration = leader->node().replication().status().configuration;
    return std::ranges::all_of(present(), [&](NodeId id) {
      SimNode& node = cluster_.node(id.value);
      return node.running() && configuration->is_voter({id, node.node().replication().identity().incarnation});
    });
  }

  // All nodes: damage is repaired without a hand. But for one that was the only voter by all that can still be read of
  // its log and archive, and refuses to start.
  std::set<NodeId> present() {
    std::set<NodeId> nodes;
    for (std::size_t i = 1; i <= cluster_.size(); ++i) {
      const NodeId id = cluster_.node(i).id();
      if (!nemesis_.waits_for_a_hand(id)) nodes.insert(id);
    }
    return nodes;
  }

  // What was damaged is found, though nobody asked for it, and is whole again. Not looked at after every step.
  bool sound() {
    if (world().now() < sound_at_) return false;
    sound_at_ = world().now() + sound_interval;
    return std::ranges::all_of(present(), [this](NodeId id) {
      SimNode& node = cluster_.node(id.value);
      return !nemesis_.damaged(id) || node.node().machine().services().archiver.archive().scrub().ok();
    });
  }

  bool settled() const { return workload_.settled() && raw_clients_.settled(); }

  // One of them leads, and all of them have applied all that it has.
  bool agreed(const std::set<NodeId>& nodes) {
    SimNode* leader = cluster_.leader();
    if (leader == nullptr || !nodes.contains(leader->id())) return false;
    const Index last = leader->node().replication().status().last_index;
    for (const NodeId id : nodes) {
      SimNode& node = cluster_.node(id.value);
      if (!node.running() || node.node().replication().status().applied_index != last) return false;
    }
    return true;
  }

  std::string states() {
    std::string text;
    for (std::size_t i = 1; i <= cluster_.size(); ++i) {
      SimNode& node = cluster_.node(i);
      text += (i > 1 ? ", node " : "node ") + std::to_string(i);
      if (!node.running()) {
        text += " is down";
        continue;
      }
      const auto status = node.node().replication().status();
      text += " term " + std::to_string(status.term.value) + " leader " +
              (status.leader ? std::to_string(status.leader->value) : "none") + " last " +
              std::to_string(status.last_index.value) + " committed " + std::to_string(status.commit_index.value) +
              " applied " + std::to_string(status.applied_index.value) + voters_in(status);
    }
    return text;
  }

  static std::string voters_in(const raft::Status& status) {
    if (!status.configuration) return {};
    std::string text = " members";
    for (const auto& member : status.configuration->members) {
      text += " " + std::to_string(member.id.node.value) + (member.voter ? "" : "(learner)");
    }
    return text;
  }

  // After every step of the world.
  void look() {
    if (result_.violation) return;
    if (auto violation = judges_.after_step()) return found(std::move(*violation));
    if (nemesis_.finding()) found("nodes", *nemesis_.finding());
  }

  void found(std::string judge, std::string text) { found(Violation{std::move(judge), std::move(text)}); }
  void found(Violation violation) {
    world().trace("VIOLATION (" + violation.judge + "): " + violation.text);
    result_.violation = std::move(violation);
    world().stop();
  }

  void tell_trace() {
    if (options_.trace == RunOptions::Trace::none) return;
    const auto print = [](TimePoint now, std::string_view line) {
      const double at = std::chrono::duration<double>(now.time_since_epoch() - 1h).count();
      std::printf("%12.6f  %.*s\n", at, static_cast<int>(line.size()), line.data());
    };
    world().tell_trace(print, options_.trace == RunOptions::Trace::full);
  }

  void node_started(SimNode& node) override { judges_.node_restarted(node.id()); }
  void node_ending(SimNode& node) override {
    nemesis_.note_beliefs(node);
    judges_.before_crash(node.id());
  }

  const RunOptions options_;
  const Duration phase_;
  FaultPlan plan_;
  SimCluster cluster_;
  History history_;
  Judges judges_;
  Workload workload_;
  RawClients raw_clients_;
  Nemesis nemesis_;
  TimePoint sound_at_{};   // to be looked at next
  RunResult result_;
};

}  // namespace

Duration phase_of(const RunOptions& options) {
  return Duration(static_cast<Duration::rep>(options.minutes * 60e9));
}

RunResult run(const RunOptions& options) {
  const std::clock_t begin = std::clock();
  Run one(options);
  one.play();
  RunResult result = one.result();
  result.core_seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  return result;
}

}  // namespace parley::sim
