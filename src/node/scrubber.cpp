#include "node/scrubber.hpp"

#include <functional>
#include <utility>

namespace parley::node {

net::awaitable<void> Scrubber::scrub_loop() {
  while (!stopping_) {
    const TimePoint next = seams_.clock.now() + pause;
    while (!stopping_ && seams_.clock.now() < next) co_await alarm_->wait_until(next);
    if (stopping_) co_return;
    std::function<void()> job = [this] {
      const auto read = archiver_.archive().scrub_part(next_page_, pages_a_turn);
      if (!read.ok()) throw store::ArchiveDamaged(read.error().message);
      next_page_ = read->next_page == 0 ? 1 : read->next_page;
    };
    static_cast<void>(co_await archiver_.look(net::Lane::archive, std::move(job)));
    if (archiver_.gives_way()) co_return;
  }
}

void Scrubber::stop() {
  stopping_ = true;
  alarm_->ring();
}

}  // namespace parley::node
