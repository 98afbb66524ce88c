#include "sent.hpp"

#include <charconv>
#include <map>
#include <stdexcept>

namespace parley::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t page_size = 1000;
constexpr Duration page_patience = 30s;

using Times = std::map<std::pair<std::string, std::uint64_t>, std::size_t>;   // of (author, number)

std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

awaitable<Times> read_room(BenchCluster& cluster, Writer& reader) {
  Times times;
  for (std::uint64_t after = 0;;) {
    cli::json::object page;
    page["in"] = reader.room();
    page["after"] = after;
    page["limit"] = page_size;
    const TimePoint deadline = cluster.clock().now() + page_patience;
    const auto outcome = co_await reader.client().call("history", std::move(page), deadline);
    if (!outcome.done()) throw std::runtime_error("the room can't be read: " + outcome.message);
    const auto& rows = outcome.result.at("messages").as_array();
    if (rows.empty()) co_return times;
    for (const auto& row : rows) {
      const auto message = cli::parse_message(row);
      if (!message) throw std::runtime_error("the room holds what is no message");
      ++times[{message->from, number_of(message->text)}];
      after = message->number;
    }
  }
}

}  // namespace

awaitable<SentCounts> count_sent(BenchCluster& cluster, Writers& writers) {
  const Times times = co_await read_room(cluster, *writers.all().front());
  SentCounts counts;
  for (const auto& [what, count] : times) {
    counts.in_room += count;
    counts.doubled += count > 1 ? 1U : 0U;
  }
  for (const auto& writer : writers.all()) {
    counts.acknowledged += writer->acknowledged().size();
    for (const auto number : writer->acknowledged()) counts.lost += times.contains({writer->name(), number}) ? 0U : 1U;
  }
  co_return counts;
}

}  // namespace parley::bench
