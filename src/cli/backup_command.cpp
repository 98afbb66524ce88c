#include "cli/backup_command.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>

#include "cli/backup_transfer.hpp"
#include "cli/complaint.hpp"
#include "net/steady_clock.hpp"
#include "net/system_entropy.hpp"
#include "net/tcp_network.hpp"
#include "store/posix_disk.hpp"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

int complain(const std::string& message, int code) { return cli::complain("backup", message, code); }

void show_progress(std::uint64_t bytes, std::uint64_t of) {
  constexpr std::uint64_t mib = 1024 * 1024;
  std::fprintf(stderr, "\r\033[K%llu of %llu MiB", static_cast<unsigned long long>(bytes / mib),
               static_cast<unsigned long long>((of + mib - 1) / mib));
}

void print(const BackupOptions& options, const BackupTaken& taken) {
  const auto& about = taken.about;
  if (options.json) {
    json::object result;
    result["file"] = options.file;
    result["from"] = taken.from;
    result["node"] = about.node.value;
    result["cluster"] = about.cluster.value;
    result["generation"] = about.generation.value;
    result["index"] = about.copy.applied.index.value;
    result["term"] = about.copy.applied.term.value;
    result["bytes"] = about.copy.bytes + store::backup_header_bytes;
    result["digest"] = about.copy.digest.hex();
    result["state"] = about.state.hex();
    result["chain"] = about.chain.hex();
    result["stale"] = taken.stale;
    std::printf("%s\n", json::serialize(result).c_str());
    return;
  }
  std::printf("%s: all up to index %llu, from node %u at %s\n", options.file.c_str(),
              static_cast<unsigned long long>(about.copy.applied.index.value), about.node.value, taken.from.c_str());
  std::printf("bytes   %llu\n", static_cast<unsigned long long>(about.copy.bytes + store::backup_header_bytes));
  std::printf("digest  %s\nstate   %s\n", about.copy.digest.hex().c_str(), about.state.hex().c_str());
  if (taken.stale) {
    std::printf("No leader could be reached: what was acknowledged lately may not be in it.\n");
  }
}

awaitable<void> run(ClientSeams seams, BackupPlan plan, store::Disk& disk,
                    std::optional<Result<BackupTaken>>& taken) {
  auto result = co_await take_backup(seams, std::move(plan), disk);
  taken.emplace(std::move(result));
}

}  // namespace

int backup_command(const BackupOptions& options) {
  const fs::path file = fs::absolute(options.file);
  std::error_code error;
  if (!fs::is_directory(file.parent_path(), error) || file.filename().empty()) {
    const std::string directory = file.parent_path().string();
    return complain(directory + " is not a directory, so " + options.file + " can't be made", exit_wrong);
  }
  if (fs::exists(file, error) && !options.force) {
    return complain(options.file + " exists already: give another name, or --force to replace it", exit_wrong);
  }
  DoorOptions where;
  where.servers = options.servers;
  where.token_file = options.token_file;
  where.config_file = options.config_file;
  auto doors = find_doors(where);
  if (!doors.ok()) return complain(doors.error().message, exit_wrong);

  BackupPlan plan;
  plan.doors = std::move(*doors);
  plan.name = file.filename().string();
  plan.replace = options.force;
  plan.patience = options.timeout;
  const bool shown = ::isatty(STDERR_FILENO) != 0;
  if (shown) plan.progress = show_progress;

  store::PosixDisk disk(file.parent_path());
  boost::asio::io_context context{1};
  net::SteadyClock clock(context.get_executor());
  net::TcpNetwork network(context.get_executor());
  net::SystemEntropy entropy;
  const ClientSeams seams{context.get_executor(), clock, network, entropy};
  std::optional<Result<BackupTaken>> taken;
  boost::asio::co_spawn(context, run(seams, std::move(plan), disk, taken), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  context.run();
  if (shown) std::fprintf(stderr, "\r\033[K");
  if (!taken->ok()) return complain(taken->error().message, exit_failed);
  print(options, **taken);
  return 0;
}

}  // namespace parley::cli
