#include "raft/invariants.hpp"

#include <algorithm>

namespace parley::raft {
namespace {

std::string at(EntryId id) {
  return "entry " + std::to_string(id.index.value) + " of term " + std::to_string(id.term.value);
}

bool same_content(const Content& one, const Content& other) {
  const auto* configuration = std::get_if<ConfigurationPtr>(&one);
  const auto* other_configuration = std::get_if<ConfigurationPtr>(&other);
  if (configuration == nullptr || other_configuration == nullptr) return one == other;
  return same(*configuration, *other_configuration);
}

}  // namespace

std::optional<std::string> Invariants::observe(ServerId id, const Consensus& server, const Status& status) {
  const Log& log = server.log();
  auto found = seen_.find(id);
  const bool first = found == seen_.end();
  if (first) {
    found = seen_.emplace(id, Seen{}).first;
    found->second.base = log.base().index;
  }
  Seen& seen = found->second;

  Broken broken = check_server(id, server, status);
  if (!broken && !first) broken = check_delta(seen, server, status);
  const bool leads = status.role == Role::leader;
  const bool leads_on = leads && seen.role == Role::leader && seen.hard_state.current_term == status.term;
  const Index committed_before = first ? log.base().index : seen.hard_state.commit_index;
  const bool base_is_known = !first && log.base().index == seen.base;
  if (!broken && !first) broken = follow_base(seen, log, leads_on);
  if (!broken) broken = check_log(seen, log, leads_on);
  if (!broken) broken = check_commit(std::max(committed_before, log.base().index), server);
  // It says the same again unless it moved, or more is known by which to judge it.
  const bool base_was_checked = base_is_known && seen.configurations_known == configurations_.size();
  if (!broken && !base_was_checked) broken = check_base(log, first);
  seen.configurations_known = configurations_.size();
  if (!broken && leads && !leads_on) broken = check_leader(id, server);

  seen.hard_state = server.hard_state();
  seen.role = status.role;
  seen.applied_index = status.applied_index;
  seen.transfer_closes = status.transfer_closes;
  seen.match_index.clear();
  for (const PeerStatus& peer : status.peers) seen.match_index.emplace_back(peer.id, peer.match_index);
  if (broken) *broken = "server " + std::to_string(id.node.value) + ": " + *broken;
  return broken;
}

Invariants::Broken Invariants::check_server(ServerId id, const Consensus& server, const Status& status) {
  const Log& log = server.log();
  const HardState hard_state = server.hard_state();
  if (status.commit_index > log.last_index()) return "commit_index is beyond the log";
  if (status.commit_index < log.base().index) return "the log begins above commit_index";
  if (status.persisted_index > log.last_index()) return "persisted_index is beyond the log";
  if (status.applied_index < log.base().index) return "the log begins above applied_index (catalogue 28)";
  if (status.applied_index > status.commit_index) return "applied_index is beyond commit_index (catalogue 34)";
  if (hard_state.current_term < log.last_id().term) return "the log holds an entry of a later term";
  const bool campaigns = status.role == Role::candidate || status.role == Role::leader;
  if (campaigns && hard_state.voted_for != id) return "it campaigns or leads without its own vote";
  if (status.role != Role::leader) return std::nullopt;
  if (log.last_id().term != status.term) return "a leader without an entry of its term";
  if (auto broken = check_changes(log, status.commit_index)) return broken;
  for (const PeerStatus& peer : status.peers) {
    if (peer.match_index >= peer.next_index) return "match_index >= next_index (catalogue 10)";
    if (peer.next_index > log.last_index().next()) return "next_index is beyond the log's end";
    if (peer.next_index <= log.base().index) return "next_index is at or below the log's base";
    if (peer.needs_snapshot && peer.match_index >= log.base().index) return "a snapshot for a peer that needs none";
    if (peer.snapshot_offered > Index(0) && peer.snapshot_offered < log.base().index) {
      return "a snapshot is offered from which the log does not go on";
    }
  }
  return std::nullopt;
}

// One change that is not committed, or one that its own leader took back: then what holds is what held before it.
Invariants::Broken Invariants::check_changes(const Log& log, Index committed) {
  const std::size_t uncommitted = log.configurations_above(committed);
  if (uncommitted < 2) return std::nullopt;
  const Index latest = log.configuration_index();
  const Index change = log.configuration_index_at(latest.previous());
  const bool one_leader = log.term_at(change) == log.term_at(latest);
  const bool taken_back = uncommitted == 2 && same(log.configuration(), log.configuration_at(committed)) && one_leader;
  if (!taken_back) return "two uncommitted configurations (catalogue 20)";
  return std::nullopt;
}

Invariants::Broken Invariants::check_delta(const Seen& before, const Consensus& server, const Status& status) {
  const HardState now = server.hard_state();
  const HardState& then = before.hard_state;
  if (now.current_term < then.current_term) return "the term went back (catalogue 2)";
  if (now.commit_index < then.commit_index) return "commit_index went back";
  if (status.applied_index < before.applied_index) return "applied_index went back";
  if (now.current_term != then.current_term) return std::nullopt;
  if (then.voted_for && now.voted_for != then.voted_for) return "a second vote in one term";
  if (before.role != Role::leader || status.role != Role::leader) return std::nullopt;
  if (before.transfer_closes && status.transfer_closes && status.last_index > before.last_index()) {
    return "a leader took a proposal in the last moments of a hand-over (catalogue 25)";
  }
  // What is committed in one step and applied in the same came with a snapshot.
  const bool installed = now.commit_index == status.applied_index;
  if (now.commit_index > then.commit_index && !installed &&
      server.log().term_at(now.commit_index) != now.current_term) {
    return "a leader committed an entry of an earlier term by counting (paper 5.4.2, catalogue 1)";
  }
  return check_matches(before, status);
}

Invariants::Broken Invariants::check_matches(const Seen& before, const Status& status) {
  for (const PeerStatus& peer : status.peers) {
    const bool back = std::any_of(before.match_index.begin(), before.match_index.end(), [&](const auto& known) {
      return known.first == peer.id && peer.match_index < known.second;
    });
    if (back) return "match_index went back";
  }
  return std::nullopt;
}

// Log Matching: "if two logs contain an entry with the same index and term, then the logs are identical in all entries
// up through the given index". Equivalent, and cheap to check: an entry of that index and term has the same content
// and the same predecessor wherever it stands. Only what is new in this log is looked at.
Invariants::Broken Invariants::check_log(Seen& seen, const Log& log, bool leads_on) {
  const Index last_before = seen.last_index();
  Index same = std::min(last_before, log.last_index());
  while (same > seen.base && seen.term_at(same) != *log.term_at(same)) same = same.previous();
  if (same < last_before) {
    if (leads_on) return "a leader overwrote or deleted entries: Leader Append-Only";
    if (same < seen.hard_state.commit_index) return "a committed entry changed (catalogue 9)";
    seen.terms.resize(static_cast<std::size_t>(same - seen.base));
  }
  for (Index index = same.next(); index <= log.last_index(); ++index) {
    const Entry& entry = log.at(index);
    const EntryId before{*log.term_at(index.previous()), index.previous()};
    if (entry.id.index != index) return at(entry.id) + " stands at index " + std::to_string(index.value);
    if (entry.id.term < before.term) return "terms fall along the log at " + at(entry.id);
    const bool first_held = before.index == log.base().index;
    if (entry.time < (first_held ? log.base_time() : log.at(before.index).time)) {
      return "log time falls at " + at(entry.id);
    }
    const auto [known, is_new] = entries_.try_emplace(entry.id, Known{before, entry.time, entry.content});
    const Known& other = known->second;
    if (!is_new && (other.before != before || other.time != entry.time ||
                    !same_content(other.content, entry.content))) {
      return "another " + at(entry.id) + " is known: Log Matching (catalogue 8)";
    }
    seen.terms.push_back(entry.id.term);
  }
  return std::nullopt;
}

// The base moved up. Either by compaction, or because a snapshot's entry was here already: then the prefix goes and
// nothing else; unless a leader's entries took the place of others above it before anybody looked (a server that stood
// still has much to do in one step): check_log sees to those. Or a snapshot took the log's place (Figure 13, "discard
// the entire log"): then nothing else is left.
Invariants::Broken Invariants::follow_base(Seen& seen, const Log& log, bool leads_on) {
  const EntryId base = log.base();
  if (base.index == seen.base) return std::nullopt;
  if (base.index < seen.base) return "the base went back";
  if (base.index <= seen.last_index() && seen.term_at(base.index) == base.term) {
    const Index last = log.last_index();
    const bool cut = last < seen.last_index();
    const bool replaced = cut && last > base.index && log.term_at(last) != seen.term_at(last);
    if (cut && !replaced) return "a suffix of the same history went (catalogue 27)";
    seen.terms.erase(seen.terms.begin(), seen.terms.begin() + static_cast<std::ptrdiff_t>(base.index - seen.base));
  } else {
    if (leads_on) return "a leader's log was replaced: Leader Append-Only";
    if (base.index <= seen.hard_state.commit_index) return "a snapshot replaced a committed entry (catalogue 26)";
    if (log.last_index() > base.index) return "a suffix of another history stands on a snapshot (catalogue 27)";
    seen.terms.clear();
  }
  seen.base = base.index;
  return std::nullopt;
}

// What is below the base was committed, and with it the latest configuration there (catalogue 22). A base that is there
// from the start is believed.
Invariants::Broken Invariants::check_base(const Log& log, bool first) {
  const LogBase base = log.base_at(log.base().index);
  if (base.id.index == Index(0)) return std::nullopt;
  if (first && !committed_.contains(base.id.index)) {
    committed_.emplace(base.id.index, Committed{base.id, base.id.term});
    configurations_.emplace(base.configuration_index, base.configuration);
  }
  const auto committed = committed_.find(base.id.index);
  if (committed == committed_.end()) return "the log begins above " + at(base.id) + ", which nobody committed";
  if (committed->second.id != base.id) {
    return "the log begins above " + at(base.id) + " where " + at(committed->second.id) + " is committed";
  }
  const auto known = entries_.find(base.id);
  if (known != entries_.end() && known->second.time != base.time) return "the base has another log time than its entry";
  const auto above = configurations_.upper_bound(base.id.index);
  if (above != configurations_.begin() && !same(std::prev(above)->second, base.configuration)) {
    return "the base carries another configuration than the latest committed one below it (catalogue 22)";
  }
  return std::nullopt;
}

std::optional<Term> Invariants::committed_term(Index index) const {
  const auto found = committed_.find(index);
  if (found == committed_.end()) return std::nullopt;
  return found->second.id.term;
}

// State Machine Safety: "if a server has applied a log entry at a given index to its state machine, no other server
// will ever apply a different log entry for the same index".
Invariants::Broken Invariants::check_commit(Index from, const Consensus& server) {
  const Log& log = server.log();
  const HardState hard_state = server.hard_state();
  for (Index index = from.next(); index <= hard_state.commit_index; ++index) {
    const EntryId id{*log.term_at(index), index};
    const auto [known, is_new] = committed_.try_emplace(index, Committed{id, hard_state.current_term});
    if (!is_new && known->second.id != id) {
      return at(id) + " is committed where " + at(known->second.id) + " was: State Machine Safety";
    }
    const auto* configuration = std::get_if<ConfigurationPtr>(&log.at(index).content);
    if (configuration != nullptr) configurations_.emplace(index, *configuration);
  }
  return std::nullopt;
}

// Election Safety: "at most one leader can be elected in a given term". Leader Completeness: "if a log entry is
// committed in a given term, then that entry will be present in the logs of the leaders for all higher-numbered terms".
Invariants::Broken Invariants::check_leader(ServerId id, const Consensus& server) {
  const Term term = server.hard_state().current_term;
  const auto [leader, is_new] = leaders_.try_emplace(term, id);
  if (!is_new && leader->second != id) return "a second leader of term " + std::to_string(term.value);
  const auto earlier = std::find_if(committed_.rbegin(), committed_.rend(),
                                    [&](const auto& entry) { return entry.second.by < term; });
  if (earlier == committed_.rend()) return std::nullopt;
  // By Log Matching the latest such entry stands for all before it.
  const EntryId wanted = earlier->second.id;
  if (wanted.index < server.log().base().index || server.log().term_at(wanted.index) == wanted.term) {
    return std::nullopt;
  }
  return "leads term " + std::to_string(term.value) + " without committed " + at(wanted) + ": Leader Completeness";
}

}  // namespace parley::raft
