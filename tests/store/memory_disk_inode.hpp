#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "store/memory_disk.hpp"
#include "store/memory_disk_image.hpp"

namespace parley::store {

// Numbers of sectors, as bits.
class SectorSet {
 public:
  void insert(std::uint64_t sector) {
    const auto word = static_cast<std::size_t>(sector / 64);
    if (word >= words_.size()) words_.resize(word + 1, 0);
    words_[word] |= std::uint64_t{1} << (sector % 64);
  }
  void clear() { words_.clear(); }

  template <class Visit>
  void for_each(Visit visit) const {   // in ascending order
    for (std::size_t word = 0; word < words_.size(); ++word) {
      for (std::uint64_t left = words_[word]; left != 0; left &= left - 1) {
        visit(word * 64 + static_cast<std::uint64_t>(std::countr_zero(left)));
      }
    }
  }

 private:
  std::vector<std::uint64_t> words_;
};

// One file: what the process sees, what is on the platter, and the sectors that may differ (memory_disk.hpp).
struct MemoryInode {
  MemoryImage current;   // what the process reads
  MemoryImage synced;    // what is on the platter
  SectorSet dirty;       // written since

  void write(std::uint64_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    if (offset + bytes.size() > current.size()) resize(offset + bytes.size());
    current.write(offset, bytes);
    mark(offset, offset + bytes.size());
  }

  void resize(std::uint64_t size) {
    // Growing over what a truncation took away: the platter still has the old bytes there, the process sees zeros.
    if (size > current.size()) mark(current.size(), std::min(size, synced.size()));
    current.resize(size);
  }

  void sync() {
    synced.resize(current.size());
    dirty.for_each([this](std::uint64_t sector) { keep(sector); });
    dirty.clear();
  }

  void keep(std::uint64_t sector) {   // this one reaches the platter
    const std::uint64_t offset = sector * sector_size;
    if (offset >= synced.size()) return;
    synced.write(offset, current.look(offset, sector_size, zeros()).substr(0, synced.size() - offset));
  }

  void mark(std::uint64_t begin, std::uint64_t end) {
    if (begin >= end) return;
    for (std::uint64_t sector = begin / sector_size; sector * sector_size < end; ++sector) dirty.insert(sector);
  }

  std::vector<std::uint64_t> differing() const {   // of the dirty ones: not those that were rewritten as they were
    std::vector<std::uint64_t> sectors;
    dirty.for_each([&](std::uint64_t sector) {
      const std::uint64_t offset = sector * sector_size;
      const auto before = synced.look(offset, sector_size, zeros());
      if (before != current.look(offset, sector_size, zeros())) sectors.push_back(sector);
    });
    return sectors;
  }

  // What a power cut leaves. Sectors survive by one of four patterns, the size by a coin.
  void crash(Random& random) {
    const std::uint64_t size = random.chance(0.5) ? current.size() : synced.size();
    const auto pattern = random.below(4);
    const auto sectors = differing();
    const std::uint64_t prefix = random.below(sectors.size() + 1);
    synced.resize(size);
    std::uint64_t number = 0;
    for (const auto sector : sectors) {
      const bool draw = random.chance(0.5);
      const bool survives = pattern == 1 || (pattern == 2 && number < prefix) || (pattern == 3 && draw);
      if (survives) keep(sector);
      ++number;
    }
    lose_unsynced();
  }

  void lose_unsynced() {
    current = synced;
    dirty.clear();
  }

  static std::string_view zeros() {
    static constexpr char bytes[sector_size] = {};
    return {bytes, sector_size};
  }
};

}  // namespace parley::store
