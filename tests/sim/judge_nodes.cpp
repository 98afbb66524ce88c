#include "sim/judge_nodes.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "chat/tables.hpp"
#include "node/machine_services.hpp"

namespace parley::sim {
namespace {

std::string words(NodeId id) { return "node " + std::to_string(id.value); }

std::string words(const chat::MessageRow& row) {
  return "message " + std::to_string(row.id.value) + ", number " + std::to_string(row.number.value) +
         " of conversation " + std::to_string(row.conversation.value) + ", \"" + row.text.substr(0, 40) + "\"" +
         (row.edited ? " edited" : "") + (row.deleted ? " deleted" : "") + ", changed at " +
         std::to_string(row.changed_index.value);
}

// Every row, as a reader of this node would be given it.
std::map<chat::MessageId, chat::MessageRow> all_rows(const node::Services& services) {
  std::map<chat::MessageId, chat::MessageRow> rows;
  const auto reader = services.archiver.archive().reader();
  for (chat::MessageId after;;) {
    const auto page = reader->page(after, store::rows_max);
    if (page.empty()) break;
    after = page.back().id;
    for (const auto& row : page) rows[row.id] = row;
  }
  return rows;
}

}  // namespace

std::optional<std::string> NodeJudge::after_step(NodeId id, node::Node& node, bool& moved) {
  const auto& applier = node.machine().services().applier;
  raft::EntryId& known = applied_[id];
  const raft::EntryId applied = applier.applied_id();
  moved = applied != known;
  if (node.replication().digests().differed > 0) return words(id) + " says that the nodes have diverged";
  if (!moved) return std::nullopt;
  if (applied.index < known.index) return words(id) + " applied less than before";
  known = applied;
  if (applied.index > truth_.committed()) {
    return words(id) + " applied entry " + std::to_string(applied.index.value) + ", which is not committed";
  }
  if (applier.chain() == truth_.chain(applied.index)) return std::nullopt;
  return words(id) + " has another chain digest at " + std::to_string(applied.index.value) + " (R10, I10)";
}

std::optional<std::string> NodeJudge::look_at_limits(NodeId id, node::Node& node) const {
  const node::Services& services = node.machine().services();
  const auto over = [&](std::string_view what, std::size_t has, std::size_t most) -> std::optional<std::string> {
    if (has <= most) return std::nullopt;
    return words(id) + " holds " + std::to_string(has) + " " + std::string(what) + ", its limit is " +
           std::to_string(most) + " (I18)";
  };
  const auto& tables = services.applier.state().tables();
  const std::size_t lag_max = 2 * services.cluster.archive_lag_max + 1;
  if (auto fault = over("entries not archived", services.archiver.lag(), lag_max)) return fault;
  if (auto fault = over("rows in memory", services.archiver.recent().size(), lag_max * chat::delete_ids_max))
    return fault;
  if (auto fault = over("proposals", services.proposals.pending(), node::proposals_max)) return fault;
  if (auto fault = over("sessions", services.sessions.count(), services.cluster.sessions_max)) return fault;
  if (auto fault = over("client sessions", tables.clients.size(), chat::client_sessions_max)) return fault;
  if (auto fault = over("kept answers", tables.reply_count, chat::replies_max)) return fault;
  if (auto fault = over("touched messages", tables.touched.size(), chat::touched_window * chat::delete_ids_max))
    return fault;
  const auto& workers = services.seams.workers;
  if (auto fault = over("reads waiting", workers.queued(net::Lane::pages), node::pages_queue_max)) return fault;
  if (auto fault = over("searches waiting", workers.queued(net::Lane::search), node::search_queue_max)) return fault;
  return over("passwords waiting", workers.queued(net::Lane::password), node::password_queue_max);
}

std::optional<std::string> NodeJudge::at_end(NodeId id, node::Node& node) const {
  const node::Services& services = node.machine().services();
  if (services.applier.applied() != truth_.committed()) {
    return words(id) + " stands at " + std::to_string(services.applier.applied().value) + " of " +
           std::to_string(truth_.committed().value) + " committed entries";
  }
  if (services.applier.state().digest() != truth_.state().digest()) return words(id) + " has another state digest";
  try {
    return compare_rows(id, services);
  } catch (const store::ArchiveDamaged& damage) {   // noticed, not served: what P8 asks for
    if (harmed_.contains(id)) return std::nullopt;
    return words(id) + "'s archive is damaged, and nobody did that: " + damage.what();
  }
}

std::optional<std::string> NodeJudge::compare_rows(NodeId id, const node::Services& services) const {
  const auto archived = all_rows(services);
  const auto& recent = services.archiver.recent();
  std::size_t found = 0;
  for (const auto& [conversation_id, conversation] : truth_.conversations()) {
    std::vector<chat::MessageRow> rows;
    for (const auto message : conversation.messages) {
      if (const auto row = archived.find(message); row != archived.end()) rows.push_back(row->second);
    }
    rows = node::merge(std::move(rows), recent.by_id(conversation.messages));
    found += rows.size();
    for (std::size_t i = 0; i < std::min(rows.size(), conversation.messages.size()); ++i) {
      const auto& change = truth_.changes()[truth_.message(conversation.messages[i].value)->changes.back()];
      const auto& row = rows[i];
      const bool equal = row.id == change.message && row.number == change.number && row.author == change.author &&
                         row.text == change.text && row.edited == change.edited && row.deleted == change.deleted &&
                         row.changed_index == change.index && row.conversation == conversation_id;
      if (!equal) return words(id) + " keeps " + words(row) + ", the log says otherwise";
    }
    if (rows.size() < conversation.messages.size()) {
      return words(id) + " keeps " + std::to_string(rows.size()) + " of " +
             std::to_string(conversation.messages.size()) + " messages of conversation " +
             std::to_string(conversation_id.value);
    }
  }
  if (archived.size() > found) return words(id) + " keeps messages that are not in the log";
  return std::nullopt;
}

}  // namespace parley::sim
