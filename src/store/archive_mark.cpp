#include "store/archive_mark.hpp"

#include <string_view>

#include "base/checksum.hpp"
#include "base/codec.hpp"
#include "store/vfs_file.hpp"

namespace parley::store {

namespace {

constexpr std::string_view magic = "PRLYMRK2";
constexpr std::size_t size = 40;   // magic, transactions, salt, frames, checksum of all before
constexpr std::string_view magic_v1 = "PRLYMARK";
constexpr std::size_t size_v1 = 24;   // magic, transactions, checksum of both

std::string sealed(std::string bytes) {
  Writer out(bytes);
  out.u64(checksum(bytes));
  return bytes;
}

std::string encode(const Mark& mark) {
  std::string bytes(magic);
  Writer out(bytes);
  out.u64(mark.transactions);
  out.u64(mark.wal.salt);
  out.u64(mark.wal.frames);
  return sealed(std::move(bytes));
}

std::string encode_v1(std::uint64_t transactions) {
  std::string bytes(magic_v1);
  Writer out(bytes);
  out.u64(transactions);
  return sealed(std::move(bytes));
}

std::optional<Mark> decode(const std::string& bytes) {
  if (bytes.size() < size_v1) return std::nullopt;
  Reader in(std::string_view(bytes).substr(magic.size()));
  Mark mark;
  mark.transactions = in.u64();
  if (bytes.substr(0, size_v1) == encode_v1(mark.transactions)) return mark;
  if (bytes.size() < size) return std::nullopt;
  mark.wal.salt = in.u64();
  mark.wal.frames = in.u64();
  return bytes == encode(mark) ? std::optional(mark) : std::nullopt;
}

}  // namespace

void write_mark(Disk& disk, const std::string& file, const Mark& mark) {
  const bool is_new = !disk.exists(file);
  const auto opened = disk.open(file, OpenMode::open_or_create);
  opened->write_at(0, encode(mark));
  opened->sync();
  if (is_new) disk.sync_directory(directory_of(file));
}

std::optional<Mark> read_mark(Disk& disk, const std::string& file) {
  if (!disk.exists(file)) return std::nullopt;
  std::string bytes(size, '\0');
  const auto opened = disk.open(file, OpenMode::read);
  bytes.resize(opened->read_at(0, bytes.data(), size));
  return decode(bytes);
}

}  // namespace parley::store
