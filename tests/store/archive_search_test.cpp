#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/archive.hpp"
#include "store/archive_search.hpp"
#include "store/memory_disk.hpp"

namespace parley::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ArchiveSearch : public testing::Test {
 protected:
  ArchiveSearch() {
    auto opened = Archive::open(disk_, "archive.db");
    EXPECT_TRUE(opened.ok());
    archive_ = std::move(opened->archive);
    reader_ = archive_->reader();
  }

  // A message in conversation 1; its id is returned.
  std::uint64_t say(std::string text, std::uint64_t conversation = 1) {
    chat::MessageRow row;
    row.id = chat::MessageId(++index_);
    row.conversation = chat::ConversationId(conversation);
    row.number = ++numbers_[conversation];
    row.changed_index = Index(index_);
    row.text = std::move(text);
    put(row);
    return row.id.value;
  }
  void change(std::uint64_t id, std::string text, bool deleted) {
    auto row = reader_->by_id({chat::MessageId(id)}).at(0);
    row.text = std::move(text);
    row.deleted = deleted;
    row.edited = !deleted;
    row.changed_index = Index(++index_);
    put(row);
  }
  std::vector<std::uint64_t> found(const std::string& text) {
    return ids(reader_->search({text, {chat::ConversationId(1)}, chat::MessageId(~0ULL), 100, {}}));
  }
  static std::vector<std::uint64_t> ids(const std::vector<chat::MessageRow>& rows) {
    std::vector<std::uint64_t> result;
    for (const auto& row : rows) result.push_back(row.id.value);
    return result;
  }

  std::unique_ptr<ArchiveReader>& reader() { return reader_; }

 private:
  void put(const chat::MessageRow& row) {
    ArchiveBatch batch;
    batch.messages.push_back(row);
    batch.position.applied = {Term(1), Index(index_)};
    archive_->write(batch);
  }

  MemoryDisk disk_;
  std::unique_ptr<Archive> archive_;
  std::unique_ptr<ArchiveReader> reader_;
  std::uint64_t index_ = 0;
  std::map<std::uint64_t, chat::Number> numbers_;
};

TEST_F(ArchiveSearch, AllWordsAreWantedInAnyOrderAndTheNewestComesFirst) {
  const auto a = say("the quick brown fox");
  say("the quick dog");
  const auto c = say("a fox so quick");
  EXPECT_THAT(found("fox quick"), ElementsAre(c, a));
  EXPECT_THAT(found("fox cat"), IsEmpty());
}

TEST_F(ArchiveSearch, CaseAndAccentsDoNotMatter) {
  const auto a = say("Frühstück im CAFÉ");
  EXPECT_THAT(found("fruhstuck café"), ElementsAre(a));
  EXPECT_THAT(found("FRÜHSTÜCK"), ElementsAre(a));
}

TEST_F(ArchiveSearch, WhatLooksLikeAnOperatorIsAWord) {
  const auto a = say("salt AND pepper");
  say("salt or pepper");
  const auto c = say("not near this column: text");
  EXPECT_THAT(found("salt AND pepper"), ElementsAre(a));
  EXPECT_THAT(found("NOT NEAR"), ElementsAre(c));
  EXPECT_THAT(found("text:"), ElementsAre(c));
  EXPECT_THAT(found("sal*"), IsEmpty());
  EXPECT_THAT(found("^salt"), SizeIs(2));   // the punctuation is no part of a word
}

TEST_F(ArchiveSearch, NothingThatPeopleTypeIsASyntaxError) {
  const auto a = say("he said \"hello\" (twice) {once} a-b c++ 50% {} :: don't");
  EXPECT_THAT(found("\"hello\""), ElementsAre(a));
  EXPECT_THAT(found("a-b"), ElementsAre(a));
  EXPECT_THAT(found("don't"), ElementsAre(a));
  EXPECT_THAT(found("(twice) {once}"), ElementsAre(a));
  for (const char* odd : {"\"", "\"\"", "\"\"\"", "(", ")", "{", "*", "^", "-", "+", ":", "NEAR(", "a OR", "'", ";",
                          "--", "\\", "\xff\xfe", "\xc3", "😀", "AND", "text : x", "{text}:", ","}) {
    EXPECT_NO_THROW(found(odd)) << odd;
  }
  EXPECT_NO_THROW(found(std::string("a\0b", 3)));
  EXPECT_THAT(found(""), IsEmpty());
  EXPECT_THAT(found("  \t\n "), IsEmpty());
  EXPECT_THAT(found("!!!"), IsEmpty());
  EXPECT_THAT(found("hello !!!"), ElementsAre(a));   // what has no letters is not wanted either
}

TEST_F(ArchiveSearch, AnyBytesAreAHarmlessQuery) {
  say("something");
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string query;
    for (std::uint64_t n = random.below(12); n > 0; --n) {
      query += random.chance(0.5) ? "\"'()*:^-+{} ANDORNEAT,"[random.below(23)] : static_cast<char>(random.below(256));
    }
    EXPECT_NO_THROW(found(query)) << testing::PrintToString(query);
  }
}

TEST_F(ArchiveSearch, AnEditedTextIsFoundByItsNewWordsOnly) {
  const auto a = say("meet at noon");
  change(a, "meet at midnight", false);
  EXPECT_THAT(found("noon"), IsEmpty());
  EXPECT_THAT(found("midnight"), ElementsAre(a));
  change(a, "meet at noon", false);
  EXPECT_THAT(found("noon"), ElementsAre(a));
}

TEST_F(ArchiveSearch, ADeletedTextIsFoundNoMore) {
  const auto a = say("a secret");
  const auto b = say("no secret");
  change(a, "", true);
  EXPECT_THAT(found("secret"), ElementsAre(b));
}

TEST_F(ArchiveSearch, ShowsOnlyWhatMayBeSeen) {   // R18
  const auto a = say("word in one");
  say("word in two", 2);
  const auto c = say("word in two again", 2);
  say("word in two later", 2);
  say("word in three", 3);
  SearchQuery query{"word", {chat::ConversationId(1)}, chat::MessageId(~0ULL), 100, {}};
  EXPECT_THAT(ids(reader()->search(query)), ElementsAre(a));
  query.ranges = {{chat::ConversationId(2), chat::Number(2), chat::Number(2)}};
  EXPECT_THAT(ids(reader()->search(query)), ElementsAre(c, a));
  query.ranges.push_back({chat::ConversationId(2), chat::Number(1), chat::Number(1)});
  EXPECT_THAT(ids(reader()->search(query)), SizeIs(3));
  query.conversations.clear();
  query.ranges.clear();
  EXPECT_THAT(ids(reader()->search(query)), IsEmpty());
}

TEST_F(ArchiveSearch, PagesGoOnWhereTheLastOneEnded) {
  std::vector<std::uint64_t> said;
  for (int i = 0; i < 25; ++i) said.insert(said.begin(), say("again " + std::to_string(i), 1 + i % 2));
  SearchQuery query{"again", {chat::ConversationId(1), chat::ConversationId(2)}, chat::MessageId(~0ULL), 10, {}};
  std::vector<std::uint64_t> all;
  int pages = 0;
  for (;; ++pages) {
    const SearchPage page = reader()->search_page(query);
    const auto some = ids(page.rows);
    all.insert(all.end(), some.begin(), some.end());
    if (page.next_before.value == 0) break;
    query.before = page.next_before;
  }
  EXPECT_EQ(all, said);
  EXPECT_EQ(pages, 2);
}

TEST_F(ArchiveSearch, AQueryOfTooManyWordsFindsNothing) {
  say("w");
  std::string words;
  for (std::size_t i = 0; i < search_words_max; ++i) words += "w ";
  EXPECT_THAT(found(words), SizeIs(1));
  EXPECT_THAT(found(words + "w"), IsEmpty());
  EXPECT_THAT(found(std::string(1'000'000, '"')), IsEmpty());
}

TEST(SearchExpression, QuotesEveryWord) {
  EXPECT_EQ(search_expression("a \"b\"  c\t"), "\"a\" \"\"\"b\"\"\" \"c\"");
  EXPECT_EQ(search_expression(" "), std::nullopt);
}

}  // namespace
}  // namespace parley::store
