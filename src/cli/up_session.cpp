#include "cli/up_session.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

// What a cluster keeps in its directory; nothing else is ever removed.
void remove_cluster_files(const fs::path& directory) {
  std::error_code failure;
  for (std::size_t id = 1; id <= local_nodes_max; ++id) {
    fs::remove_all(directory / ("node-" + std::to_string(id)), failure);
    fs::remove(directory / ("node-" + std::to_string(id) + ".log"), failure);
  }
  fs::remove(directory / "cluster_config.json", failure);
}

}  // namespace

ClusterDirectory::Taken ClusterDirectory::take(const UpOptions& options) {
  Taken taken;
  taken.problem = Problem::other;
  std::unique_ptr<ClusterDirectory> self(new ClusterDirectory());
  fs::path directory = options.directory;
  if (options.temporary) {
    std::string pattern = (fs::temp_directory_path() / "parley-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      taken.message = "cannot make a temporary directory: " + std::string(std::strerror(errno));
      return taken;
    }
    directory = pattern;
    self->temporary_ = true;
    self->layout_.directory = directory;
  }
  std::error_code failure;
  fs::create_directories(directory, failure);
  const fs::path lock = directory / "up.lock";
  self->lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (self->lock_ < 0) {
    taken.message = "cannot use the directory " + fs::absolute(directory).string() + ": " + std::strerror(errno);
    return taken;
  }
  if (::flock(self->lock_, LOCK_EX | LOCK_NB) != 0) {
    taken.problem = Problem::in_use;
    taken.message = "the cluster in " + fs::absolute(directory).string() +
                    " is running already (another `parley up` or `./run` holds " + lock.filename().string() + ")";
    return taken;
  }
  if (options.fresh) remove_cluster_files(directory);
  LayoutOptions layout_options;
  layout_options.nodes = options.nodes;
  layout_options.prefer_default_ports = !options.temporary;
  auto layout = prepare_layout(directory, layout_options);
  if (!layout.ok()) {
    taken.message = layout.error().message;
    return taken;
  }
  self->layout_ = std::move(*layout);
  taken.problem = Problem::none;
  taken.directory = std::move(self);
  return taken;
}

ClusterDirectory::~ClusterDirectory() {
  if (lock_ >= 0) ::close(lock_);
  std::error_code ignored;
  if (temporary_) fs::remove_all(layout_.directory, ignored);
}

fs::path own_program() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored);
}

LeaderWatch::LeaderWatch(ClientSeams seams, std::vector<std::string> servers, std::function<void(std::string)> say)
    : say_(std::move(say)) {
  ClientOptions options;
  options.client_name = "parley up";
  options.receive = false;
  options.follow_leader = false;
  client_ = std::make_unique<Client>(seams, std::move(servers), options, *this);
}

void LeaderWatch::on_leader(const LeaderState& leader) {
  if (leader.node == last_) return;
  last_ = leader.node;
  say_(leader.node == 0 ? "no leader: waiting for an election" : "node " + std::to_string(leader.node) + " leads");
}

}  // namespace parley::cli
