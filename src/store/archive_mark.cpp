#include "store/archive_mark.hpp"

#include <string_view>

#include "base/checksum.hpp"
#include "base/codec.hpp"
#include "store/vfs_file.hpp"

namespace parley::store {

namespace {

constexpr std::string_view magic = "PRLYMARK";
constexpr std::size_t size = 24;   // magic, transactions, checksum of both

std::string encode(std::uint64_t transactions) {
  std::string bytes(magic);
  Writer out(bytes);
  out.u64(transactions);
  out.u64(checksum(bytes));
  return bytes;
}

}  // namespace

void write_mark(Disk& disk, const std::string& file, std::uint64_t transactions) {
  const bool is_new = !disk.exists(file);
  const auto opened = disk.open(file, OpenMode::open_or_create);
  opened->write_at(0, encode(transactions));
  opened->sync();
  if (is_new) disk.sync_directory(directory_of(file));
}

std::optional<std::uint64_t> read_mark(Disk& disk, const std::string& file) {
  if (!disk.exists(file)) return std::nullopt;
  std::string bytes(size, '\0');
  const auto opened = disk.open(file, OpenMode::read);
  if (opened->read_at(0, bytes.data(), size) != size) return std::nullopt;
  Reader in(std::string_view(bytes).substr(magic.size()));
  const std::uint64_t transactions = in.u64();
  if (bytes != encode(transactions)) return std::nullopt;
  return transactions;
}

}  // namespace parley::store
