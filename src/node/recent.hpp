#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "chat/effects.hpp"
#include "store/archive.hpp"

namespace parley::node {

// The message rows that were applied and are not yet in a committed transaction of the archive: what makes a reader
// see everything that was applied without waiting for the archive. Bounded by archive_lag_max.
//
// How to read without a gap: FIRST take the rows wanted from here, on the strand; THEN read the archive, on its lane;
// then `merge`: the union by id, the higher changed_index winning. A row applied before the first step is, at that
// step, either here, and thus taken, or forgotten here, which happens only after its transaction was committed, and
// then the later read of the archive sees it. What moves from here to the archive in between is seen twice, and the
// union makes one of it. A row applied after the first step may or may not be seen: nothing was promised about it.
class Recent {
 public:
  void add(Index index, const std::vector<chat::MessageRow>& rows);  // indexes rise
  void archived(Index through);                                      // all rows up to here are committed there
  std::size_t size() const { return rows_.size(); }

  // The same questions as ArchiveReader's, answered from memory.
  std::vector<chat::MessageRow> history(const store::HistoryQuery& query) const;  // in the order asked for
  std::vector<chat::MessageRow> changed(const store::ChangedQuery& query) const;  // all of them, whatever the limit
  std::vector<chat::MessageRow> by_id(const std::vector<chat::MessageId>& ids) const;
  std::optional<chat::MessageRow> by_client(chat::ClientId client, chat::Sequence sequence) const;
  // All where the query looks, whatever their text: search has to know which of the archive's finds were changed.
  std::vector<chat::MessageRow> searched(const store::SearchQuery& query) const;

 private:
  std::map<chat::MessageId, chat::MessageRow> rows_;     // the latest version of each
  std::deque<std::pair<Index, chat::MessageId>> order_;  // by changed_index: what to forget next
  std::map<std::pair<chat::ConversationId, chat::Number>, chat::MessageId> by_number_;
  std::map<std::pair<chat::ClientId, chat::Sequence>, chat::MessageId> by_client_;
};

// The union by id, the higher changed_index winning; sorted by id.
std::vector<chat::MessageRow> merge(std::vector<chat::MessageRow> archived, std::vector<chat::MessageRow> recent);

// What a history query asked for, from both: sorted as asked and cut to its limit.
std::vector<chat::MessageRow> merge_history(const store::HistoryQuery& query, std::vector<chat::MessageRow> archived,
                                            std::vector<chat::MessageRow> recent);

// Rows changed after a cursor, in the order of their change, and how far they are complete.
struct Changes {
  std::vector<chat::MessageRow> rows;  // by (changed_index, id)
  Index complete_through;              // every change at or below is among them; those beyond are not
  bool more = false;                   // there are changes beyond
};
// Both were asked `query`; memory was taken when `applied` was applied. The rows of one index are never torn apart (a
// reader's cursor could not name the place), so there may be somewhat more than the query's limit.
Changes merge_changes(const store::ChangedQuery& query, std::vector<chat::MessageRow> archived,
                      std::vector<chat::MessageRow> recent, Index applied);

}  // namespace parley::node
