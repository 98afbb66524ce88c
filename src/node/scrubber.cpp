#include "node/scrubber.hpp"

#include <functional>
#include <optional>
#include <utility>

namespace parley::node {

net::awaitable<void> Scrubber::scrub_loop() {
  while (!stopping_) {
    const TimePoint next = seams_.clock.now() + pause;
    while (!stopping_ && seams_.clock.now() < next) co_await alarm_->wait_until(next);
    if (stopping_) co_return;
    std::optional<Result<store::ScrubProgress>> read;
    std::function<void()> job = [this, &read] {
      read.emplace(archiver_.archive().scrub_part(next_page_, pages_a_turn));
    };
    const bool sound = co_await archiver_.carry_out(net::Lane::archive, std::move(job));
    if (!sound || (!read->ok() && !goes_on_with(read->error().message))) co_return;
    if (read->ok()) next_page_ = (*read)->next_page == 0 ? 1 : (*read)->next_page;
  }
}

bool Scrubber::goes_on_with(const std::string& damage) {
  if (archiver_.will_be_repaired(damage)) return false;   // and this archive is not used any more
  if (damage == said_) return true;
  said_ = damage;
  seams_.logger.error("damaged", damage + ". Too few of the others can be heard to do without this node: it goes on, "
                                          "serves nothing of that, and is repaired as soon as they can");
  return true;
}

void Scrubber::stop() {
  stopping_ = true;
  alarm_->ring();
}

}  // namespace parley::node
