#include "cli/log_command.hpp"

#include <boost/json/serialize.hpp>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <utility>

#include "cli/json_fields.hpp"
#include "cli/log_describe.hpp"
#include "node/data_directory.hpp"
#include "store/log_reader.hpp"
#include "store/posix_disk.hpp"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

constexpr int exit_failed = 1;
constexpr int exit_wrong = 2;

int complain(const std::string& message, int code) {
  std::fprintf(stderr, "parley log dump: %s\n", message.c_str());
  return code;
}

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
    visitor.record = [this](const auto& record, const auto& header) { show(line_of(record, header)); };
    visitor.note = [this](const std::string& what) { say("note", what); };
    visitor.damage = [this](const std::string& what) {
      whole_ = false;
      say("damage", what);
    };
    store::read_log(disk, node::log_directory, visitor);
    return whole_ ? 0 : exit_failed;
  }

 private:
  void show(const Line& line) {
    const bool of_no_index = line.kind == "hard_state" || line.kind == "seal" || line.kind == "base";
    if (line.id.index.value > options_.to || (!of_no_index && line.id.index.value < options_.from)) return;
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
