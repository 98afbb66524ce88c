#include "node/recent.hpp"

#include <algorithm>
#include <tuple>

namespace parley::node {

using chat::MessageRow;

namespace {

bool within(const MessageRow& row, const std::vector<chat::ConversationId>& conversations,
            const std::vector<store::NumberRange>& ranges) {
  if (std::find(conversations.begin(), conversations.end(), row.conversation) != conversations.end()) return true;
  return std::any_of(ranges.begin(), ranges.end(), [&](const store::NumberRange& range) {
    return range.conversation == row.conversation && range.from <= row.number && row.number <= range.through;
  });
}

}  // namespace

void Recent::add(Index index, const std::vector<MessageRow>& rows) {
  for (const auto& row : rows) {
    rows_.insert_or_assign(row.id, row);
    order_.emplace_back(index, row.id);
    by_number_[{row.conversation, row.number}] = row.id;
    by_client_[{row.client, row.sequence}] = row.id;
  }
}

void Recent::archived(Index through) {
  while (!order_.empty() && order_.front().first <= through) {
    const auto id = order_.front().second;
    order_.pop_front();
    const auto found = rows_.find(id);
    if (found == rows_.end() || found->second.changed_index > through) continue;  // changed again since
    by_number_.erase({found->second.conversation, found->second.number});
    by_client_.erase({found->second.client, found->second.sequence});
    rows_.erase(found);
  }
}

std::vector<MessageRow> Recent::history(const store::HistoryQuery& query) const {
  const chat::Number newest{~0ULL};
  auto low = query.from;
  auto high = query.through == chat::Number{} ? newest : query.through;
  if (query.descending) {
    low = query.through;
    high = query.from == chat::Number{} ? newest : query.from;
  }
  std::vector<MessageRow> result;
  if (high < low) return result;
  const auto begin = by_number_.lower_bound({query.conversation, low});
  const auto end = by_number_.upper_bound({query.conversation, high});
  for (auto it = begin; it != end; ++it) result.push_back(rows_.at(it->second));
  if (query.descending) std::reverse(result.begin(), result.end());
  return result;
}

std::vector<MessageRow> Recent::changed(const store::ChangedQuery& query) const {
  std::vector<MessageRow> result;
  const auto later = [](Index index, const auto& entry) { return index < entry.first; };
  for (auto it = std::upper_bound(order_.begin(), order_.end(), query.after, later); it != order_.end(); ++it) {
    const auto& row = rows_.at(it->second);
    if (row.changed_index != it->first) continue;  // an older version
    if (within(row, query.conversations, query.ranges)) result.push_back(row);
  }
  return result;
}

std::vector<MessageRow> Recent::by_id(const std::vector<chat::MessageId>& ids) const {
  std::vector<MessageRow> result;
  for (const auto id : ids) {
    if (const auto found = rows_.find(id); found != rows_.end()) result.push_back(found->second);
  }
  return result;
}

std::optional<MessageRow> Recent::by_client(chat::ClientId client, chat::Sequence sequence) const {
  const auto found = by_client_.find({client, sequence});
  if (found == by_client_.end()) return std::nullopt;
  return rows_.at(found->second);
}

std::vector<MessageRow> Recent::searched(const store::SearchQuery& query) const {
  std::vector<MessageRow> result;
  for (auto it = rows_.begin(); it != rows_.end() && it->first < query.before; ++it) {
    if (within(it->second, query.conversations, query.ranges)) result.push_back(it->second);
  }
  return result;
}

std::vector<MessageRow> merge(std::vector<MessageRow> archived, std::vector<MessageRow> recent) {
  auto rows = std::move(archived);
  rows.insert(rows.end(), std::make_move_iterator(recent.begin()), std::make_move_iterator(recent.end()));
  // By id, the latest version of each first: unique then keeps that one.
  std::sort(rows.begin(), rows.end(), [](const MessageRow& a, const MessageRow& b) {
    return std::tie(a.id, b.changed_index) < std::tie(b.id, a.changed_index);
  });
  const auto same = [](const MessageRow& a, const MessageRow& b) { return a.id == b.id; };
  rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
  return rows;
}

std::vector<MessageRow> merge_history(const store::HistoryQuery& query, std::vector<MessageRow> archived,
                                      std::vector<MessageRow> recent) {
  if (recent.empty()) return archived;
  auto rows = merge(std::move(archived), std::move(recent));
  std::sort(rows.begin(), rows.end(), [&](const MessageRow& a, const MessageRow& b) {
    return query.descending ? b.number < a.number : a.number < b.number;
  });
  if (rows.size() > query.limit) rows.resize(query.limit);
  return rows;
}

Changes merge_changes(const store::ChangedQuery& query, std::vector<MessageRow> archived,
                      std::vector<MessageRow> recent, Index applied) {
  const auto limit = std::min(query.limit, store::rows_max);
  Changes changes{{}, applied, false};
  if (!archived.empty() && archived.size() >= limit) {
    changes.complete_through = std::min(applied, archived.back().changed_index);
    changes.more = changes.complete_through < applied;
  }
  const bool in_order = recent.empty();   // as the archive gave them
  changes.rows = in_order ? std::move(archived) : merge(std::move(archived), std::move(recent));
  // What was applied after memory was taken may be here in part: it belongs to the next call.
  std::erase_if(changes.rows, [&](const auto& row) { return row.changed_index > changes.complete_through; });
  const auto earlier = [](const MessageRow& a, const MessageRow& b) {
    return std::tie(a.changed_index, a.id) < std::tie(b.changed_index, b.id);
  };
  if (!in_order) std::sort(changes.rows.begin(), changes.rows.end(), earlier);
  if (changes.rows.size() <= limit) return changes;
  auto cut = std::max<std::size_t>(limit, 1);
  while (cut < changes.rows.size() && changes.rows[cut].changed_index == changes.rows[cut - 1].changed_index) ++cut;
  if (cut == changes.rows.size()) return changes;
  changes.rows.resize(cut);
  changes.complete_through = changes.rows.back().changed_index;
  changes.more = true;
  return changes;
}

}  // namespace parley::node
