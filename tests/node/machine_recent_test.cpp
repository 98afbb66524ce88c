// Rows that are not archived yet: what memory answers, and that its union with the archive has no gap.

#include <gtest/gtest.h>

#include <map>

#include "base/random.hpp"
#include "node/recent.hpp"

namespace parley::node {
namespace {

using chat::ConversationId;
using chat::MessageId;
using chat::MessageRow;
using chat::Number;

MessageRow row(std::uint64_t id, std::uint64_t conversation, std::uint64_t number, std::uint64_t changed) {
  MessageRow result;
  result.id = MessageId{id};
  result.conversation = ConversationId{conversation};
  result.number = Number{number};
  result.changed_index = Index{changed};
  result.text = "v" + std::to_string(changed);
  result.client = chat::ClientId{1};
  result.sequence = chat::Sequence{id};
  return result;
}

TEST(Recent, ForgetsWhatIsArchivedButNotWhatChangedSince) {
  Recent recent;
  recent.add(Index{10}, {row(10, 1, 1, 10)});
  recent.add(Index{11}, {row(11, 1, 2, 11)});
  recent.add(Index{12}, {row(10, 1, 1, 12)});
  recent.archived(Index{11});
  EXPECT_EQ(recent.size(), 1u);
  ASSERT_EQ(recent.by_id({MessageId{10}, MessageId{11}}).size(), 1u);
  EXPECT_EQ(recent.by_id({MessageId{10}})[0].text, "v12");
  recent.archived(Index{12});
  EXPECT_EQ(recent.size(), 0u);
  EXPECT_FALSE(recent.by_client(chat::ClientId{1}, chat::Sequence{10}));
}

TEST(Recent, AnswersHistoryInBothDirectionsWithinItsConversation) {
  Recent recent;
  for (std::uint64_t i = 1; i <= 6; ++i) recent.add(Index{i}, {row(i, i % 2, (i + 1) / 2, i)});
  store::HistoryQuery query;
  query.conversation = ConversationId{1};
  query.from = Number{2};
  ASSERT_EQ(recent.history(query).size(), 2u);
  EXPECT_EQ(recent.history(query)[0].number, Number{2});
  query.descending = true;
  query.from = Number{0};
  ASSERT_EQ(recent.history(query).size(), 3u);
  EXPECT_EQ(recent.history(query)[0].number, Number{3});
  query.through = Number{3};
  EXPECT_EQ(recent.history(query).size(), 1u);
}

TEST(Recent, TheHigherChangedIndexWinsInAUnion) {
  const auto merged = merge({row(1, 1, 1, 5), row(2, 1, 2, 6)}, {row(1, 1, 1, 9), row(3, 1, 3, 7)});
  ASSERT_EQ(merged.size(), 3u);
  EXPECT_EQ(merged[0].text, "v9");
}

TEST(Recent, ChangesOfOneEntryAreNeverTornApart) {
  store::ChangedQuery query;
  query.conversations = {ConversationId{1}};
  query.limit = 2;
  const auto changes =
      merge_changes(query, {}, {row(1, 1, 1, 5), row(2, 1, 2, 7), row(3, 1, 3, 7), row(4, 1, 4, 8)}, Index{8});
  ASSERT_EQ(changes.rows.size(), 3u);
  EXPECT_EQ(changes.complete_through, Index{7});
  EXPECT_TRUE(changes.more);
}

TEST(Recent, WhatWasAppliedAfterMemoryWasTakenWaitsForTheNextCall) {
  store::ChangedQuery query;
  query.conversations = {ConversationId{1}};
  // Applied up to 6 when memory was looked at; 7 reached the archive before the archive was read, 8 did not: if 7
  // were told and the cursor set to it, that would be right; if the cursor said more than is complete, a gap.
  const auto changes = merge_changes(query, {row(1, 1, 1, 7)}, {row(2, 1, 2, 6)}, Index{6});
  ASSERT_EQ(changes.rows.size(), 1u);
  EXPECT_EQ(changes.rows[0].id, MessageId{2});
  EXPECT_EQ(changes.complete_through, Index{6});
}

// The argument of recent.hpp, tried out: entries are applied, archived and read in any interleaving; whoever follows
// by cursor ends with exactly what is there, and no read of the history lacks a row that was applied before it began.
class Interleaving {
 public:
  explicit Interleaving(std::uint64_t seed) : random_(seed) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      switch (random_.below(4)) {
        case 0:
          apply();
          break;
        case 1:
          archive_some();
          break;
        case 2:
          read_history();
          break;
        case 3:
          sync();
          break;
      }
    }
    while (cursor_ < applied_) sync();
    EXPECT_EQ(followed_, truth_);
  }

 private:
  void apply() {
    ++applied_;
    const bool edit = !truth_.empty() && random_.chance(0.4);
    const auto id = edit ? 1 + random_.below(truth_.size()) : truth_.size() + 1;
    const auto changed = row(id, 1, id, applied_.value);
    truth_.insert_or_assign(changed.id, changed);
    recent_.add(applied_, {changed});
    queue_.emplace_back(applied_, changed);
  }

  void archive_some() {
    auto count = random_.below(queue_.size() + 1);
    Index through;
    for (; count > 0; --count) {
      through = queue_.front().first;
      archive_.insert_or_assign(queue_.front().second.id, queue_.front().second);
      queue_.erase(queue_.begin());
    }
    recent_.archived(through);
  }

  // Between the look at memory and the look at the archive anything may happen.
  void meanwhile() {
    for (auto count = random_.below(4); count > 0; --count) random_.chance(0.5) ? apply() : archive_some();
  }

  void read_history() {
    store::HistoryQuery query;
    query.conversation = ConversationId{1};
    query.from = Number{1};
    query.limit = 1 + random_.below(10);
    const auto before = truth_;
    const auto recent = recent_.history(query);
    meanwhile();
    std::vector<MessageRow> archived;
    for (const auto& [id, held] : archive_) {
      if (archived.size() < query.limit) archived.push_back(held);
    }
    const auto rows = merge_history(query, archived, recent);
    ASSERT_GE(rows.size(), std::min(query.limit, before.size()));
    std::size_t i = 0;
    for (const auto& [id, held] : before) {
      if (i == query.limit) break;
      EXPECT_EQ(rows[i].id, id);
      EXPECT_GE(rows[i].changed_index, held.changed_index);
      ++i;
    }
  }

  void sync() {
    store::ChangedQuery query;
    query.conversations = {ConversationId{1}};
    query.after = cursor_;
    query.limit = 1 + random_.below(5);
    const auto recent = recent_.changed(query);
    const auto applied = applied_;
    meanwhile();
    std::vector<MessageRow> archived;
    for (const auto& [id, held] : archive_) {
      if (held.changed_index > cursor_) archived.push_back(held);
    }
    const auto earlier = [](const auto& a, const auto& b) { return a.changed_index < b.changed_index; };
    std::sort(archived.begin(), archived.end(), earlier);
    if (archived.size() > query.limit) archived.resize(query.limit);
    const auto changes = merge_changes(query, archived, recent, applied);
    for (const auto& changed : changes.rows) followed_.insert_or_assign(changed.id, changed);
    cursor_ = std::max(cursor_, changes.complete_through);
  }

  Random random_;
  Index applied_;
  Index cursor_;
  Recent recent_;
  std::vector<std::pair<Index, MessageRow>> queue_;
  std::map<MessageId, MessageRow> truth_;
  std::map<MessageId, MessageRow> archive_;
  std::map<MessageId, MessageRow> followed_;
};

TEST(Recent, NoInterleavingOfApplyArchiveAndReadHasAGap) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Interleaving(seed).run(200);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace parley::node
