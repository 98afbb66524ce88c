#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "store/archive.hpp"

namespace parley::store {

// What an archive should hold, kept the simplest way.
struct ArchiveModel {
  ArchivePosition position;
  std::map<chat::MessageId, chat::MessageRow> messages;
  std::map<std::pair<std::uint8_t, std::string>, std::string> records;

  void apply(const ArchiveBatch& batch);
  std::vector<chat::RecordRow> record_rows() const;
};

// Batches as a chat makes them: messages in three conversations, edits, deletions, changing records. Equal seeds,
// equal batches.
class SampleWorkload {
 public:
  explicit SampleWorkload(std::uint64_t seed) : random_(seed) {}
  ArchiveBatch next(std::size_t entries);
  const ArchiveModel& model() const { return model_; }   // after the batches so far

 private:
  chat::MessageRow new_message(Index index);
  void change_message(Index index, ArchiveBatch& batch);
  void change_record(ArchiveBatch& batch);
  std::string text();

  Random random_;
  ArchiveModel model_;
  Index last_{0};
  std::map<chat::ConversationId, chat::Number> numbers_;
  std::map<chat::ClientId, chat::Sequence> sequences_;
};

// Reads all messages through `reader` in pages.
std::map<chat::MessageId, chat::MessageRow> all_messages(ArchiveReader& reader);

// Empty, or how the archive differs from the model.
std::string difference(const Archive::Opened& opened, const ArchiveModel& model);

bool operator==(const ArchivePosition& a, const ArchivePosition& b);
bool same_messages(const std::map<chat::MessageId, chat::MessageRow>& a,
                   const std::map<chat::MessageId, chat::MessageRow>& b);

}  // namespace parley::store
