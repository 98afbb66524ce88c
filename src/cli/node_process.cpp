#include "cli/node_process.hpp"

#include <boost/asio/co_spawn.hpp>
#include <cerrno>
#include <csignal>
#include <unistd.h>
#include <cstdlib>
#include <exception>
#include <utility>

#include "cli/complaint.hpp"
#include "net/spawn.hpp"
#include "node/status.hpp"
#include "store/vfs.hpp"

namespace parley::cli {
namespace {

namespace asio = boost::asio;

constexpr auto readiness_interval = std::chrono::milliseconds(100);
constexpr auto stop_patience = std::chrono::seconds(10);   // then the process ends as in a crash, which harms nothing
constexpr unsigned end_patience_seconds = 10;              // likewise, for a life that a full disk ends

// A job that hangs in the kernel, or a name that is being resolved, can't be ended from outside (signal-safety(7)).
extern "C" void end_at_once(int) {
  constexpr char words[] = "parley: what is under way does not end in time; the process ends\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, words, sizeof(words) - 1);
  std::_Exit(exit_failed);
}

}  // namespace

std::string advice(const store::DiskError& failure) {
  switch (failure.error_number()) {
    case EIO:
      return ". The disk fails: look into the kernel's log. Start the node again, over an empty directory on another "
             "disk if this comes again: the others fill it";
    case EROFS:
      return ". The file system can only be read, perhaps since it failed: look into the kernel's log, mount it for "
             "writing, and start the node again";
    case EACCES:
    case EPERM: return ". Who runs the node must be allowed to read and write there";
    case EMFILE:
    case ENFILE: return ". Too many files are open: raise the limit (ulimit -n, LimitNOFILE)";
    default: return "";
  }
}

NodeProcess::NodeProcess(node::ClusterConfig config, const node::NodeConfig& self, net::PeerSecurity security,
                         node::ClusterCertificates* certificates, node::Logger& logger, const ServiceManager& manager)
    : clock_(io_.get_executor()),
      network_(io_.get_executor(), std::move(security)),
      disk_(self.data),
      logger_(logger),
      signals_(io_, SIGINT, SIGTERM),
      patience_(io_),
      readiness_(io_),
      manager_(manager),
      config_(std::move(config)),
      id_(self.id) {
  if (certificates != nullptr) watch(*certificates);
}

// Threads first: their jobs lie in the frames. Then the frames: they refer to the node. Until then its ports and links
// stay open, and the others wait: so not for long.
NodeProcess::~NodeProcess() {
  std::signal(SIGALRM, end_at_once);
  ::alarm(end_patience_seconds);
  workers_.stop();
  io_.end_everything();
  node_.reset();
  static_cast<void>(store::Vfs::take_failure());   // what SQLite met while it closed belongs to this life alone
  ::alarm(0);
}

int NodeProcess::run() {
  const node::Seams seams{io_.get_executor(), clock_, network_, workers_, entropy_, hasher_, disk_, logger_};
  auto opened = node::Node::open(seams, config_, id_, node::make_machine);
  if (!opened.ok()) {
    logger_.error("not_started", opened.error().message);
    return exit_failed;
  }
  node_ = std::move(*opened);
  wait_for_signal();
  if (manager_.wants_to_know()) watch_readiness();
  if (certificate_watch_) net::spawn(io_.get_executor(), certificate_watch_->watch_loop());
  asio::co_spawn(io_, node_->run(), [this](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
    signals_.cancel();
    patience_.cancel();
    readiness_.cancel();
    if (certificate_watch_) certificate_watch_->stop();
  });
  run_loops();
  logger_.info("stopped", "stopped");
  return 0;
}

// A dead loop is a dead node. After a failed write or sync nobody knows what is on the disk (RELIABILITY.md section 3),
// so nothing is tidied up: the log is read afresh at the next start, as after a crash. If it was for want of space,
// that start is this process's own business (decision 0026).
void NodeProcess::run_loops() {
  std::string words;
  try {
    io_.run();
    return;
  } catch (const store::DiskError& failure) {
    if (failure.is_full() && !stopping_) {
      logger_.error("disk_full", failure.what() + std::string("; this node takes no part from now on"));
      throw;
    }
    words = failure.what() + advice(failure);
  } catch (const std::exception& failure) {
    words = failure.what();
  }
  logger_.error("failed", words + "; the node ends");
  std::_Exit(exit_failed);
}

// Those of the former life, if there was one, may have been renewed in it.
void NodeProcess::watch(node::ClusterCertificates& certificates) {
  network_.use(certificates.in_use());
  certificate_watch_ = std::make_unique<node::CertificateWatch>(
      clock_, workers_, logger_, certificates, [this](const net::Certified& renewed) { network_.use(renewed); });
}

// The service manager hears why this node does not serve yet, and once that it does.
void NodeProcess::watch_readiness() {
  const bool swapping = node_->between_lives();
  auto reason = swapping ? std::string("another node's archive is taken over")
                         : node::unready(node_->machine().services());
  if (reason.empty()) return manager_.tell("READY=1\nSTATUS=serves");
  if (reason != reason_) manager_.tell("STATUS=" + reason);
  reason_ = std::move(reason);
  readiness_.expires_after(readiness_interval);
  readiness_.async_wait([this](boost::system::error_code cancelled) {
    if (!cancelled) watch_readiness();
  });
}

void NodeProcess::wait_for_signal() {
  signals_.async_wait([this](boost::system::error_code cancelled, int number) {
    if (cancelled) return;
    if (stopping_) std::_Exit(128 + number);   // asked twice: at once
    stopping_ = true;
    logger_.info("stopping", number == SIGTERM ? "stopping (SIGTERM)" : "stopping (SIGINT)");
    readiness_.cancel();
    manager_.tell("STOPPING=1\nSTATUS=stops");
    node_->stop();
    patience_.expires_after(stop_patience);
    patience_.async_wait([this](boost::system::error_code in_time) {
      if (in_time) return;
      logger_.error("stop_patience", "did not stop in time; ending at once");
      std::_Exit(exit_failed);
    });
    wait_for_signal();
  });
}

}  // namespace parley::cli
