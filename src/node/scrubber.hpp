#pragma once

#include <cstdint>
#include <memory>

#include "node/archiver.hpp"
#include "node/seams.hpp"

namespace parley::node {

// Reads the archive again and again, a little at a time, so that damage in what nobody asks for is found while the
// others are well (R11, RELIABILITY.md W19). Of SQLite's write-ahead file each frame is read by the next checkpoint.
// What it finds ends no node that the others can't do without now: it says so and looks there again.
class Scrubber {
 public:
  Scrubber(Seams seams, Archiver& archiver) : seams_(seams), archiver_(archiver), alarm_(seams.clock.make_alarm()) {}

  net::awaitable<void> scrub_loop();
  void stop();

  static constexpr Duration pause = milliseconds(5000);
  static constexpr std::uint64_t pages_a_turn = 256;   // one MiB: writes wait for it

 private:
  Seams seams_;
  Archiver& archiver_;
  std::unique_ptr<net::Alarm> alarm_;
  std::uint64_t next_page_ = 1;
  bool stopping_ = false;
};

}  // namespace parley::node
