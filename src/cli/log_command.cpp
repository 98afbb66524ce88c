#include "cli/log_command.hpp"

#include <boost/json/serialize.hpp>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "cli/complaint.hpp"
#include "cli/json_fields.hpp"
#include "cli/log_describe.hpp"
#include "node/data_directory.hpp"
#include "store/log_reader.hpp"
#include "store/posix_disk.hpp"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

int complain(const std::string& message, int code) { return cli::complain("log dump", message, code); }

struct Line {
  std::string_view kind;   // of the record: entry, configuration, noop, truncation, base, trim, hard_state
  raft::EntryId id;
  std::string words;
};

std::string_view kind_of(const raft::Entry& entry) {
  if (std::holds_alternative<raft::Noop>(entry.content)) return "noop";
  return std::holds_alternative<raft::ConfigurationPtr>(entry.content) ? "configuration" : "command";
}

Line line_of(const store::LogRecord& record, const store::SegmentHeader& header) {
  using Kind = store::RecordKind;
  switch (record.kind) {
    case Kind::entry: {
      const auto entry = store::entry_of(record);
      if (!entry) return {"entry", record.id, "malformed"};
      return {kind_of(*entry), record.id, describe(*entry)};
    }
    case Kind::hard_state: {
      const auto state = store::hard_state_of(record);
      if (!state) return {"hard_state", record.id, "malformed"};
      const std::string vote = state->voted_for ? "node " + std::to_string(state->voted_for->node.value) : "nobody";
      return {"hard_state", record.id,
              "term " + std::to_string(state->current_term.value) + ", voted for " + vote + ", committed up to " +
                  std::to_string(state->commit_index.value)};
    }
    case Kind::base: {
      const auto base = store::base_of(record, header.version);
      const bool known = base && base->configuration;
      return {"base", record.id, known ? describe(*base->configuration) : std::string("no configuration")};
    }
    case Kind::truncation: return {"truncation", record.id, "all entries from here on are cut off"};
    case Kind::trim: return {"trim", record.id, "the log begins after this entry"};
    case Kind::seal: break;
  }
  return {"seal", record.id, "the segment ends"};
}

class Dump {
 public:
  explicit Dump(const LogDumpOptions& options) : options_(options) {}

  int run(store::Disk& disk) {
    store::LogVisitor visitor;
    visitor.segment = [this](const std::string& file, const store::SegmentHeader&) { say("segment", file); };
    visitor.record = [this](const auto& record, const auto& header) {
      if (wanted(record)) show(line_of(record, header));
    };
    visitor.note = [this](const std::string& what) { say("note", what); };
    visitor.damage = [this](const std::string& what) {
      whole_ = false;
      say("damage", what);
    };
    store::read_log(disk, node::log_directory, visitor);
    return whole_ ? 0 : exit_failed;
  }

 private:
  // Entries, and what becomes of them, by their index; of hard states only those with another term or vote, as each
  // batch has one; these, and where segments begin and end, only where everything is wanted.
  bool wanted(const store::LogRecord& record) {
    using Kind = store::RecordKind;
    const bool everything = options_.from == 0 && options_.to == ~0ULL;
    const std::uint64_t index = record.id.index.value;
    if (record.kind == Kind::entry || record.kind == Kind::truncation) {
      return index >= options_.from && index <= options_.to;
    }
    if (record.kind != Kind::hard_state) return everything;
    const auto state = store::hard_state_of(record);
    const bool same = state && last_ && state->current_term == last_->current_term &&
                      state->voted_for == last_->voted_for;
    last_ = state;
    return everything && !same;
  }

  void show(const Line& line) {
    if (options_.json) {
      json::object object;
      object["kind"] = line.kind;
      object["index"] = line.id.index.value;
      object["term"] = line.id.term.value;
      object["words"] = line.words;
      std::printf("%s\n", json::serialize(object).c_str());
      return;
    }
    std::printf("%10llu %6llu  %-13.*s %s\n", static_cast<unsigned long long>(line.id.index.value),
                static_cast<unsigned long long>(line.id.term.value), static_cast<int>(line.kind.size()),
                line.kind.data(), line.words.c_str());
  }

  void say(const char* kind, const std::string& what) {
    if (options_.json) {
      json::object object;
      object["kind"] = kind;
      object["words"] = what;
      std::printf("%s\n", json::serialize(object).c_str());
    } else {
      std::printf("%s: %s\n", kind, what.c_str());
    }
  }

  const LogDumpOptions& options_;
  std::optional<raft::HardState> last_;
  bool whole_ = true;
};

}  // namespace

int log_dump_command(const LogDumpOptions& options) {
  std::error_code error;
  if (!fs::is_directory(fs::path(options.data) / node::log_directory, error)) {
    return complain(options.data + " is not the data directory of a node: it has no folder " + node::log_directory,
                    exit_wrong);
  }
  store::PosixDisk disk(options.data);
  const auto lock = disk.lock(node::lock_file);
  if (!lock) {
    return complain(options.data + " is used by a running node (the lock file in it names the process): stop it first",
                    exit_failed);
  }
  return Dump(options).run(disk);
}

}  // namespace parley::cli
