#include "sim/lost_write.hpp"

#include <algorithm>
#include <vector>

#include "base/assert.hpp"
#include "node/data_directory.hpp"
#include "store/log_scan.hpp"

namespace parley::sim {
namespace {

using Batch = std::vector<store::LogRecord>;

std::vector<Batch> batches_of(const store::SegmentScan& scan) {
  std::vector<Batch> batches(1);
  for (const auto& record : scan.records) {
    batches.back().push_back(record);
    if (record.last_of_batch) batches.emplace_back();
  }
  batches.pop_back();
  return batches;
}

bool is_vote(const Batch& batch) { return batch.size() == 1 && batch[0].kind == store::RecordKind::hard_state; }

// As the log wrote them, one after the other, into a file of zeros.
std::string written(const store::SegmentHeader& header, std::string_view head, std::vector<Batch> batches) {
  std::string bytes(head);
  bytes.resize(header.bytes, '\0');
  store::SegmentCursor cursor;
  cursor.chain = header.chain;
  for (Batch& batch : batches) {
    auto encoded = store::encode_batch(cursor, header.number, batch);
    bytes.replace(encoded.offset, encoded.sectors.size(), encoded.sectors);
    cursor = std::move(encoded.after);
  }
  return bytes;
}

}  // namespace

std::optional<LostWrite> without_last_votes(const store::MemoryDisk& disk, std::size_t most) {
  const auto copy = disk.clone();
  if (!copy->exists(node::log_directory)) return std::nullopt;
  const auto numbers = store::segment_numbers(*copy, node::log_directory);
  if (numbers.empty()) return std::nullopt;
  LostWrite lost{store::segment_path(node::log_directory, numbers.back()), {}};
  const auto scan = store::scan_segment(*copy, lost.path);
  if (!scan.ok() || scan->sealed || !scan->torn.empty()) return std::nullopt;
  auto batches = batches_of(*scan);
  std::size_t votes = 0;
  while (votes < most && votes + 1 < batches.size() && is_vote(batches[batches.size() - 1 - votes])) ++votes;
  if (votes == 0) return std::nullopt;

  const std::string now = copy->contents(lost.path);
  const auto head = std::string_view(now).substr(0, store::log_sector_bytes);
  PARLEY_ASSERT(written(scan->header, head, batches) == now, "what is written again is what was there");
  batches.resize(batches.size() - votes);
  lost.bytes = written(scan->header, head, std::move(batches));
  return lost;
}

}  // namespace parley::sim
