#include "cli/status_table.hpp"

#include <algorithm>
#include <cstdlib>
#include <boost/json/array.hpp>
#include <utility>

#include "cli/json_fields.hpp"
#include "cli/utf8.hpp"

namespace parley::cli {
namespace {

using Row = std::vector<std::string>;

std::string number_text(const json::object& object, std::string_view name) {
  const auto number = number_field(object, name);
  return number ? std::to_string(*number) : "-";
}

// Columns as wide as their widest cell, two blanks between.
std::vector<std::string> align(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line += std::string(widths[i] + 2 - display_width(row[i]), ' ');
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string members_text(const json::object& status, std::string_view which) {
  const auto* voters = array_field(status, which);
  if (voters == nullptr) return "-";
  std::string text;
  for (const auto& voter : *voters) {
    const auto* fields = voter.if_object();
    if (fields == nullptr) continue;
    text += (text.empty() ? "" : ", ") + number_text(*fields, "node");
    if (!flag_field(*fields, "connected")) text += " (not connected)";
  }
  return text.empty() ? "none" : text;
}

std::string learners_text(const json::object& status) {
  const auto* learners = array_field(status, "learners");
  return learners == nullptr || learners->empty() ? "" : ", learners " + members_text(status, "learners");
}

std::string snapshot_text(const json::object& snapshot) {
  const auto total = number_field(snapshot, "total").value_or(0);
  if (total == 0) return "begins";
  const auto percent = number_field(snapshot, "bytes").value_or(0) * 100 / total;
  return std::to_string(percent) + " % of " + std::to_string((total + 1024 * 1024 - 1) / (1024 * 1024)) + " MiB";
}

// Voters, then learners.
std::vector<const json::object*> members_of(const json::object& status) {
  std::vector<const json::object*> members;
  for (const char* which : {"voters", "learners"}) {
    const auto* listed = array_field(status, which);
    for (std::size_t i = 0; listed && i < listed->size(); ++i) {
      if (const auto* member = (*listed)[i].if_object()) members.push_back(member);
    }
  }
  return members;
}

// Who is sent the archive, as the leader knows it.
void snapshot_lines(const json::object& status, std::vector<std::string>& lines) {
  for (const json::object* member : members_of(status)) {
    if (const auto* snapshot = object_field(*member, "snapshot"))
      lines.push_back("node " + number_text(*member, "node") + " takes over the archive: " + snapshot_text(*snapshot));
  }
}

// Whose clock is wrong enough for people to notice: the leader knows.
void clock_lines(const json::object& status, std::vector<std::string>& lines) {
  constexpr std::int64_t worth_telling_ms = 10'000;
  for (const json::object* member : members_of(status)) {
    const auto* ahead = member->if_contains("clock_ahead_ms");
    if (ahead == nullptr || !ahead->is_int64() || std::abs(ahead->get_int64()) < worth_telling_ms) continue;
    const std::string seconds = std::to_string(std::abs(ahead->get_int64()) / 1000);
    const std::string way = ahead->get_int64() > 0 ? " s ahead of" : " s behind";
    lines.push_back("the clock of node " + number_text(*member, "node") + " is " + seconds + way +
                    " the leader's: set the one that is wrong");
  }
}

std::string waiting_text(const json::object& status) {
  const auto* waiting = array_field(status, "waiting_for");
  std::string text;
  for (std::size_t i = 0; waiting && i < waiting->size(); ++i) {
    if (const auto node = to_number((*waiting)[i])) text += (text.empty() ? "" : ", ") + std::to_string(*node);
  }
  return text;
}

std::string bearable_text(const json::object& status) {
  const auto bearable = text_field(status, "bearable");
  if (bearable == "soon") return "in " + number_text(status, "bearable_in_ms") + " ms";
  return bearable.empty() ? "-" : bearable;
}

std::vector<std::string> common_lines(const json::object& status) {
  std::vector<std::string> lines;
  const auto leader = number_field(status, "leader");
  lines.push_back((leader ? "leader node " + std::to_string(*leader) : std::string("no leader")) + ", term " +
                  number_text(status, "term") + ", voters " + members_text(status, "voters") + learners_text(status));
  lines.push_back("copies " + number_text(status, "copies") + ", one more failure bearable: " + bearable_text(status));
  if (const auto waiting = waiting_text(status); !waiting.empty())
    lines.push_back("the cluster is not founded yet: waiting for node " + waiting);
  snapshot_lines(status, lines);
  clock_lines(status, lines);
  return lines;
}

json::object node_json(const NodeAnswer& answer) {
  json::object node;
  node["address"] = answer.address;
  if (answer.status.empty()) {
    node["reachable"] = false;
    node["problem"] = answer.problem;
  } else {
    node["reachable"] = true;
    node["status"] = answer.status;
  }
  return node;
}

}  // namespace

std::vector<std::string> describe_status(const json::object& status) {
  std::vector<std::string> lines = common_lines(status);
  lines.push_back("this is node " + number_text(status, "node") + " (" + text_field(status, "role") + "): commit " +
                  number_text(status, "commit") + ", applied " + number_text(status, "applied") + ", archived " +
                  number_text(status, "archived") + ", sessions " + number_text(status, "sessions"));
  if (const auto* snapshot = object_field(status, "snapshot"))
    lines.push_back("this node takes over the archive of another one: " + snapshot_text(*snapshot));
  return lines;
}

ClusterView summarise(const std::vector<NodeAnswer>& answers) {
  // Whom to believe: the leader of the highest term that says so itself, else whoever knows the highest term.
  const json::object* best = nullptr;
  bool best_leads = false;
  for (const auto& answer : answers) {
    if (answer.status.empty()) continue;
    const bool leads = text_field(answer.status, "role") == "leader";
    const auto term = number_field(answer.status, "term").value_or(0);
    const auto best_term = best ? number_field(*best, "term").value_or(0) : 0;
    const bool better = best == nullptr || (leads && !best_leads) || (leads == best_leads && term > best_term);
    if (better) best = &answer.status, best_leads = leads;
  }
  ClusterView view;
  view.has_leader = best_leads;
  if (best != nullptr) view.lines = common_lines(*best);
  if (best != nullptr && !best_leads) {
    view.lines.front() = "no leader: no node that answers leads (highest term " + number_text(*best, "term") +
                         ", voters " + members_text(*best, "voters") + learners_text(*best) + ")";
  }
  if (best == nullptr) view.lines.emplace_back("no node answers");

  std::vector<Row> rows{{"node", "address", "role", "term", "commit", "applied", "persisted", "archived", "sessions"}};
  json::array nodes;
  for (const auto& answer : answers) {
    nodes.push_back(node_json(answer));
    if (answer.status.empty()) {
      rows.push_back({"-", answer.address, "unreachable: " + answer.problem});
      continue;
    }
    const auto& s = answer.status;
    rows.push_back({number_text(s, "node"), answer.address, text_field(s, "role"), number_text(s, "term"),
                    number_text(s, "commit"), number_text(s, "applied"), number_text(s, "persisted"),
                    number_text(s, "archived"), number_text(s, "sessions")});
  }
  // A reason is as long as it likes: it stands outside the columns.
  std::vector<Row> tidy = rows;
  for (auto& row : tidy) {
    if (row.size() == 3) row[2] = "unreachable";
  }
  auto table = align(tidy);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].size() == 3) table[i] += rows[i][2].substr(std::string("unreachable").size());
  }
  for (auto& line : table) view.lines.push_back(std::move(line));

  view.summary["leader"] = nullptr;
  if (best_leads) view.summary["leader"] = number_field(*best, "node").value_or(0);
  if (best != nullptr) {
    for (const char* name : {"term", "voters", "learners", "copies", "bearable", "bearable_in_ms", "generation",
                             "cluster", "waiting_for"}) {
      if (const auto* value = best->if_contains(name)) view.summary[name] = *value;
    }
  }
  view.summary["nodes"] = std::move(nodes);
  return view;
}

}  // namespace parley::cli
