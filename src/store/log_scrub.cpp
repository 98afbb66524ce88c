#include "store/log_scrub.hpp"

#include <algorithm>

#include "store/log_sector.hpp"
#include "store/log_segment.hpp"

namespace parley::store {
namespace {

constexpr std::uint64_t part_sectors = scrub_part_bytes / log_sector_bytes;

class SegmentPart {
 public:
  SegmentPart(const SegmentSpan& span, bool last, std::uint32_t batch) : span_(span), last_(last), batch_(batch) {}

  std::uint32_t batch() const { return batch_; }

  std::optional<std::string> wrong_with(std::string_view sector, std::uint64_t number) {
    if (sector.size() < log_sector_bytes) return at(number) + "the file ends there";
    const auto wrong = number == 0 ? wrong_with_header(sector) : wrong_with_stream(sector, number);
    if (wrong) return at(number) + *wrong;
    return std::nullopt;
  }

 private:
  static std::string at(std::uint64_t number) {
    return "is damaged at byte " + std::to_string(number * log_sector_bytes) + ": ";
  }

  std::optional<std::string> wrong_with_header(std::string_view sector) const {
    const auto header = decode_segment_header(sector);
    if (!header.ok()) return "its header " + header.error().message;
    if (header->number != span_.number || header->bytes != span_.bytes) return "its header is another segment's";
    return std::nullopt;
  }

  std::optional<std::string> wrong_with_stream(std::string_view bytes, std::uint64_t number) {
    const Sector sector = examine_sector(bytes, span_.number, number);
    if (sector.state == SectorState::damaged) return "the checksum of the sector does not fit";
    const std::uint64_t begin = (number - 1) * log_sector_capacity;
    if (begin >= span_.end) return wrong_behind_end(sector);
    if (sector.state != SectorState::written) return "what was written there is gone";
    if (sector.bytes.size() != std::min<std::uint64_t>(log_sector_capacity, span_.end - begin)) {
      return "the sector is older than what follows it";
    }
    if (sector.batch < batch_) return "the sector is older than the one before it";
    batch_ = sector.batch;
    return std::nullopt;
  }

  // The segment that is written to: what the next batch overwrites whole.
  std::optional<std::string> wrong_behind_end(const Sector& sector) const {
    const bool harmless = sector.state == SectorState::blank || (last_ && sector.state == SectorState::torn);
    if (harmless) return std::nullopt;
    return "something follows the segment's end";
  }

  const SegmentSpan& span_;
  bool last_;
  std::uint32_t batch_;
};

std::optional<std::string> scrub_sectors(File& file, std::uint64_t first, std::uint64_t count, SegmentPart& part) {
  std::string bytes(count * log_sector_bytes, '\0');
  file.forget_cached(first * log_sector_bytes, bytes.size());
  bytes.resize(file.read_at(first * log_sector_bytes, bytes.data(), bytes.size()));
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t offset = std::min<std::size_t>(i * log_sector_bytes, bytes.size());
    auto wrong = part.wrong_with(std::string_view(bytes).substr(offset, log_sector_bytes), first + i);
    if (wrong) return wrong;
  }
  return std::nullopt;
}

}  // namespace

ScrubbedPart scrub_log_part(Disk& disk, const std::string& directory, const std::vector<SegmentSpan>& spans,
                            ScrubPlace from) {
  // The segment may have been given up since.
  const auto span = std::ranges::lower_bound(spans, from.segment, {}, &SegmentSpan::number);
  ScrubbedPart done;
  if (span == spans.end()) return done;
  if (span->number != from.segment) from = {span->number, 0, 0};
  const std::string path = segment_path(directory, span->number);
  const std::uint64_t sectors = span->bytes / log_sector_bytes;
  const std::uint64_t count = std::min(part_sectors, sectors - std::min(sectors, from.sector));
  SegmentPart part(*span, span + 1 == spans.end(), from.batch);
  done.segment = span->number;
  done.bytes = count * log_sector_bytes;
  try {
    const auto file = disk.open(path, OpenMode::read);
    auto wrong = scrub_sectors(*file, from.sector, count, part);
    if (wrong) done.damage = disk.describe(path) + " " + *wrong;
  } catch (const DiskError& error) {
    done.damage = std::string(error.what()) + ": the file can't be read";
  }
  const bool whole = done.damage || from.sector + count >= sectors;
  if (!whole) done.next = ScrubPlace{span->number, from.sector + count, part.batch()};
  if (whole && span + 1 != spans.end()) done.next = ScrubPlace{span->number + 1, 0, 0};
  return done;
}

}  // namespace parley::store
