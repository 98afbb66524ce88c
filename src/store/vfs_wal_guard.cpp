#include "store/vfs_wal_guard.hpp"

#include <algorithm>

#include "base/checksum.hpp"
#include "store/page_checksum.hpp"

namespace parley::store {

namespace {

constexpr std::uint64_t frame_size = WalGuard::frame_header_size + page_size;

struct Part {
  std::size_t number;
  std::uint64_t begin;
  std::uint64_t end;
};

Part part_at(std::uint64_t offset) {
  if (offset < WalGuard::file_header_size) return {0, 0, WalGuard::file_header_size};
  const std::uint64_t frame = (offset - WalGuard::file_header_size) / frame_size;
  const std::uint64_t begin = WalGuard::file_header_size + frame * frame_size;
  const std::uint64_t page = begin + WalGuard::frame_header_size;
  if (offset < page) return {static_cast<std::size_t>(2 * frame + 1), begin, page};
  return {static_cast<std::size_t>(2 * frame + 2), page, begin + frame_size};
}

std::uint64_t sum_of(std::string_view bytes) { return std::max<std::uint64_t>(checksum(bytes), 1); }

}  // namespace

// visit(part number, its offset, its bytes); no bytes where only some of the part lie in the range.
template <class Visit>
void WalGuard::for_each_part(std::uint64_t offset, std::string_view bytes, Visit visit) {
  const std::uint64_t end = offset + bytes.size();
  for (std::uint64_t at = offset; at < end;) {
    const Part part = part_at(at);
    const bool whole = part.begin >= offset && part.end <= end;
    const auto content = whole ? bytes.substr(part.begin - offset, part.end - part.begin) : std::string_view();
    visit(part.number, part.begin, content);
    at = part.end;
  }
}

void WalGuard::written(std::uint64_t offset, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  for_each_part(offset, bytes, [this](std::size_t number, std::uint64_t, std::string_view part) {
    if (number >= sums_.size()) sums_.resize(number + 1, 0);
    sums_[number] = part.empty() ? 0 : sum_of(part);
  });
}

std::optional<std::uint64_t> WalGuard::changed_since(std::uint64_t offset, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  std::optional<std::uint64_t> changed;
  for_each_part(offset, bytes, [this, &changed](std::size_t number, std::uint64_t begin, std::string_view part) {
    if (part.empty() || changed) return;
    if (number >= sums_.size()) sums_.resize(number + 1, 0);
    const std::uint64_t sum = sum_of(part);
    if (sums_[number] == 0) sums_[number] = sum;
    if (sums_[number] != sum) changed = begin;
  });
  return changed;
}

void WalGuard::truncated(std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  const Part first_gone = part_at(size);
  if (first_gone.number < sums_.size()) sums_.resize(first_gone.number);
}

}  // namespace parley::store
