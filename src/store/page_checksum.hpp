#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace parley::store {

// SQLite's own format has no checksum in the pages of a database file. We keep one in the bytes that SQLite lets
// an extension reserve at each page's end (https://www.sqlite.org/fileformat2.html, 1.3.4 "Reserved bytes per
// page"), as SQLite's own https://www.sqlite.org/cksumvfs.html does. Unlike that one, ours covers the page's
// number too, so that a page which the disk put in another page's place shows (RELIABILITY.md D6).
inline constexpr std::size_t page_size = 4096;
inline constexpr std::size_t page_reserved = 8;
using PageNumber = std::uint32_t;   // from 1, as SQLite counts

// SQLite never uses the page that holds the lock bytes at 1 GiB (fileformat2.html, 1.4 "The Lock-Byte Page"): it is
// a hole in the file and has no checksum.
inline constexpr PageNumber lock_byte_page = 0x40000000 / page_size + 1;

// A database file begins with 100 bytes that say, among others, how large its pages and their reserves are.
inline constexpr std::size_t database_header_size = 100;
bool has_our_page_layout(std::string_view header);

void seal_page(char* page, PageNumber number);              // writes the last `page_reserved` of `page_size` bytes
bool page_is_whole(std::string_view page, PageNumber number);

}  // namespace parley::store
