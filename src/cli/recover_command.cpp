#include "cli/recover_command.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <iostream>

#include "cli/complaint.hpp"
#include "cli/json_fields.hpp"
#include "cli/recover_survey.hpp"
#include "net/system_entropy.hpp"
#include "node/recover.hpp"
#include "store/posix_disk.hpp"

namespace parley::cli {
namespace {

int complain(const std::string& message, int code) { return cli::complain("recover", message, code); }

std::string name(NodeId node) { return "node " + std::to_string(node.value); }

std::string entry(raft::EntryId id) {
  const std::string index = "index " + std::to_string(id.index.value);
  return id.term == Term(0) ? index : index + " of term " + std::to_string(id.term.value);
}

void show(const std::vector<Survivor>& survivors) {
  for (const auto& survivor : survivors) {
    std::string words = survivor.trouble;
    if (survivor.last) words = "log up to " + entry(*survivor.last) + " in " + survivor.where;
    if (survivor.runs) words = "runs, knows no leader, log up to " + entry(*survivor.last) + " at " + survivor.where;
    std::fprintf(stderr, "%s: %s\n", name(survivor.node).c_str(), words.c_str());
  }
}

// What speaks against it; empty: nothing.
std::string objection(const std::vector<Survivor>& survivors, bool force) {
  for (const auto& survivor : survivors) {
    if (!survivor.leader) continue;
    return name(survivor.node) + " answers at " + survivor.where + " and is led by " + name(*survivor.leader) +
           ": the cluster goes on without this node, and nothing is to be recovered. Start this node; if its disk is "
           "bad, over an empty directory";
  }
  const Survivor& own = survivors.front();
  if (!own.last) return own.trouble;
  if (force) return {};
  const Survivor* best = best_of(survivors);
  if (best != nullptr && *best->last > *own.last) {
    return "the best survivor is " + name(best->node) + ", with the log up to " + entry(*best->last) +
           ": recover that one (--force: this one all the same)";
  }
  if (const Survivor* longer = longer_than(*own.last, survivors)) {
    return name(longer->node) + " runs and has the log up to " + entry(*longer->last) +
           ", further than this one: stop it and look again (--force: this one all the same)";
  }
  return {};
}

bool typed(const RecoverOptions& options) {
  if (!options.words.empty()) return options.words == recover_words;
  std::fprintf(stderr, "What only the lost nodes held is lost for good. Type: %s\n> ", recover_words);
  std::string line;
  std::getline(std::cin, line);
  return line == recover_words;
}

void print(const RecoverOptions& options, const std::string& data, const node::Recovered& recovered) {
  if (options.json) {
    json::object result;
    result["data"] = data;
    result["node"] = options.id;
    result["index"] = recovered.last.index.value;
    result["term"] = recovered.last.term.value;
    result["committed"] = recovered.committed.value;
    result["cluster"] = recovered.now.cluster.value;
    result["generation"] = recovered.now.generation.value;
    result["kept"] = recovered.kept;
    std::printf("%s\n", json::serialize(result).c_str());
    return;
  }
  std::printf("Node %u goes on alone, in a new cluster, with all up to %s (known as committed: %llu)\n", options.id,
              entry(recovered.last).c_str(), static_cast<unsigned long long>(recovered.committed.value));
  std::printf("cluster     %016llx (before: %016llx)\n",
              static_cast<unsigned long long>(recovered.now.cluster.value),
              static_cast<unsigned long long>(recovered.before.cluster.value));
  std::printf("generation  %llu (before: %llu)\n", static_cast<unsigned long long>(recovered.now.generation.value),
              static_cast<unsigned long long>(recovered.generation_before.value));
  std::printf("What was before is written in %s\n", recovered.kept.c_str());
  std::printf("Start it:   parley node --config %s --id %u\n", options.config_file.c_str(), options.id);
  if (recovered.now.members.members.size() < 2) return;
  std::printf("Then move the other nodes' data directories aside and start them over empty ones: they are sent "
              "everything and become voters by themselves.\n");
}

}  // namespace

int recover_command(const RecoverOptions& options) {
  const auto config = node::load_cluster_config(options.config_file);
  if (!config.ok()) return complain(config.error().message, exit_wrong);
  const node::NodeConfig* self = config->find(NodeId(options.id));
  if (self == nullptr) {
    return complain("there is no node " + std::to_string(options.id) + " in " + options.config_file, exit_wrong);
  }
  const std::string data = options.data.empty() ? self->data : options.data;
  const auto survivors = survey(*config, self->id, data);
  const std::string wrong = objection(survivors, options.force);
  if (!wrong.empty()) return complain(wrong, exit_failed);
  show(survivors);
  if (!typed(options)) return complain("those were not the words; nothing was changed", exit_failed);
  store::PosixDisk disk(data);
  net::SystemEntropy entropy;
  store::LogOptions log_options;
  log_options.segment_bytes = config->log_segment_bytes;
  const auto recovered = node::recover_directory(disk, self->id, entropy, log_options);
  if (!recovered.ok()) return complain(recovered.error().message, exit_failed);
  print(options, data, *recovered);
  return 0;
}

}  // namespace parley::cli
