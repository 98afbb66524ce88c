#include "store/log_record.hpp"

#include <utility>

#include "base/assert.hpp"
#include "base/checksum.hpp"
#include "base/codec.hpp"

namespace parley::store {
namespace {

constexpr std::uint8_t flag_last_of_batch = 1;
constexpr std::size_t chained_bytes = 32;   // of the header

bool known(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(RecordKind::entry) && kind <= static_cast<std::uint8_t>(RecordKind::trim);
}

ReadRecord damaged(ReadRecord read, std::string what) {
  read.outcome = ReadRecord::Outcome::damaged;
  read.what = std::move(what);
  return read;
}

std::string name_of(raft::EntryId id) {
  return "entry " + std::to_string(id.index.value) + " of term " + std::to_string(id.term.value);
}

}  // namespace

LogRecord entry_record(const raft::Entry& entry) {
  LogRecord record{RecordKind::entry, false, entry.id, {}};
  Writer out(record.payload);
  wire::write(out, entry);
  return record;
}

LogRecord hard_state_record(const raft::HardState& hard_state) {
  LogRecord record{RecordKind::hard_state, false, {hard_state.current_term, Index(0)}, {}};
  Writer out(record.payload);
  wire::write(out, hard_state);
  return record;
}

LogRecord truncation_record(Index from) { return {RecordKind::truncation, false, {Term(0), from}, {}}; }

LogRecord base_record(const raft::LogBase& base) {
  LogRecord record{RecordKind::base, false, base.id, {}};
  Writer out(record.payload);
  out.i64(base.time.ms);
  out.u64(base.configuration_index.value);
  out.boolean(base.configuration != nullptr);
  if (base.configuration) wire::write(out, *base.configuration);
  return record;
}

LogRecord seal_record(raft::EntryId last) { return {RecordKind::seal, false, last, {}}; }

LogRecord trim_record(raft::EntryId base, std::uint64_t first_segment) {
  LogRecord record{RecordKind::trim, false, base, {}};
  Writer(record.payload).u64(first_segment);
  return record;
}

std::optional<raft::Entry> entry_of(const LogRecord& record) {
  Reader in(record.payload);
  raft::Entry entry = wire::read_entry(in);
  if (!in.done() || entry.id != record.id) return std::nullopt;
  return entry;
}

std::optional<raft::HardState> hard_state_of(const LogRecord& record) {
  Reader in(record.payload);
  const raft::HardState hard_state = wire::read_hard_state(in);
  if (!in.done()) return std::nullopt;
  return hard_state;
}

std::optional<raft::LogBase> base_of(const LogRecord& record, std::uint32_t version) {
  Reader in(record.payload);
  raft::LogBase base;
  base.id = record.id;
  if (version > 1) {
    base.time = LogTime{in.i64()};
    base.configuration_index = Index(in.u64());
  }
  if (in.boolean()) base.configuration = std::make_shared<const raft::Configuration>(wire::read_configuration(in));
  if (!in.done()) return std::nullopt;
  return base;
}

std::optional<std::uint64_t> first_segment_of(const LogRecord& trim) {
  Reader in(trim.payload);
  const std::uint64_t number = in.u64();
  if (!in.done()) return std::nullopt;
  return number;
}

void append_record(std::string& stream, std::uint64_t& chain, const LogRecord& record) {
  PARLEY_ASSERT(record.payload.size() <= record_payload_max, "a record within record_payload_max");
  const std::size_t begin = stream.size();
  Writer out(stream);
  out.u32(static_cast<std::uint32_t>(record.payload.size()));
  out.u8(static_cast<std::uint8_t>(record.kind));
  out.u8(record.last_of_batch ? flag_last_of_batch : 0);
  out.u16(0);
  out.u64(record.id.index.value);
  out.u64(record.id.term.value);
  out.u64(checksum(record.payload));
  chain = checksum(std::string_view(stream).substr(begin, chained_bytes), chain);
  out.u64(chain);
  out.raw(record.payload);
}

ReadRecord read_record(std::string_view stream, std::optional<std::uint64_t> chain) {
  ReadRecord read;
  if (stream.size() < record_header_bytes) {
    read.outcome = ReadRecord::Outcome::cut_short;
    return read;
  }
  Reader in(stream);
  const std::size_t payload_size = in.u32();
  const std::uint8_t kind = in.u8();
  const std::uint8_t flags = in.u8();
  const std::uint16_t zero = in.u16();
  read.record.id.index = Index(in.u64());
  read.record.id.term = Term(in.u64());
  const std::uint64_t payload_checksum = in.u64();
  read.chain = in.u64();
  read.size = record_header_bytes + payload_size;
  if (chain && read.chain != checksum(stream.substr(0, chained_bytes), *chain)) {
    return damaged(std::move(read), "a record does not continue the chain of checksums");
  }
  if (!known(kind) || flags > flag_last_of_batch || zero != 0 || payload_size > record_payload_max) {
    return damaged(std::move(read), "a record of kind " + std::to_string(kind) + " is not of this version");
  }
  read.record.kind = static_cast<RecordKind>(kind);
  read.record.last_of_batch = flags == flag_last_of_batch;
  if (in.remaining() < payload_size) {
    read.outcome = ReadRecord::Outcome::cut_short;
    return read;
  }
  read.record.payload = in.raw(payload_size);
  if (checksum(read.record.payload) != payload_checksum) {
    const bool is_entry = read.record.kind == RecordKind::entry;
    const std::string name = is_entry ? name_of(read.record.id) : "a record of kind " + std::to_string(kind);
    return damaged(std::move(read), "the checksum of " + name + " does not fit");
  }
  return read;
}

}  // namespace parley::store
