#include "node/machine.hpp"

#include <stdexcept>
#include <utility>
#include <vector>

#include "node/machine_services.hpp"
#include "node/machine_token.hpp"
#include "node/methods.hpp"
#include "node/pages.hpp"
#include "node/session_notify.hpp"

namespace parley::node {
namespace {

constexpr milliseconds ready_attempt{5000};

class MachineImpl final : public Machine {
 public:
  MachineImpl(Seams seams, ClusterConfig cluster, NodeConfig self, std::unique_ptr<Applier> applier,
              store::Archive::Opened opened, Digest operator_token);

  Result<Nothing> listen() override;
  net::awaitable<void> run(Replication& replication) override;
  void retire() override { sessions_.retire(); }
  bool retired() const override { return sessions_.retired() && proposals_.pending() == 0; }
  void stop() override;
  void archive_is_replaced() override { archiver_.abandon(); }
  void on_damage(ArchiveDamageHandler handler) override { archiver_.on_damage(std::move(handler)); }
  bool met_damage(const std::string& what) override { return archiver_.met_damage(what); }
  std::string client_address() const override { return listener_ ? listener_->local() : std::string(); }
  Index checkpointed() const override { return archiver_.checkpointed(); }
  const Services& services() const override { return services_; }
  store::Archive& archive() override { return archiver_.archive(); }

 private:
  net::awaitable<void> ready_loop();
  void leader_changed();

  Seams seams_;
  const ClusterConfig cluster_;
  const NodeConfig self_;
  Tasks tasks_;
  std::unique_ptr<Applier> applier_;
  Recent recent_;
  Archiver archiver_;
  Reads reads_;
  Proposals proposals_;
  Sessions sessions_;
  Presence presence_;
  Markers markers_;
  Passwords passwords_;
  Backups backups_;
  Services services_;
  Methods methods_;
  CopiesWatch copies_watch_;
  std::unique_ptr<net::Listener> listener_;
  LeaderView told_;  // what the sessions know
};

MachineImpl::MachineImpl(Seams seams, ClusterConfig cluster, NodeConfig self, std::unique_ptr<Applier> applier,
                         store::Archive::Opened opened, Digest operator_token)
    : seams_(seams),
      cluster_(std::move(cluster)),
      self_(std::move(self)),
      tasks_(seams_.executor, seams_.clock),
      applier_(std::move(applier)),
      archiver_(seams_, std::move(opened.archive), std::move(opened.position), recent_,
                {cluster_.archive_lag_max, cluster_.archive_lag_bytes_max}, cluster_.checkpoint_interval),
      reads_(seams_, *applier_, archiver_, recent_),
      proposals_(seams_, tasks_),
      sessions_(seams_, tasks_, cluster_, *applier_),
      presence_(seams_, sessions_),
      markers_(seams_, *applier_, proposals_, sessions_),
      passwords_(seams_),
      backups_(seams_, archiver_, cluster_.disk_free_min_bytes()),
      services_{.seams = seams_,
                .cluster = cluster_,
                .self = self_,
                .tasks = tasks_,
                .applier = *applier_,
                .archiver = archiver_,
                .reads = reads_,
                .proposals = proposals_,
                .sessions = sessions_,
                .presence = presence_,
                .markers = markers_,
                .passwords = passwords_,
                .backups = backups_,
                .operator_token = operator_token,
                .started = seams_.clock.now()},
      methods_(services_),
      copies_watch_(services_) {
  archiver_.digest_by([this] { return applier_->state_digest(); });
}

Result<Nothing> MachineImpl::listen() {
  if (listener_) return success();
  net::HttpPages pages = [this](std::string_view path) { return page(services_, path); };
  auto listener = seams_.network.listen(net::Transport::client, self_.client.listen, std::move(pages));
  if (!listener) return listener.error();
  listener_ = std::move(*listener);
  return success();
}

net::awaitable<void> MachineImpl::run(Replication& replication) {
  if (const auto listening = listen(); !listening) throw std::runtime_error(listening.error().message);
  services_.replication = &replication;
  proposals_.start(replication);
  told_ = replication.leader();
  replication.on_leader_change([this] { leader_changed(); });
  // Whoever asked gets the answer before everybody is told of the event: logging out relies on it.
  std::vector<ApplyListener*> listeners;
  listeners.push_back(&proposals_);
  listeners.push_back(&sessions_);
  tasks_.spawn(applier_->apply_loop(replication, archiver_, std::move(listeners)));
  tasks_.spawn(archiver_.archive_loop(replication));
  tasks_.spawn(proposals_.deadline_loop());
  tasks_.spawn(sessions_.accept_loop(*listener_, methods_));
  tasks_.spawn(sessions_.housekeeping_loop());
  tasks_.spawn(presence_.presence_loop(replication));
  tasks_.spawn(markers_.marker_loop());
  tasks_.spawn(backups_.expiry_loop());
  tasks_.spawn(copies_watch_.watch_loop());
  tasks_.spawn(ready_loop());
  co_await tasks_.finished();
}

void MachineImpl::stop() {
  if (tasks_.stopping()) return;
  tasks_.stop();
  if (listener_) listener_->close();
  proposals_.stop();  // its answers go out before the farewell
  sessions_.stop();
  markers_.stop();
  presence_.stop();
  backups_.stop();
  copies_watch_.stop();
  archiver_.unblock();
}

// /readyz: once, after the start, all that was committed anywhere by then is applied here.
net::awaitable<void> MachineImpl::ready_loop() {
  while (!services_.ready && !tasks_.stopping()) {
    services_.ready = co_await catch_up(services_, ready_attempt);
  }
}

void MachineImpl::leader_changed() {
  proposals_.leader_changed();
  const auto view = services_.replication->leader();
  // A new term under the same leader is nothing that people need to know.
  if (view.leader == told_.leader && view.client_address == told_.client_address) return;
  told_ = view;
  if (view.leader != self_.id) services_.copies_told.reset();   // the leader alone knows
  sessions_.tell(leader_frame(view, services_.copies_told, services_.now()));
}

}  // namespace

Result<std::unique_ptr<Machine>> make_machine(Seams seams, const ClusterConfig& cluster, const NodeConfig& self,
                                              store::Archive::Opened opened) {
  auto applier = Applier::load(seams, opened.records, opened.position);
  if (!applier) return applier.error();
  auto token = load_operator_token(seams);
  if (!token) return token.error();
  std::unique_ptr<Machine> machine =
      std::make_unique<MachineImpl>(seams, cluster, self, std::move(*applier), std::move(opened), *token);
  return machine;
}

}  // namespace parley::node
