#include <cerrno>

#include "sim/nemesis.hpp"
#include "store/identity.hpp"
#include "store/set_aside.hpp"

namespace parley::sim {
namespace {

using Operation = store::MemoryDisk::Operation;

constexpr std::uint64_t operation_most = 60;   // till the one that fails
constexpr std::uint64_t nearly_full_bytes = 1024 * 1024;   // less than disk_free_min_mb
constexpr std::uint64_t slow_least = 10;
constexpr std::uint64_t slow_most = 50;

// Where the bytes that were ever written end: a preallocated file is zeros from there.
std::size_t written_size(const std::string& bytes) {
  const auto last = bytes.find_last_not_of('\0');
  return last == std::string::npos ? 0 : last + 1;
}

}  // namespace

bool Nemesis::disk_fault(const FaultEvent& event, Random& random) {
  SimNode& node = any_node(random);
  switch (event.fault) {
    case Fault::disk_stall: {
      if (!node.running()) return false;
      const bool all = random.chance(0.4);
      const auto lane = random.chance(0.6) ? net::Lane::log : net::Lane::archive;
      say("the disk of node " + std::to_string(node.id().value) + " hangs for " +
          std::to_string(event.lasts.count() / 1'000'000) + " ms");
      for (const auto each : {net::Lane::log, net::Lane::archive, net::Lane::pages}) {
        if (all || each == lane) node.stall(each, event.lasts);
      }
      return true;
    }
    case Fault::slow_disk: {
      const auto factor = static_cast<std::int64_t>(random.between(slow_least, slow_most));
      for (auto& [lane, delay] : node.delays()) {
        if (lane == net::Lane::password) continue;
        delay.least *= factor;
        delay.most *= factor;
      }
      say("the disk of node " + std::to_string(node.id().value) + " is slow from its next start on");
      return true;
    }
    case Fault::write_error:
    case Fault::sync_error:
    case Fault::read_error:
    case Fault::disk_full: fail_disk(node, event, random); return true;
    case Fault::disk_full_heals: fill_disks(node, event.lasts, random); return true;
    case Fault::snapshots: return true;   // a matter of the cluster's options: make_plan()
    case Fault::rot_log:
    case Fault::rot_archive:
    case Fault::misdirected:
    case Fault::log_hole: damage(node, event, random); return true;
    default: return false;
  }
}

void Nemesis::fail_disk(SimNode& node, const FaultEvent& event, Random& random) {
  store::MemoryDisk::Fault fault;
  fault.nth = 1 + random.below(operation_most);
  // Whole sectors, from the sector that the write begins with: what the sector held before is then not harmed.
  fault.bytes_done = store::sector_size * random.below(5);
  fault.error_number = event.fault == Fault::disk_full ? ENOSPC : EIO;
  fault.path = random.chance(0.6) ? "log" : "";
  fault.operation = Operation::write;
  if (event.fault == Fault::sync_error) fault.operation = Operation::sync;
  if (event.fault == Fault::read_error) fault.operation = Operation::read;
  if (event.fault == Fault::disk_full && random.chance(0.3)) fault.operation = Operation::allocate;
  const auto fail = [this, fault](SimNode& failing) {
    care(failing).may_end = true;
    failing.disk().fail(fault);
  };
  say(std::string(info(event.fault).name) + " on node " + std::to_string(node.id().value));
  if (event.fault != Fault::read_error && node.running() && random.chance(0.8)) return fail(node);
  if (node.running()) node.kill();   // else while it starts
  care(node).before_start = fail;
  restart_after(node, event.lasts);
}

// One disk has no space left for anything new, or one or all of them too little to lead with.
void Nemesis::fill_disks(SimNode& node, Duration lasts, Random& random) {
  const bool none = random.chance(0.5);
  const bool all = !none && random.chance(0.4);
  for (std::size_t i = 1; i <= cluster_.size(); ++i) {
    SimNode& filled = cluster_.node(i);
    if (!all && &filled != &node) continue;
    say("the disk of node " + std::to_string(i) + (none ? " is full" : " is nearly full"));
    filled.disk().set_free_bytes(none ? 0 : nearly_full_bytes);
    if (none) care(filled).full = care(filled).was_full = true;
    const std::uint64_t number = ++care(filled).fills;
    hold(lasts, [this, &filled, number] {
      say("there is space on the disk of node " + std::to_string(filled.id().value));
      filled.disk().set_free_bytes(store::MemoryDisk::plenty);
      if (care(filled).fills == number) care(filled).full = false;   // else it has been filled again
    });
  }
}

// Of the data at rest, while the node is down. At most a minority is ever touched. What is damaged may be damaged
// again, while it is filled anew too.
void Nemesis::damage(SimNode& node, const FaultEvent& event, Random& random) {
  note_all_beliefs();
  if (care(node).broken || care(node).elsewhere || (!care(node).damaged && !may_lose(node))) return;
  if (node.running()) {
    if (random.chance(0.5)) node.crash();
    else node.kill();
  }
  restart_after(node, event.lasts);
  std::string file = random.chance(0.7) ? "archive.db" : "archive.db-wal";
  if (event.fault != Fault::rot_archive) {
    auto files = node.disk().exists("log") ? node.disk().list("log") : std::vector<std::string>();
    std::erase_if(files, [](const auto& name) { return name.ends_with(store::aside_suffix); });
    if (files.empty()) return;
    file = "log/" + files[random.below(files.size())];
  }
  const auto identity = store::load_identity(node.disk());
  if (!node.disk().exists(file) || !identity.ok() || !*identity) return;
  bool done = false;
  if (event.fault == Fault::misdirected) done = misdirect(node, file, random);
  else if (event.fault == Fault::log_hole) done = lose_part(node, file, random);
  else done = rot(node, file, random);
  if (!done) return;
  care(node).damaged = true;
  care(node).damaged_as = (*identity)->incarnation;
  say(std::string(info(event.fault).name) + " in " + file + " of node " + std::to_string(node.id().value));
  if (on_harm_) on_harm_(node.id());
}

bool Nemesis::rot(SimNode& node, const std::string& file, Random& random) {
  const std::size_t size = written_size(node.disk().contents(file));
  if (size == 0) return false;
  for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips) node.disk().flip(file, random.below(size * 8));
  return true;
}

bool Nemesis::lose_part(SimNode& node, const std::string& file, Random& random) {
  if (random.chance(0.5)) {
    node.disk().remove(file);
    node.disk().sync_directory("log");
    return true;
  }
  std::string bytes = node.disk().contents(file);
  bytes.resize(random.below(bytes.size() + 1));
  node.disk().overwrite(file, std::move(bytes));
  return true;
}

bool Nemesis::misdirect(SimNode& node, const std::string& file, Random& random) {
  std::string bytes = node.disk().contents(file);
  const std::size_t sectors = written_size(bytes) / store::sector_size;
  if (sectors < 2) return false;
  const std::size_t from = random.below(sectors) * store::sector_size;
  const std::size_t to = random.below(sectors) * store::sector_size;
  if (from == to) return false;
  bytes.replace(to, store::sector_size, bytes.substr(from, store::sector_size));
  node.disk().overwrite(file, std::move(bytes));
  return true;
}

}  // namespace parley::sim
