#include "node/scrubber.hpp"

#include <algorithm>
#include <utility>

#include "base/mutant.hpp"

namespace parley::node {
namespace {

constexpr std::uint64_t archive_part_pages = 64;   // of 4 KiB: as much as of the log

}  // namespace

Scrubber::Scrubber(Seams seams, store::WriteAheadLog& log, milliseconds interval, std::function<Index()> checkpointed,
                   std::function<bool(const std::string&)> archive_damaged)
    : seams_(seams),
      log_(log),
      interval_(interval),
      checkpointed_(std::move(checkpointed)),
      archive_damaged_(std::move(archive_damaged)),
      alarm_(seams.clock.make_alarm()) {}

void Scrubber::stop() {
  stopping_ = true;
  alarm_->ring();
}

net::awaitable<void> Scrubber::scrub_loop(store::Archive& archive) {
  TimePoint begin = seams_.clock.now() + std::min(interval_, first_pass_most);
  while (!stopping_) {
    const TimePoint now = seams_.clock.now();
    if (now < begin) {
      co_await alarm_->wait_until(begin);
      continue;
    }
    begin = now + interval_;
    co_await scrub_log();
    const bool sound = co_await scrub_archive(archive);
    if (!sound || stopping_) co_return;
    ++view_.passes;
    seams_.logger.debug("scrubbed", "everything on the disk was read again");
  }
}

net::awaitable<void> Scrubber::pause(Duration duration) {
  const TimePoint until = seams_.clock.now() + duration;
  while (!stopping_ && seams_.clock.now() < until) co_await alarm_->wait_until(until);
}

net::awaitable<void> Scrubber::on_log_lane(std::function<void()> job) {
  co_await seams_.workers.run(net::Lane::log, std::move(job));
}

// -- the log ------------------------------------------------------------------------------------------------------

net::awaitable<void> Scrubber::scrub_log() {
  std::optional<store::ScrubPlace> place = store::ScrubPlace();
  while (place && !stopping_) {
    store::ScrubbedPart part;
    std::function<void()> job = [this, &part, &place] { part = log_.scrub_part(*place); };
    co_await on_log_lane(std::move(job));
    place = part.next;
    if (part.damage) {
      ++view_.damage_found;
      seams_.logger.error("log_damaged", *part.damage + ". All that it holds is in memory: the log goes on in a new "
                                                        "file, and this one goes with the next checkpoint");
      co_await replace_log_through(part.segment);
    }
    co_await pause(part_pause);
  }
}

// Another leader may have cut the log below where the new segment began: then it can't be the first one, and the next
// one is tried.
net::awaitable<void> Scrubber::replace_log_through(std::uint64_t segment) {
  store::WriteAheadLog::Usage usage;
  usage.first_segment = segment;
  while (usage.first_segment <= segment) {
    Index end;
    std::function<void()> begin = [this, &end] { end = log_.begin_segment(); };
    co_await on_log_lane(std::move(begin));
    while (!stopping_ && checkpointed_() < end) {
      if (PARLEY_MUTANT(mended_log_is_ahead_of_the_archive)) break;
      co_await pause(look_interval);
    }
    if (stopping_) co_return;
    std::size_t removed = 1;
    while (removed > 0) {
      std::function<void()> trim = [this, end, &removed, &usage] {
        removed = log_.trim(end);
        usage = log_.usage();
      };
      co_await on_log_lane(std::move(trim));
    }
  }
  ++view_.damage_mended;
  seams_.logger.info("log_mended", "the log begins after index " + std::to_string(usage.base.value) +
                                       " now: the damaged file is gone");
}

// -- the archive --------------------------------------------------------------------------------------------------

net::awaitable<bool> Scrubber::scrub_archive(store::Archive& archive) {
  std::uint64_t page = 1;
  std::string known;   // that is looked at again
  while (page != 0 && !stopping_) {
    std::optional<std::string> damage;
    std::function<void()> job = [&archive, &page, &damage] {
      const auto part = archive.scrub_part(page, archive_part_pages);
      if (part.ok()) page = part->next_page;
      else damage = part.error().message;
    };
    co_await seams_.workers.run(net::Lane::archive, std::move(job));
    if (damage && !stopping_) {
      if (*damage != std::exchange(known, *damage)) ++view_.damage_found;
      if (archive_damaged_ && archive_damaged_(*damage)) co_return false;
    }
    const Duration wait = damage ? look_again : part_pause;
    co_await pause(wait);
  }
  co_return true;
}

}  // namespace parley::node
