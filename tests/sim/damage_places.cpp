#include "sim/damage_places.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/codec.hpp"
#include "node/data_directory.hpp"
#include "node/machine_services.hpp"
#include "node/scrubber.hpp"
#include "sim/cluster.hpp"
#include "store/archive.hpp"
#include "store/set_aside.hpp"
#include "store/write_ahead_log.hpp"
#include "wire/raft_codec.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration talk_before = 60s;     // so that there is something to be damaged
constexpr Duration talk_between = 5s;
constexpr Duration unnoticed_for = 15s;   // besides the scrub's rounds: longer than the time to a checkpoint
constexpr Duration repair_bound = 180s;
constexpr Duration look_interval = 100ms;

struct Place {
  std::string file;
  std::uint64_t byte = 0;
};

// What log and archive of a disk say, to be compared.
struct Said {
  raft::Durable durable;
  store::ArchivePosition position;
  std::vector<chat::RecordRow> records;
  std::vector<chat::MessageRow> messages;
};

std::vector<chat::MessageRow> all_messages(store::Archive& archive) {
  std::vector<chat::MessageRow> rows;
  const auto reader = archive.reader();
  for (chat::MessageId after;;) {
    const auto page = reader->page(after, store::rows_max);
    if (page.empty()) return rows;
    after = page.back().id;
    rows.insert(rows.end(), page.begin(), page.end());
  }
}

Result<Said> read_disk(const store::MemoryDisk& disk) {
  const auto copy = disk.clone();
  Said said;
  try {
    auto log = store::WriteAheadLog::open(*copy, node::log_directory);
    if (!log.ok()) return log.error();
    said.durable = std::move(log->durable);
    auto archive = store::Archive::open(*copy, node::archive_file);
    if (!archive.ok()) return archive.error();
    if (const auto sound = archive->archive->scrub(); !sound.ok()) return sound.error();
    said.position = archive->position;
    said.records = std::move(archive->records);
    said.messages = all_messages(*archive->archive);
  } catch (const store::ArchiveDamaged& damage) {
    return Error{damage.what()};
  }
  return said;
}

std::string bytes_of(const raft::Entry& entry) {
  std::string bytes;
  Writer out(bytes);
  wire::write(out, entry);
  return bytes;
}

bool same(const raft::Durable& one, const raft::Durable& other) {
  return one.hard_state == other.hard_state && one.base == other.base &&
         std::ranges::equal(one.entries, other.entries, {}, bytes_of, bytes_of);
}

bool same(const Said& one, const Said& other) {
  return same(one.durable, other.durable) && one.position.applied == other.position.applied &&
         one.position.chain == other.position.chain && one.records == other.records && one.messages == other.messages;
}

// SQLite ends at the first frame that does not verify; what was written behind it, and not yet checkpointed, the log
// still has. (Here people only send: an earlier archive holds the first of the later one's rows.)
bool only_undone(const Said& before, const Said& after) {
  return same(before.durable, after.durable) && after.position.applied.index < before.position.applied.index &&
         after.position.applied.index >= after.durable.base.index &&
         after.messages.size() <= before.messages.size() &&
         std::equal(after.messages.begin(), after.messages.end(), before.messages.begin());
}

class Bench {
 public:
  explicit Bench(std::uint64_t seed) : random_(seed), cluster_(seed, options()), talker_(cluster_.add_client("anna")) {}

  DamageTally run(std::size_t places) {
    talker_.begin("#ops", 200ms);
    if (!cluster_.run_until_leader(30s)) return wrong("no leader");
    cluster_.world().run_for(talk_before);
    for (std::size_t i = 0; i < places && !tally_.wrong; ++i) one_place(i, places);
    talker_.finish();
    cluster_.world().run_for(5s);
    if (!tally_.wrong) compare_what_was_told();
    return tally_;
  }

 private:
  static ClusterOptions options() {
    ClusterOptions options;
    options.log_segment_bytes = 16 * 1024;
    options.log_keep_entries = 150;
    options.checkpoint_interval = milliseconds(2000);
    options.scrub_interval = milliseconds(3000);
    return options;
  }

  DamageTally wrong(const std::string& what) {
    if (!tally_.wrong) tally_.wrong = what;
    return tally_;
  }

  SimNode& victim(std::size_t number) { return cluster_.node(1 + number % cluster_.size()); }

  void one_place(std::size_t number, std::size_t places) {
    SimNode& node = victim(number);
    if (number % 2 == 0) node.kill();
    else node.crash();
    const double share = (static_cast<double>(number) + random_.unit()) / static_cast<double>(places);
    const Place place = choose(node, random_.chance(0.5), share);
    const auto before = read_disk(node.disk());
    if (!before.ok()) return void(wrong("before the flip: " + before.error().message));
    node.disk().flip(place.file, place.byte * 8 + random_.below(8));
    const auto after = read_disk(node.disk());
    ++tally_.places;
    tally_.in_log += place.file.starts_with("log/") ? 1 : 0;
    const std::string name = "node " + std::to_string(node.id().value) + ", " + place.file + " byte " +
                             std::to_string(place.byte) + ": ";
    const auto was = incarnation_on(node);
    const auto refused = node.try_start();
    if (refused) return void(wrong(name + "it does not start: " + *refused));
    const bool at_start = incarnation(node) != was;
    const TimePoint begin = cluster_.world().now();
    // Where nothing changed there is nothing to be found; where it did, time enough to find it.
    const auto found = [&] { return changed(node, was); };
    const bool meaningless = after.ok() && same(*before, *after);
    const bool undone = after.ok() && !meaningless && only_undone(*before, *after);
    cluster_.world().run_until(found, meaningless || undone ? talk_between : unnoticed_for + two_rounds(node));
    const bool noticed = found();
    const bool overwritten = !noticed && !meaningless && !undone && node.running() && archive_of(node).scrub().ok();
    if (!noticed && !meaningless && !undone && !overwritten) {
      return void(wrong(name + "not noticed, though it matters" + (after.ok() ? "" : ": " + after.error().message)));
    }
    tally_.found_at_start += at_start ? 1 : 0;
    tally_.found_running += noticed && !at_start ? 1 : 0;
    tally_.meaningless += !noticed && meaningless ? 1 : 0;
    tally_.undone += !noticed && undone ? 1 : 0;
    tally_.overwritten += overwritten ? 1 : 0;
    if (!whole_again()) return void(wrong(name + "not a voter again, or not equal to the others"));
    const double took = std::chrono::duration<double>(cluster_.world().now() - begin).count();
    if (noticed) tally_.slowest_repair_seconds = std::max(tally_.slowest_repair_seconds, took);
    cluster_.world().run_for(talk_between);
  }

  static Duration two_rounds(SimNode& node) {
    std::uint64_t bytes = node.disk().contents(node::archive_file).size();
    for (const auto& name : node.disk().list(node::log_directory)) {
      bytes += node.disk().contents(std::string(node::log_directory) + "/" + name).size();
    }
    const auto parts = static_cast<std::int64_t>(bytes / store::scrub_part_bytes + 10);
    return 2 * (options().scrub_interval + parts * node::Scrubber::part_pause);
  }

  // At this share of all bytes of its log, or of its archive.
  static Place choose(SimNode& node, bool in_log, double share) {
    std::vector<std::pair<std::string, std::uint64_t>> files;
    std::uint64_t total = 0;
    const auto add = [&](const std::string& file) {
      if (file.ends_with(store::aside_suffix)) return;
      files.emplace_back(file, node.disk().contents(file).size());
      total += files.back().second;
    };
    for (const auto& name : node.disk().list(in_log ? node::log_directory : "")) {
      if (in_log || name.starts_with(node::archive_file)) add(in_log ? std::string("log/") + name : name);
    }
    auto at = static_cast<std::uint64_t>(share * static_cast<double>(total));
    for (const auto& [file, size] : files) {
      if (at < size) return {file, at};
      at -= size;
    }
    return {files.front().first, 0};
  }

  static store::Archive& archive_of(SimNode& node) {
    return node.node().machine().services().archiver.archive();
  }

  static Incarnation incarnation_on(SimNode& node) { return (*store::load_identity(node.disk()))->incarnation; }
  static Incarnation incarnation(SimNode& node) { return node.node().replication().identity().incarnation; }

  static bool changed(SimNode& node, Incarnation was) {
    return node.running() && !node.node().between_lives() && incarnation(node) != was;
  }

  // All three vote, as who they are now, and have the same state.
  bool whole_again() {
    TimePoint look_at{};
    const auto whole = [this, &look_at] {
      if (cluster_.world().now() < look_at) return false;
      look_at = cluster_.world().now() + look_interval;
      return all_vote() && all_equal();
    };
    return cluster_.world().run_until(whole, repair_bound);
  }

  bool all_vote() {
    SimNode* leader = cluster_.leader();
    if (leader == nullptr) return false;
    const auto configuration = leader->node().replication().status().configuration;
    for (std::size_t i = 1; i <= cluster_.size(); ++i) {
      SimNode& node = cluster_.node(i);
      if (!node.running() || node.node().between_lives()) return false;
      if (!configuration->is_voter(ServerId{node.id(), incarnation(node)})) return false;
    }
    return true;
  }

  bool all_equal() {
    const auto digest = [this](std::size_t i) {
      const auto& applier = cluster_.node(i).node().machine().services().applier;
      return std::make_pair(applier.applied(), applier.chain());
    };
    for (std::size_t i = 2; i <= cluster_.size(); ++i) {
      if (digest(i) != digest(1)) return false;
      const auto state = [this](std::size_t j) {
        return cluster_.node(j).node().machine().services().applier.state().digest();
      };
      if (state(i) != state(1)) return false;
    }
    return true;
  }

  // Nobody was ever told anything else than what was written: under each number one text, on every node the same.
  void compare_what_was_told() {
    std::map<std::uint64_t, std::string> told;
    for (const auto& message : talker_.received()) {
      const auto known = told.emplace(message.number, message.text);
      if (known.first->second != message.text) wrong("two texts were told under one number");
      if (!message.text.starts_with("anna ")) wrong("a text was told that nobody wrote: " + message.text);
    }
    const auto kept = all_messages(archive_of(cluster_.node(1)));
    for (std::size_t i = 2; i <= cluster_.size(); ++i) {
      if (all_messages(archive_of(cluster_.node(i))) != kept) wrong("the archives differ in the end");
    }
    std::set<std::string> texts;
    for (const auto& row : kept) {
      const auto known = told.find(row.number.value);
      if (known != told.end() && known->second != row.text) wrong("a row is not what was told");
      texts.insert(row.text);
    }
    for (const auto& text : talker_.acknowledged()) {
      if (!texts.contains(text)) wrong("an acknowledged message is missing: " + text);
    }
  }

  Random random_;
  SimCluster cluster_;
  SimClient& talker_;
  DamageTally tally_;
};

}  // namespace

DamageTally flip_bits(std::uint64_t seed, std::size_t places) { return Bench(seed).run(places); }

}  // namespace parley::sim
