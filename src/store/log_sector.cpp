#include "store/log_sector.hpp"

#include <cstring>

#include "base/assert.hpp"
#include "base/checksum.hpp"
#include "base/codec.hpp"

namespace parley::store {
namespace {

constexpr std::size_t trailer_bytes = log_sector_bytes - log_sector_capacity;

// Zero at first, and each byte as the one before it.
bool all_zero(std::string_view bytes) {
  return bytes.empty() || (bytes.front() == '\0' && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

// Covers only the used bytes, so that a write torn within the sector leaves the old trailer fitting the old bytes.
std::uint64_t sector_checksum(std::string_view used_bytes, std::string_view numbers, std::uint64_t segment,
                              std::uint64_t number) {
  std::string covered;
  covered.reserve(64);
  Writer out(covered);
  out.u64(checksum(used_bytes));
  out.raw(numbers);
  out.u64(segment);
  out.u64(number);
  return checksum(covered);
}

}  // namespace

Sector examine_sector(std::string_view sector, std::uint64_t segment, std::uint64_t number) {
  PARLEY_ASSERT(sector.size() == log_sector_bytes, "a whole sector");
  const std::string_view trailer = sector.substr(log_sector_capacity);
  Sector result;
  if (all_zero(trailer)) {
    if (!all_zero(sector)) result.state = SectorState::torn;
    return result;
  }
  Reader in(trailer);
  result.batch = in.u32();
  const std::size_t used = in.u16();
  result.first_record = in.u16();
  const std::uint64_t stored = in.u64();
  result.state = SectorState::damaged;
  if (used == 0 || used > log_sector_capacity || result.batch == 0) return result;
  result.bytes = sector.substr(0, used);
  const auto numbers = trailer.substr(0, trailer_bytes - 8);
  if (sector_checksum(result.bytes, numbers, segment, number) == stored) result.state = SectorState::written;
  return result;
}

void append_sector(std::string& out, const SectorContent& content, std::uint64_t segment, std::uint64_t number) {
  PARLEY_ASSERT(!content.bytes.empty() && content.bytes.size() <= log_sector_capacity, "a sector that has content");
  PARLEY_ASSERT(content.batch > 0, "batches are numbered from 1");
  std::string numbers;
  Writer writer(numbers);
  writer.u32(content.batch);
  writer.u16(static_cast<std::uint16_t>(content.bytes.size()));
  writer.u16(content.first_record);
  const std::uint64_t sum = sector_checksum(content.bytes, numbers, segment, number);
  out += content.bytes;
  out.append(log_sector_capacity - content.bytes.size(), '\0');
  out += numbers;
  Writer(out).u64(sum);
}

}  // namespace parley::store
