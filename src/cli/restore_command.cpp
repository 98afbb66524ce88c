#include <boost/json/serialize.hpp>
#include <cstdio>
#include <filesystem>

#include "cli/backup_command.hpp"
#include "cli/complaint.hpp"
#include "cli/json_fields.hpp"
#include "net/system_entropy.hpp"
#include "node/restore.hpp"
#include "store/posix_disk.hpp"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

int complain(const std::string& message, int code) { return cli::complain("restore", message, code); }

void print_json(const RestoreOptions& options, const std::string& data, const node::Restored& restored) {
  json::object result;
  result["data"] = data;
  result["node"] = options.id;
  result["cluster"] = restored.cluster.value;
  result["generation"] = restored.generation.value;
  result["index"] = restored.from.copy.applied.index.value;
  result["backed_up_cluster"] = restored.from.cluster.value;
  result["backed_up_generation"] = restored.from.generation.value;
  std::printf("%s\n", json::serialize(result).c_str());
}

void print(const RestoreOptions& options, const std::string& data, const node::Restored& restored) {
  std::printf("%s is the data directory of node %u in a new cluster, with all up to index %llu\n", data.c_str(),
              options.id, static_cast<unsigned long long>(restored.from.copy.applied.index.value));
  std::printf("cluster     %016llx (backed up: %016llx)\n", static_cast<unsigned long long>(restored.cluster.value),
              static_cast<unsigned long long>(restored.from.cluster.value));
  std::printf("generation  %llu (backed up: %llu)\n", static_cast<unsigned long long>(restored.generation.value),
              static_cast<unsigned long long>(restored.from.generation.value));
  std::printf("Start it:   parley node --config %s --id %u\n", options.config_file.c_str(), options.id);
  if (restored.members.members.size() < 2) return;
  std::printf("Then start the other nodes over empty data directories, while none of the former cluster runs: they are "
              "sent everything and become voters by themselves.\n");
}

}  // namespace

int restore_command(const RestoreOptions& options) {
  const auto config = node::load_cluster_config(options.config_file);
  if (!config.ok()) return complain(config.error().message, exit_wrong);
  const node::NodeConfig* self = config->find(NodeId(options.id));
  if (self == nullptr) {
    return complain("there is no node " + std::to_string(options.id) + " in " + options.config_file, exit_wrong);
  }
  const std::string data = options.data.empty() ? self->data : options.data;
  const fs::path file = fs::absolute(options.file);
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return complain(options.file + " is not a file that can be read", exit_wrong);
  const bool was_there = fs::exists(data, error);
  net::SystemEntropy entropy;
  const auto restored = [&] {
    store::PosixDisk source(file.parent_path());
    store::PosixDisk disk(data);
    return node::restore_directory(disk, *config, self->id, source, file.filename().string(), entropy);
  }();
  if (!restored.ok()) {
    if (!was_there) {   // nothing but the lock file is left in it
      fs::remove(fs::path(data) / "lock", error);
      fs::remove(fs::path(data) / "log", error);
      fs::remove(data, error);
    }
    return complain(restored.error().message, exit_failed);
  }
  if (options.json) print_json(options, data, *restored);
  else print(options, data, *restored);
  return 0;
}

}  // namespace parley::cli
