#include "node/pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "node/pulse.hpp"
#include "node/status.hpp"

namespace parley::node {
namespace {

class Text {
 public:
  void family(std::string_view metric, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(text_), "# HELP {0} {1}\n# TYPE {0} {2}\n", metric, help, type);
  }
  void value(std::string_view metric, std::uint64_t number, std::string_view labels = {}) {
    fmt::format_to(std::back_inserter(text_), "{}{} {}\n", metric, labels, number);
  }
  void value(std::string_view metric, milliseconds time, std::string_view labels) {
    fmt::format_to(std::back_inserter(text_), "{}{} {}\n", metric, labels, time.count());
  }
  void gauge(std::string_view metric, std::string_view help, std::uint64_t number) {
    family(metric, "gauge", help);
    value(metric, number);
  }
  void counter(std::string_view metric, std::string_view help, std::uint64_t number) {
    family(metric, "counter", help);
    value(metric, number);
  }
  void histogram(std::string_view metric, std::string_view help, const TimeHistogram& times) {
    family(metric, "histogram", help);
    const auto seconds = [](Duration time) { return std::chrono::duration<double>(time).count(); };
    const std::string bucket = fmt::format("{}_bucket", metric);
    for (std::size_t i = 0; i < TimeHistogram::bounds.size(); ++i) {
      value(bucket, times.at_most(i), fmt::format("{{le=\"{}\"}}", seconds(TimeHistogram::bounds[i])));
    }
    value(bucket, times.count(), "{le=\"+Inf\"}");
    fmt::format_to(std::back_inserter(text_), "{}_sum {:.6f}\n", metric, seconds(times.sum()));
    value(fmt::format("{}_count", metric), times.count());
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

// R14: where there is no median, or a clock is wrong, expiry and retention are not to be relied on.
void clock_metrics(Text& out, const raft::Status& status) {
  if (status.role != raft::Role::leader) return;
  out.gauge("parley_clock_median", "Leader: 1 if the clocks of a majority are known", status.clock_median ? 1 : 0);
  out.family("parley_clock_ahead_ms", "gauge", "Leader: how far another node's clock is ahead of its own");
  for (const auto& peer : status.peers) {
    if (!peer.clock_ahead) continue;
    out.value("parley_clock_ahead_ms", *peer.clock_ahead, fmt::format("{{node=\"{}\"}}", peer.id.node.value));
  }
}

void consensus_metrics(Text& out, const Services& services) {
  const auto status = services.replication->status();
  out.family("parley_role", "gauge", "1 for the role this node has");
  for (const auto role : {raft::Role::follower, raft::Role::pre_candidate, raft::Role::candidate, raft::Role::leader}) {
    out.value("parley_role", status.role == role ? 1 : 0, fmt::format("{{role=\"{}\"}}", name(role)));
  }
  out.gauge("parley_term", "Current term", status.term.value);
  const auto leader = status.leader.value_or(NodeId{});
  out.gauge("parley_leader", "Node id of the leader as known here, 0 for none", leader.value);
  out.gauge("parley_commit_index", "Highest index known to be committed", status.commit_index.value);
  out.gauge("parley_last_index", "Highest index in the log", status.last_index.value);
  out.gauge("parley_persisted_index", "Highest index synced to this node's disk", status.persisted_index.value);
  out.counter("parley_elections_total", "Elections started by this node since its start", status.elections_started);
  out.counter("parley_leaderships_total", "Times this node became leader since its start", status.leaderships);
  clock_metrics(out, status);
  const auto copies = copies_of(services, status);
  out.gauge("parley_voters", "Voters in the configuration", copies.voters);
  out.gauge("parley_voters_connected", "Voters that this node hears, itself included", copies.connected);
  out.gauge("parley_learners", "Members that receive the log and count for nothing", copies.learners);
  out.gauge("parley_copies", "Leader: voters that hold all that is committed", copies.copies);
  out.gauge("parley_failure_bearable", "1 if one more voter may fail", copies.bearable ? 1 : 0);
  if (!copies.bearable && copies.bearable_in) {
    out.gauge("parley_failure_bearable_in_ms", "Leader: when it will be, if it is not now and that is known",
              static_cast<std::uint64_t>(copies.bearable_in->count()));
  }
  if (const auto scrub = services.replication->scrub()) {
    out.counter("parley_scrubs_total", "Times that everything on the disk was read again", scrub->passes);
    out.counter("parley_scrub_damage_total", "Damaged places found by that", scrub->damage_found);
    out.counter("parley_scrub_mended_total", "Damaged places of the log replaced", scrub->damage_mended);
  }
  if (const auto space = services.replication->space()) {
    out.gauge("parley_disk_free_bytes", "Free where the data directory is", space->free_bytes);
    out.gauge("parley_disk_short", "1 if that is too little to lead with", space->is_short ? 1 : 0);
  }
  if (const Pulse* pulse = services.replication->pulse()) {
    out.histogram("parley_log_write_seconds", "A batch of the log written and synced", pulse->log_writes());
    out.histogram("parley_woken_late_seconds", "How late this node's election timer woke it", pulse->lateness());
  }
  const auto fetched = services.replication->snapshot_fetched().value_or(SnapshotView{});
  out.gauge("parley_snapshot_fetched_bytes", "Of another node's archive that this one fetches", fetched.bytes);
  out.gauge("parley_snapshot_total_bytes", "How large that archive is, 0: none is fetched", fetched.total);
  out.counter("parley_snapshot_sent_bytes_total", "Of this node's archive sent to others",
              services.replication->snapshot_bytes_sent());
  const auto digests = services.replication->digests();
  out.counter("parley_digests_compared_total", "Digests of other nodes compared with this one's", digests.compared);
  out.counter("parley_digests_differed_total", "Of these, not equal: the nodes have diverged", digests.differed);
  const auto age = staleness(services);
  out.gauge("parley_stale", "1 if reads are marked stale", age ? 1 : 0);
}

void machine_metrics(Text& out, const Services& services) {
  out.gauge("parley_applied_index", "Highest index applied to the state", services.applier.applied().value);
  out.gauge("parley_archived_index", "Highest index committed to the archive", services.archiver.archived().value);
  out.gauge("parley_checkpoint_index", "Highest index in a synced archive", services.archiver.checkpointed().value);
  out.gauge("parley_archive_lag_entries", "Entries applied but not archived", services.archiver.lag());
  out.counter("parley_archive_transactions_total", "Transactions of the archive", services.archiver.transactions());
  if (const auto expires = services.seams.network.certificate_expires()) {
    out.gauge("parley_certificate_expires_seconds", "When this node's certificate expires, in seconds since 1970",
              static_cast<std::uint64_t>(std::max<std::int64_t>(expires->ms, 0) / 1000));
  }
  out.gauge("parley_sessions", "Client connections", services.sessions.count());
  out.gauge("parley_accounts_online", "Accounts logged in on this node", services.sessions.accounts().size());
  out.counter("parley_slow_readers_total", "Sessions cut off for reading too slowly", services.sessions.slow_readers());
  out.gauge("parley_proposals_pending", "Requests waiting to be committed", services.proposals.pending());
  out.counter("parley_proposals_resubmitted_total", "Requests handed to a leader again",
              services.proposals.resubmitted());
}

std::string_view word(Outcome outcome) {
  switch (outcome) {
    case Outcome::done:
      return "done";
    case Outcome::refused:
      return "refused";
    case Outcome::later:
      return "later";
    case Outcome::unknown:
      return "unknown";
    case Outcome::invalid:
      return "invalid";
  }
  return "invalid";
}

void request_metrics(Text& out, const Services& services) {
  out.family("parley_requests_total", "counter", "Requests answered, by method and outcome");
  for (const auto& [key, count] : services.requests) {
    out.value("parley_requests_total", count,
              fmt::format("{{method=\"{}\",outcome=\"{}\"}}", key.first, word(key.second)));
  }
}

}  // namespace

std::string metrics(const Services& services) {
  Text out;
  if (services.replication) consensus_metrics(out, services);
  machine_metrics(out, services);
  request_metrics(out, services);
  return out.take();
}

std::optional<net::HttpReply> page(const Services& services, std::string_view path) {
  net::HttpReply reply;
  if (path == "/healthz") {
    reply.body = "ok\n";
  } else if (path == "/readyz") {
    const auto reason = unready(services);
    reply.status = reason.empty() ? 200 : 503;
    reply.body = reason.empty() ? "ready\n" : reason + "\n";
  } else if (path == "/metrics") {
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    reply.body = metrics(services);
  } else {
    return std::nullopt;
  }
  return reply;
}

}  // namespace parley::node
