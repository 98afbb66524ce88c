#include "store/page_checksum.hpp"

#include "base/assert.hpp"
#include "base/checksum.hpp"

namespace parley::store {

namespace {

constexpr std::size_t content_size = page_size - page_reserved;

// Tells a page from its neighbours, and from everything else that checksum() is used for.
constexpr std::uint64_t page_seed(PageNumber number) { return 0x5041474500000000ULL | number; }

}  // namespace

bool has_our_page_layout(std::string_view header) {
  PARLEY_ASSERT(header.size() >= database_header_size, "the header is read as a whole");
  const auto byte = [header](std::size_t at) { return static_cast<unsigned char>(header[at]); };
  return byte(16) * 256U + byte(17) == page_size && byte(20) == page_reserved;   // fileformat2.html, 1.3
}

void seal_page(char* page, PageNumber number) {
  std::uint64_t sum = checksum({page, content_size}, page_seed(number));
  for (std::size_t i = 0; i < page_reserved; ++i, sum >>= 8) page[content_size + i] = static_cast<char>(sum);
}

bool page_is_whole(std::string_view page, PageNumber number) {
  PARLEY_ASSERT(page.size() == page_size, "a checksum covers one whole page");
  std::uint64_t stored = 0;
  for (std::size_t i = page_reserved; i-- > 0;) {
    stored = stored << 8 | static_cast<unsigned char>(page[content_size + i]);
  }
  return stored == checksum(page.substr(0, content_size), page_seed(number));
}

}  // namespace parley::store
