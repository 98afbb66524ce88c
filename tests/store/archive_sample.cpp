#include "store/archive_sample.hpp"

#include <algorithm>
#include <iterator>

namespace parley::store {

bool operator==(const ArchivePosition& a, const ArchivePosition& b) {
  return a.applied == b.applied && a.time == b.time && a.chain == b.chain &&
         a.configuration_index == b.configuration_index && a.configuration == b.configuration &&
         a.generation == b.generation && a.state_digest == b.state_digest && a.state_digest_at == b.state_digest_at;
}

void ArchiveModel::apply(const ArchiveBatch& batch) {
  position = batch.position;
  for (const auto& row : batch.messages) messages[row.id] = row;
  for (const auto& record : batch.records) {
    if (record.value) records[{record.kind, record.key}] = *record.value;
    else records.erase({record.kind, record.key});
  }
}

std::vector<chat::RecordRow> ArchiveModel::record_rows() const {
  std::vector<chat::RecordRow> rows;
  for (const auto& [key, value] : records) rows.push_back({key.first, key.second, value});
  return rows;
}

std::string SampleWorkload::text() {
  static const char* const words[] = {"tea", "coffee", "raft", "Zürich", "naïve", "日本語", "\"quoted\"",
                                      "AND", "NEAR(", "don't", "100%", "*", "semi;colon", "émigré"};
  std::string result;
  for (std::uint64_t n = 1 + random_.below(6); n > 0; --n) {
    result += words[random_.below(std::size(words))];
    result += ' ';
  }
  if (random_.chance(0.05)) result += std::string(5000, 'x');   // overflow pages
  if (random_.chance(0.05)) result += std::string("nul\0inside", 10);
  return result;
}

chat::MessageRow SampleWorkload::new_message(Index index) {
  chat::MessageRow row;
  row.id = chat::MessageId(index.value);
  row.conversation = chat::ConversationId(1 + random_.below(3));
  row.number = ++numbers_[row.conversation];
  row.author = chat::AccountId(1 + random_.below(4));
  row.author_name = "author" + std::to_string(row.author.value);
  row.time = LogTime{1'700'000'000'000 + static_cast<std::int64_t>(index.value)};
  row.text = text();
  row.changed_index = index;
  if (random_.chance(0.9)) {
    row.client = chat::ClientId(1 + random_.below(5));
    row.sequence = ++sequences_[row.client];
  }
  return row;
}

void SampleWorkload::change_message(Index index, ArchiveBatch& batch) {
  if (model_.messages.empty()) return;
  auto chosen = model_.messages.lower_bound(chat::MessageId(random_.below(index.value)));
  if (chosen == model_.messages.end()) chosen = model_.messages.begin();
  chat::MessageRow row = chosen->second;
  for (const auto& changed : batch.messages) {
    if (changed.id == row.id) row = changed;
  }
  if (row.deleted) return;
  row.changed_index = index;
  row.deleted = random_.chance(0.4);
  row.edited = !row.deleted;
  row.text = row.deleted ? std::string() : text();
  batch.messages.push_back(row);
}

void SampleWorkload::change_record(ArchiveBatch& batch) {
  chat::RecordRow record;
  record.kind = static_cast<std::uint8_t>(1 + random_.below(3));
  record.key = "key\0" + std::to_string(random_.below(30));
  if (random_.chance(0.8)) record.value = random_.chance(0.1) ? std::string() : text();
  batch.records.push_back(record);
}

ArchiveBatch SampleWorkload::next(std::size_t entries) {
  ArchiveBatch batch;
  for (std::size_t i = 0; i < entries; ++i) {
    last_ = last_.next();
    if (random_.chance(0.75)) batch.messages.push_back(new_message(last_));
    else change_message(last_, batch);
    change_record(batch);
  }
  ArchivePosition& position = batch.position;
  position.applied = {Term(1 + last_.value / 50), last_};
  position.time = LogTime{1'700'000'000'000 + static_cast<std::int64_t>(last_.value)};
  position.chain = digest("chain " + std::to_string(last_.value));
  position.generation = Generation(1);
  if (last_.value >= 10) {
    position.configuration_index = Index(10);
    raft::Configuration configuration;
    configuration.members = {{{NodeId(1), Incarnation(~0ULL)}, true, "a:1", "a:2"},
                             {{NodeId(2), Incarnation(7)}, false, "b:1", "b:2"}};
    position.configuration = configuration;
  }
  model_.apply(batch);
  return batch;
}

std::map<chat::MessageId, chat::MessageRow> all_messages(ArchiveReader& reader) {
  std::map<chat::MessageId, chat::MessageRow> all;
  chat::MessageId after;
  for (;;) {
    const auto rows = reader.page(after, 100);
    if (rows.empty()) return all;
    for (const auto& row : rows) all[row.id] = row;
    // Pages that were forged, checksums and all, may say so; without this it would go on for ever.
    if (rows.back().id <= after) throw ArchiveDamaged("the messages are not in the order of their ids");
    after = rows.back().id;
  }
}

bool same_messages(const std::map<chat::MessageId, chat::MessageRow>& a,
                   const std::map<chat::MessageId, chat::MessageRow>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

std::string difference(const Archive::Opened& opened, const ArchiveModel& model) {
  if (!(opened.position == model.position)) {
    return "position " + std::to_string(opened.position.applied.index.value) + " instead of " +
           std::to_string(model.position.applied.index.value);
  }
  if (opened.records != model.record_rows()) return "other records";
  const auto reader = opened.archive->reader();
  if (!same_messages(all_messages(*reader), model.messages)) return "other messages";
  return {};
}

}  // namespace parley::store
