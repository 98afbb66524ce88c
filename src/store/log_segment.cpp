#include "store/log_segment.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "base/checksum.hpp"
#include "base/codec.hpp"
#include "base/mutant.hpp"

namespace parley::store {
namespace {

constexpr std::string_view magic = "PARLEYWL";
constexpr std::size_t checksum_offset = log_sector_bytes - 8;
constexpr std::size_t digits = 10;   // of a segment's number in its name

std::uint64_t sector_of(std::uint64_t stream_offset) { return 1 + stream_offset / log_sector_capacity; }

}  // namespace

SegmentSpan span_of(const SegmentHeader& header) {
  SegmentSpan span;
  span.number = header.number;
  span.bytes = header.bytes;
  span.version = header.version;
  span.base = header.first_index.previous();
  return span;
}

std::string encode(const SegmentHeader& header) {
  std::string sector;
  Writer out(sector);
  out.raw(magic);
  out.u32(header.version);
  out.u32(log_sector_bytes);
  out.u64(header.number);
  out.u64(header.bytes);
  out.u64(header.first_index.value);
  out.u64(header.chain);
  if (header.version > 1) out.u64(header.begins);
  sector.resize(checksum_offset, '\0');
  out.u64(checksum(sector));
  return sector;
}

Result<SegmentHeader, Refusal> decode_segment_header(std::string_view sector) {
  if (sector.size() < log_sector_bytes) return damage("is too short to hold a segment header");
  if (sector.substr(0, magic.size()) != magic) return damage("does not begin as a log segment of Parley does");
  if (Reader(sector.substr(checksum_offset)).u64() != checksum(sector.substr(0, checksum_offset))) {
    return damage("is damaged at byte 0: the checksum of the segment header does not fit");
  }
  Reader in(sector.substr(magic.size()));
  SegmentHeader header;
  header.version = in.u32();
  if (header.version < 1 || header.version > log_version) {
    return refusal({"has format version " + std::to_string(header.version) + ", this program reads versions 1 to " +
                    std::to_string(log_version) + ": start it with the version of Parley that wrote it, or newer"});
  }
  const std::uint32_t sector_bytes = in.u32();
  header.number = in.u64();
  header.bytes = in.u64();
  header.first_index = Index(in.u64());
  header.chain = in.u64();
  header.begins = header.version > 1 ? in.u64() : 1;
  const bool size_fits = header.bytes >= 2 * log_sector_bytes && header.bytes <= segment_bytes_max &&
                         header.bytes % log_sector_bytes == 0;
  if (sector_bytes != log_sector_bytes || !size_fits) {
    return damage("is damaged at byte 0: the segment header states impossible sizes");
  }
  if (header.begins < 1 || header.begins > header.number) {
    return damage("is damaged at byte 0: the segment header says that the log begins after it");
  }
  return header;
}

std::string segment_path(const std::string& directory, std::uint64_t number) {
  const std::string text = std::to_string(number);
  return directory + "/" + std::string(digits - std::min(digits, text.size()), '0') + text + ".wal";
}

EncodedBatch encode_batch(const SegmentCursor& cursor, std::uint64_t segment, std::vector<LogRecord>& records) {
  PARLEY_ASSERT(!records.empty(), "a batch that has records");
  records.back().last_of_batch = true;
  std::string stream = cursor.open_sector;   // written once more, with what the batch adds to it
  stream.reserve(stream.size() + stream_bytes(records));
  EncodedBatch batch;
  batch.after.chain = cursor.chain;
  batch.after.batch = cursor.batch + 1;
  batch.after.end = cursor.end + stream_bytes(records);
  std::vector<std::size_t> begins;   // of the records, in `stream`
  for (const auto& record : records) {
    begins.push_back(stream.size());
    append_record(stream, batch.after.chain, record);
  }

  std::uint64_t number = sector_of(cursor.end);
  batch.offset = number * log_sector_bytes;
  std::uint16_t first_record = cursor.first_record;
  auto begin = begins.begin();
  for (std::size_t at = 0; at < stream.size(); at += log_sector_capacity, ++number) {
    const auto bytes = std::string_view(stream).substr(at, log_sector_capacity);
    while (begin != begins.end() && *begin < at + bytes.size()) {
      if (first_record == no_record_begins) first_record = static_cast<std::uint16_t>(*begin - at);
      ++begin;
    }
    append_sector(batch.sectors, {bytes, batch.after.batch, first_record}, segment, number);
    if (bytes.size() < log_sector_capacity) {
      batch.after.open_sector = bytes;
      batch.after.first_record = first_record;
    }
    first_record = no_record_begins;
  }
  return batch;
}

std::uint64_t stream_bytes(const std::vector<LogRecord>& records) {
  std::uint64_t bytes = 0;
  for (const auto& record : records) bytes += record_header_bytes + record.payload.size();
  return bytes;
}

std::uint64_t stream_capacity(std::uint64_t segment_bytes) {
  return (segment_bytes / log_sector_bytes - 1) * log_sector_capacity;
}

std::uint64_t segment_bytes_for(std::uint64_t stream_bytes) {
  const std::uint64_t wanted = stream_bytes + record_header_bytes;   // the seal
  return (1 + (wanted + log_sector_capacity - 1) / log_sector_capacity) * log_sector_bytes;
}

LogSegment::LogSegment(std::unique_ptr<File> file, const SegmentHeader& header, SegmentCursor cursor)
    : file_(std::move(file)), header_(header), cursor_(std::move(cursor)) {}

namespace {

void remove_if_possible(Disk& disk, const std::string& path) {
  try {
    disk.remove(path);
  } catch (const DiskError&) {   // the next attempt begins with that
  }
}

}  // namespace

LogSegment LogSegment::create(Disk& disk, const std::string& directory, const SegmentHeader& header,
                              std::string_view sectors, SegmentCursor cursor) {
  const std::string path = segment_path(directory, header.number);
  const std::string temporary = path + ".new";
  disk.remove(temporary);   // of an attempt that was cut short
  std::unique_ptr<File> file;
  try {
    file = disk.open(temporary, OpenMode::create);
    file->allocate(header.bytes);
    file->write_at(0, encode(header) + std::string(sectors));
    file->sync();
  } catch (const DiskError&) {   // of the space that was asked for some may have been given: others need it now
    remove_if_possible(disk, temporary);
    throw;
  }
  disk.rename(temporary, path);
  if (!PARLEY_MUTANT(new_segment_name_is_not_synced)) disk.sync_directory(directory);
  return LogSegment(std::move(file), header, std::move(cursor));
}

bool LogSegment::fits(const std::vector<LogRecord>& records) const {
  return cursor_.end + stream_bytes(records) + record_header_bytes <= stream_capacity(header_.bytes);
}

void LogSegment::write(std::vector<LogRecord> records) {
  EncodedBatch batch = encode_batch(cursor_, header_.number, records);
  PARLEY_ASSERT(batch.offset + batch.sectors.size() <= header_.bytes, "a batch never spans two segments");
  file_->write_at(batch.offset, batch.sectors);
  if (!PARLEY_MUTANT(log_is_not_synced)) file_->sync();
  cursor_ = std::move(batch.after);
}

}  // namespace parley::store
