#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/autopilot_loop.hpp"
#include "node/birth.hpp"
#include "node/compactor.hpp"
#include "node/digest_marks.hpp"
#include "node/driver.hpp"
#include "node/forward.hpp"
#include "node/link.hpp"
#include "node/membership.hpp"
#include "node/peer.hpp"
#include "node/peer_acceptor.hpp"
#include "node/replication.hpp"
#include "node/scrubber.hpp"
#include "node/snapshot_fetcher.hpp"
#include "node/snapshot_post.hpp"
#include "node/snapshot_source.hpp"
#include "node/space_watch.hpp"
#include "store/archive.hpp"

namespace parley::node {

// What the consensus side is made from: the configuration and what was found in the data directory.
struct ReplicationParts {
  ClusterConfig config;
  NodeConfig self;
  store::Identity identity;
  store::WriteAheadLog* log = nullptr;   // outlives the Replication
  raft::Durable durable;
  store::ArchivePosition archived;       // what the state machine has applied already
  store::Archive* archive = nullptr;     // what peers that lack too much get copies of; outlives the Replication
  std::function<Index()> checkpointed;   // see Machine
  std::function<std::size_t()> min_voters;   // the replicated setting, as applied here; null: 1
  std::function<void(raft::EntryId)> snapshot_prepared;   // see SnapshotPost: the node has to begin anew with it
  std::function<void()> set_aside;       // the data directory can't be gone on with: the node begins anew without it
  bool unfilled = false;                 // the data directory was begun anew, and this was no voter since
  std::function<bool(const std::string&)> archive_damaged;   // see Machine::met_damage
};

raft::Options raft_options(const ClusterConfig& config);

// Replication over real links: wires consensus (Driver), links (Peer, PeerAcceptor), forwarding and the birth together.
class ReplicationNode final : public Replication, private LinkOwner, private DriverOwner, private SnapshotPost {
 public:
  ReplicationNode(Seams seams, ReplicationParts parts);

  Result<Nothing> listen();          // binds the peer port; before run()
  net::awaitable<void> run();        // until stop(), and until all its tasks have ended
  // A planned stop: tells the others, hands leadership over if this node has it, and returns when that is done or has
  // taken too long (departure_timeouts). What is asked for meanwhile waits for the next leader.
  net::awaitable<void> depart();
  void stop();                       // idempotent
  std::string peer_address() const { return acceptor_.local(); }
  // Whether the other voters that can be heard are a majority without this one: it may lose its disk. `also`: one that
  // is heard without a link.
  bool others_can_do_without(std::optional<ServerId> also = std::nullopt) const;

  // Replication
  net::awaitable<std::vector<raft::Entry>> next_committed() override;
  void applied(Index index) override;
  net::awaitable<Submitted> submit(SharedBytes command) override;
  net::awaitable<std::optional<Index>> read_index(TimePoint deadline) override;
  raft::Status status() const override;
  LeaderView leader() const override;
  Index persisted_index() const override;
  const raft::Consensus* consensus() const override { return driver_.started() ? &driver_.consensus() : nullptr; }
  const store::Identity& identity() const override { return identity_; }
  std::vector<NodeId> waiting_for() const override;
  bool connected(NodeId peer) const override;
  std::optional<QuorumView> quorum() const override;
  std::optional<ScrubView> scrub() const override;
  std::optional<SpaceView> space() const override { return space_.view(); }
  const Pulse* pulse() const override { return &driver_.pulse(); }
  std::optional<SnapshotView> snapshot_fetched() const override { return fetcher_.progress(); }
  std::optional<SnapshotView> snapshot_sent(NodeId to) const override { return source_.progress(to); }
  std::uint64_t snapshot_bytes_sent() const override { return source_.bytes_sent(); }
  net::awaitable<wire::MemberReply> administer(wire::MemberRequest request) override;
  void on_leader_change(std::function<void()> callback) override;
  void announce_presence(std::vector<std::uint64_t> accounts) override;
  std::vector<std::uint64_t> remote_presence() const override;
  void announce_digest(Index index, const Digest& chain) override;
  DigestView digests() const override { return {digest_marks_.compared(), digest_marks_.differed()}; }

 private:
  // replication_links.cpp: LinkOwner
  wire::Hello hello_to(NodeId peer) const override;
  Result<Nothing> accept_welcome(NodeId peer, const wire::Welcome& welcome) override;
  void link_up(NodeId peer, const wire::Welcome& welcome) override;
  void link_down(NodeId peer, const std::vector<std::uint64_t>& unsent) override;
  void connect_failed(NodeId peer, const net::ConnectResult& result) override;
  std::optional<raft::Message> message_for(ServerId peer) override;
  Greeting answer(const wire::Hello& hello) override;
  void inbound_up(const wire::Hello& hello) override;
  void inbound_down(ServerId from) override;
  void arrived(const wire::Hello& hello, wire::PeerFrame frame) override;
  void arrived_forward(ServerId from, const wire::Forward& forward);
  bool is_other_incarnation(ServerId server) const;
  bool is_member(ServerId server) const;   // by the latest configuration in the log, as this very incarnation
  void say_not_a_member(ServerId server);

  // replication_members.cpp
  std::string told_not_a_member(NodeId by, const wire::NotAMember& frame) override;
  std::optional<Greeting> answer_to_stranger(const wire::Hello& hello) const;
  std::optional<Greeting> answer_to_rolled_back(const wire::Hello& hello) const;
  std::string told_rolled_back(NodeId by, const wire::RolledBack& frame) override;
  std::string told_of_lost_vote(const wire::RolledBack& frame);
  void give_up_directory(const std::string& why);
  Index log_end() const;
  bool is_stranger(ServerId server) const;
  void meet(const wire::Hello& hello);
  std::vector<std::string> addresses_of(const raft::Member& member) const;   // best first
  wire::NotAMember not_a_member() const;
  void configuration_committed() override;
  void tell_stranger(NodeId to);
  net::awaitable<void> note_filled();

  // replication_address.cpp
  net::awaitable<void> address_loop();
  net::awaitable<bool> is_told_where_it_is();
  void say_differences(const raft::Configuration& members);

  // replication_digests.cpp
  void heard_digest(ServerId from, const wire::StateDigest& digest);
  void compare_digests();

  // replication_space.cpp
  void space_looked(bool changed);
  void tell_whether_short(NodeId to);
  void heard_of_space(ServerId from, const wire::DiskShort& frame);
  bool leads_short_of_space() const;
  bool has_no_space_for(const SharedBytes& command) const;

  // replication_departure.cpp
  bool led_out(bool& led);
  bool promote_successor(const raft::Status& status);
  bool told(const std::map<NodeId, std::uint64_t>& said) const;

  // replication_birth.cpp
  net::awaitable<void> birth_loop();
  net::awaitable<void> found(Birth::Found decision);
  net::awaitable<void> adopt(Birth::Adopt decision);
  net::awaitable<void> join(Birth::Join decision);
  net::awaitable<void> begin_log(raft::PersistBatch batch, store::Identity identity);
  void start_consensus();
  void say_whom_we_wait_for();
  net::awaitable<void> place_loop();

  // DriverOwner
  void look_at_peers() override;
  void status_changed(const raft::Status& status) override;
  void follow_configuration(const raft::Configuration& configuration);
  void snapshot_wanted(raft::SnapshotOffer offer) override { fetcher_.wanted(std::move(offer)); }

  // SnapshotPost
  bool post_to(NodeId to, wire::PeerFrame frame) override;
  void snapshot_prepared(raft::EntryId snapshot) override { prepared_(snapshot); }
  void archive_damaged(const std::string& what) override {
    if (archive_damaged_) static_cast<void>(archive_damaged_(what));
  }

  bool born() const { return identity_.cluster != ClusterId(); }
  ServerId self() const { return ServerId{identity_.node, identity_.incarnation}; }
  Peer* peer(NodeId id);
  const Peer* peer(NodeId id) const;
  Peer& add_peer(NodeId id);
  std::string describe(NodeId id) const;   // "node 2 at 127.0.0.1:7102"

  Seams seams_;
  ClusterConfig config_;
  NodeConfig self_config_;
  store::Identity identity_;
  store::WriteAheadLog& log_;
  raft::Durable durable_;           // until consensus starts with it
  store::ArchivePosition archived_;
  Digest founding_;

  TaskGroup tasks_;
  Driver driver_;
  Compactor compactor_;
  Scrubber scrubber_;
  SnapshotSource source_;
  SnapshotFetcher fetcher_;
  AutopilotLoop autopilot_;
  Membership membership_;
  SpaceWatch space_;
  std::set<ServerId> short_of_space_;   // who said so of itself, on a link that is up
  TimePoint led_since_ = long_ago;      // or this node has had another role since then
  std::unique_ptr<net::Alarm> departure_alarm_;
  store::Archive* archive_;
  std::function<void(raft::EntryId)> prepared_;
  std::function<void()> set_aside_;
  bool unfilled_;
  std::function<bool(const std::string&)> archive_damaged_;
  PeerAcceptor acceptor_;
  ForwardTable forwards_;
  std::map<NodeId, std::unique_ptr<Peer>> peers_;   // never removed while running
  std::map<ServerId, wire::Hello> callers_;          // on links that are up, whatever they are here
  std::map<ServerId, std::string> said_addresses_;   // of members, in their greetings; the others' are forgotten

  std::unique_ptr<net::Alarm> address_alarm_;
  bool differences_said_ = false;
  raft::ConfigurationPtr committed_before_;   // the latest that configuration_committed() has seen
  std::unique_ptr<net::Alarm> birth_alarm_;
  Birth birth_;
  std::optional<Birth::Decision> told_;   // by a Founded frame

  LeaderView leader_;
  raft::Role role_ = raft::Role::follower;
  raft::ConfigurationPtr configuration_;   // the latest in the log; null: none
  std::vector<std::function<void()>> leader_callbacks_;
  std::vector<std::uint64_t> presence_;
  std::map<NodeId, std::vector<std::uint64_t>> remote_presence_;
  DigestMarks digest_marks_;
  LogLimiter digest_lines_{milliseconds(5000)};
  struct LinkLines {   // a line for each link that comes or goes, but few while it flaps
    LogLimiter downs{milliseconds(5000)};
    bool said_up = false;
    bool redialling = false;   // by this node itself, after its birth
  };
  std::map<NodeId, LinkLines> link_lines_;
  bool running_ = false;
  bool stopping_ = false;
};

}  // namespace parley::node
