#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/outbox_store.hpp"

namespace parley::cli {

// An outbox in one file: a line of JSON for each change, written with one write(2) and fdatasync(2). A last line
// without its newline was being written when the power went: it was never promised, so it is cut off. Any other line
// that can't be read is damage: the file is refused, with a text that says what to do. Rewritten whole, by way of a
// second file and rename(2), when it is replaced or has grown.
//   {"parley_outbox":1}
//   {"session":{"client":..,"key":..,"generation":..,"next":..,"account":..,"token":..}}
//   {"add":{"seq":..,"method":..,"params":{..}}}      {"add":{"seq":..,"method":..,"secret":true}}
//   {"done":seq}
class FileOutbox final : public OutboxStore {
 public:
  static constexpr std::size_t file_bytes_max = 64 * 1024 * 1024;   // a longer one is refused
  static constexpr std::size_t rewrite_bytes = 256 * 1024;          // of lines of no more use, before a rewrite

  // Creates the file if there is none (mode 0600). One process at a time has it open (flock(2) on FILE.lock).
  static Result<std::unique_ptr<OutboxStore>> open(const std::filesystem::path& file);
  ~FileOutbox() override;

  bool durable() const override { return true; }
  StoredOutbox load() override { return current(); }
  Result<Nothing> add(const StoredRequest& request) override;
  void remove(std::uint64_t sequence) override;
  Result<Nothing> replace(const StoredOutbox& outbox) override;

 private:
  FileOutbox(std::filesystem::path file, int lock) : file_(std::move(file)), lock_(lock) {}
  Result<Nothing> read();
  Result<Nothing> apply(std::string_view line);
  Result<Nothing> rewrite();
  Result<Nothing> append(const std::string& line, bool sync);
  StoredOutbox current() const;
  Error failure(const std::string& what) const;

  std::filesystem::path file_;
  int lock_ = -1;
  int descriptor_ = -1;
  std::size_t bytes_ = 0;                 // of the file
  std::size_t live_bytes_ = 0;            // of what a rewrite would keep, about
  bool broken_ = false;                   // a write failed half-way: rewritten before the next
  StoredSession session_;
  std::map<std::uint64_t, StoredRequest> requests_;
};

}  // namespace parley::cli
