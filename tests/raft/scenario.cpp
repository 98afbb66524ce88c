// The interpreter of scenarios/*.txt. One command a line; `#` begins prose. The commands are in the table below.
#include "raft/scenario.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>

#include "raft/cluster.hpp"
#include "raft/log.hpp"

namespace parley::raft::test {
namespace {

using Words = std::vector<std::string>;

class Interpreter {
 public:
  std::string run(const std::string& line);   // what is wrong, or nothing

 private:
  using Command = std::function<void(const Words&)>;

  static std::uint32_t number(const std::string& word) { return static_cast<std::uint32_t>(std::stoul(word)); }
  Host& host(const std::string& word) { return cluster_.host(number(word)); }
  Consensus& at(const std::string& word) { return cluster_[number(word)]; }

  template <class Actual>
  void expect(const std::string& what, const Actual& actual, const std::string& expected) {
    std::ostringstream shown;
    shown << actual;
    if (shown.str() != expected) wrong_ = what + " is '" + shown.str() + "', expected '" + expected + "'";
  }

  static std::string join(const Words& words, std::size_t from) {
    std::string joined;
    for (std::size_t i = from; i < words.size(); ++i) joined += (i > from ? " " : "") + words[i];
    return joined;
  }

  static Durable log_from(const Words& words);
  static Configuration configuration_from(const Words& words);
  std::string outcome(const Result<EntryId, Refusal>& result);
  static std::string outcome(Refusal refusal);
  std::string fact(const Words& words);

  Cluster cluster_;
  std::map<std::string, std::pair<std::string, std::uint64_t>> reads_;   // label -> server, id
  std::string wrong_;
  const std::map<std::string, Command> commands_ = {
      // Servers are numbered from 1.
      {"nodes", [&](const Words& w) { cluster_.found(number(w[1]), w.size() > 3 ? number(w[3]) : 0); }},
      {"empty", [&](const Words& w) { cluster_.add(number(w[1]), Durable{}); }},          // knows no cluster (R3)
      {"log", [&](const Words& w) { cluster_.add(number(w[1]), log_from(w)); }},          // log N of V: terms …
      {"term", [&](const Words& w) {                                                       // its disk says so
         host(w[1]).disk.hard_state = {Term(number(w[2])), std::nullopt, Index(1)};
         cluster_.crash(number(w[1]));
         cluster_.restart(number(w[1]));
       }},
      {"tick", [&](const Words& w) { cluster_.tick(milliseconds(number(w[1]))); }},
      {"elect", [&](const Words& w) { cluster_.elect(number(w[1])); }},                    // silence, then its timer
      {"timeout", [&](const Words& w) { cluster_.time_out(number(w[1])), cluster_.flow(); }},
      {"disconnect", [&](const Words& w) { cluster_.disconnect(number(w[1]), number(w[2])); }},
      {"connect", [&](const Words& w) { cluster_.connect(number(w[1]), number(w[2])), cluster_.flow(); }},
      {"isolate", [&](const Words& w) { cluster_.isolate(number(w[1])); }},
      {"heal", [&](const Words&) { cluster_.heal(), cluster_.flow(); }},
      {"cut", [&](const Words& w) { cluster_.cut(number(w[1]), number(w[2])); }},          // one way, in silence
      {"mend", [&](const Words& w) { cluster_.mend(number(w[1]), number(w[2])); }},
      {"crash", [&](const Words& w) { cluster_.crash(number(w[1])), cluster_.flow(); }},
      {"restart", [&](const Words& w) { cluster_.restart(number(w[1])), cluster_.flow(); }},
      // refuse N [to M]: nobody listens at its port any more, and everybody (or M) finds that out
      {"refuse", [&](const Words& w) {
         if (w.size() > 3) cluster_.tell(NodeId(number(w[3])), NodeId(number(w[1])), &Consensus::refused);
         else cluster_.refuse(number(w[1]));
       }},
      {"hold", [&](const Words& w) { host(w[2]).disk_held = true; }},                      // hold disk N
      {"release", [&](const Words& w) { host(w[2]).disk_held = false, cluster_.flow(); }},
      // persist N: the batch under way ends, and the next begins
      {"persist", [&](const Words& w) {
         if (!host(w[1]).writing) wrong_ = "no batch is under way";
         else cluster_.finish_write(host(w[1])), cluster_.flow();
       }},
      {"record", [&](const Words& w) { cluster_.recorded.insert({NodeId(number(w[1])), NodeId(number(w[2]))}); }},
      {"stop", [&](const Words&) { cluster_.recorded.clear(); }},                          // … recording
      {"replay", [&](const Words&) {                                                       // all that was recorded
         for (const Envelope& envelope : std::deque<Envelope>(cluster_.tape)) cluster_.deliver(envelope);
         cluster_.flow();
       }},
      // propose N text [not_leader | busy | too_large]
      {"propose", [&](const Words& w) {
         const auto result = at(w[1]).propose(command(w[2]), cluster_.now(host(w[1])));
         expect("propose", outcome(result), w.size() > 3 ? w[3] : "ok"), cluster_.flow();
       }},
      // configure N voters 1 2 learners 3 [busy | invalid | not_leader]
      {"configure", [&](const Words& w) {
         const bool refused = !std::isdigit(static_cast<unsigned char>(w.back()[0]));
         const auto configuration = configuration_from(Words(w.begin() + 2, w.end() - (refused ? 1 : 0)));
         const auto result = at(w[1]).propose_configuration(configuration, cluster_.now(host(w[1])));
         expect("configure", outcome(result), refused ? w.back() : "ok"), cluster_.flow();
       }},
      // compact N [keep K]: checkpoint, and the log goes but for its last K applied entries
      {"compact", [&](const Words& w) { cluster_.compact(host(w[1]), w.size() > 3 ? number(w[3]) : 0); }},
      // offer N M: a copy of N's archive to M
      {"offer", [&](const Words& w) {
         if (!cluster_.offer(host(w[1]), NodeId(number(w[2])))) wrong_ = "the offer was refused";
         cluster_.flow();
       }},
      {"install", [&](const Words& w) {                                                    // what N was offered arrived
         if (!cluster_.finish_fetch(host(w[1]))) wrong_ = "nothing to install";
         cluster_.flow();
       }},
      {"serve", [&](const Words&) { cluster_.serve_snapshots = true, cluster_.flow(); }},  // … snapshots, from now on
      // transfer N to M [not_leader | busy | invalid]
      {"transfer", [&](const Words& w) {
         const auto result = at(w[1]).transfer_leadership(NodeId(number(w[3])), cluster_.now(host(w[1])));
         expect("transfer", result.ok() ? "ok" : outcome(result.error()), w.size() > 4 ? w[4] : "ok"), cluster_.flow();
       }},
      {"read", [&](const Words& w) {                                                       // read N label
         const auto result = at(w[1]).begin_read(cluster_.now(host(w[1])));
         if (result.ok()) reads_[w[2]] = {w[1], *result};
         else wrong_ = "the read was refused";
         cluster_.flow();
       }},
      {"assert", [&](const Words& w) {
         const std::size_t subjects = w[1] == "leader" || w[1] == "agree" ? 2 : w[1] == "offered" ? 4 : 3;
         expect(join(Words(w.begin(), w.begin() + static_cast<std::ptrdiff_t>(std::min(subjects, w.size()))), 1),
                fact(w), join(w, subjects));
       }},
  };
};

Configuration Interpreter::configuration_from(const Words& words) {
  Configuration configuration;
  bool votes = true;
  for (const std::string& word : words) {
    if (word == "voters" || word == "learners") votes = word == "voters";
    else configuration.members.push_back(votes ? voter(number(word)) : learner(number(word)));
  }
  return configuration;
}

// "log N of V: terms": the first entry is the configuration of V voters.
Durable Interpreter::log_from(const Words& words) {
  std::vector<std::uint64_t> terms;
  for (std::size_t i = 4; i < words.size(); ++i) terms.push_back(std::stoull(words[i]));
  return log_of_terms(configuration_of(number(words[3])), terms);
}

std::string Interpreter::outcome(const Result<EntryId, Refusal>& result) {
  return result.ok() ? "ok" : outcome(result.error());
}

std::string Interpreter::outcome(Refusal refusal) {
  static const char* const names[] = {"not_leader", "busy", "too_large", "invalid"};
  return names[static_cast<std::size_t>(refusal)];
}

// What `assert` can ask: leader | role N | term N | commit N | last N | durable N (on disk) |
// stable N (known to be on disk) | base N | log N (terms above the base) | applied N (commands) | voters N
// | wanted N (index of the snapshot it needs) | offered N M (by N to M: index, "none", or "unneeded")
// | transfers N (to whom) | read LABEL N … | violations N | agree (all logs of servers that are up end alike)
std::string Interpreter::fact(const Words& w) {
  if (w[1] == "leader") return cluster_.leader() ? std::to_string(*cluster_.leader()) : "none";
  if (w[1] == "durable") return std::to_string(cluster_.durable_index(number(w[2])).value);
  if (w[1] == "agree") {
    const Log* first = nullptr;
    for (auto& [_, host] : cluster_.hosts()) {
      if (!host.consensus) continue;
      const Log& log = host.consensus->log();
      if (first != nullptr && (first->last_id() != log.last_id())) return "but they differ";
      first = &log;
    }
    return "";
  }
  if (w[1] == "read") {
    const auto& [node, id] = reads_.at(w[2]);
    const auto found = host(node).reads.find(id);
    if (found == host(node).reads.end()) return "pending";
    return found->second.confirmed ? "confirmed " + std::to_string(found->second.index.value) : "failed";
  }
  const Status status = at(w[2]).status();
  if (w[1] == "term") return std::to_string(status.term.value);
  if (w[1] == "commit") return std::to_string(status.commit_index.value);
  if (w[1] == "stable") return std::to_string(status.persisted_index.value);
  if (w[1] == "last") return std::to_string(status.last_index.value);
  if (w[1] == "base") return std::to_string(status.base_index.value);
  if (w[1] == "wanted") return status.wanted_snapshot ? std::to_string(status.wanted_snapshot->index.value) : "none";
  if (w[1] == "transfers") return status.transfer_target ? std::to_string(status.transfer_target->value) : "none";
  if (w[1] == "offered") {
    for (const PeerStatus& peer : status.peers) {
      if (peer.id.node != NodeId(number(w[3]))) continue;
      if (!peer.needs_snapshot) return "unneeded";
      return peer.snapshot_offered > Index(0) ? std::to_string(peer.snapshot_offered.value) : "none";
    }
    return "no such peer";
  }
  if (w[1] == "violations") return std::to_string(status.violations);
  if (w[1] == "applied") return join(host(w[2]).applied, 0);
  static const char* const roles[] = {"follower", "pre_candidate", "candidate", "leader"};
  if (w[1] == "role") return roles[static_cast<std::size_t>(status.role)];
  Words shown;
  if (w[1] == "log") {
    const Log& log = at(w[2]).log();
    for (Index i = log.base().index.next(); i <= log.last_index(); ++i) {
      shown.push_back(std::to_string(log.term_at(i)->value));
    }
  } else if (w[1] == "voters") {
    for (const Member& member : status.configuration->members) {
      if (member.voter) shown.push_back(std::to_string(member.id.node.value));
    }
  } else {
    return "an unknown question";
  }
  return join(shown, 0);
}

std::string Interpreter::run(const std::string& line) {
  std::istringstream in(line.substr(0, line.find('#')));
  const Words words{std::istream_iterator<std::string>(in), {}};
  if (words.empty()) return {};
  const auto found = commands_.find(words[0]);
  if (found == commands_.end()) return "unknown command " + words[0];
  try {
    found->second(words);
  } catch (const std::exception& error) {
    return std::string("can't be understood: ") + error.what();
  }
  return wrong_.empty() ? cluster_.broken : wrong_;
}

}  // namespace

std::string run_scenario(const std::string& path) {
  std::ifstream in(path);
  if (!in) return path + " can't be read";
  Interpreter interpreter;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const std::string wrong = interpreter.run(line);
    if (!wrong.empty()) return path + ":" + std::to_string(number) + ": " + line + "\n  " + wrong;
  }
  return {};
}

}  // namespace parley::raft::test
