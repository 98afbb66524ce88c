#include <utility>

#include "cli/chat_session.hpp"

namespace parley::cli {
namespace {

std::int64_t seconds_left(TimePoint at, TimePoint now) {
  return at <= now ? 0 : std::chrono::ceil<std::chrono::seconds>(at - now).count();
}

}  // namespace

std::string Chat::prompt() const {
  std::string state;
  const auto& connection = client_.connection();
  if (connection.phase != ConnectionState::Phase::ready) {
    state = was_ready_ ? "reconnecting" : "connecting";
  } else if (client_.leader().node == 0) {
    state = "no leader";
  } else {
    state = "leader " + std::to_string(client_.leader().node);
    if (connection.node != client_.leader().node) state += " via " + std::to_string(connection.node);
    state += copies_text();
  }
  if (client_.pending() > 0) state += ", " + std::to_string(client_.pending()) + " pending";
  const std::string who = client_.account().empty() ? "parley" : client_.account();
  return who + (place_.empty() ? "" : " " + place_) + " (" + state + ")> ";
}

// In the words of `parley status`.
std::string Chat::copies_text() const {
  const auto& copies = client_.copies();
  const bool well = copies.bearable == CopiesState::Bearable::yes;
  if (well || copies.bearable == CopiesState::Bearable::unknown) return {};
  std::string when = "no";
  if (copies.bearable == CopiesState::Bearable::soon) {
    const auto left = seconds_left(copies.bearable_at, seams_.clock.now());
    when = left == 0 ? "soon" : "in " + std::to_string(left) + " s";
  }
  return ", copies " + std::to_string(copies.copies) + ", one more failure bearable: " + when;
}

// A time that stands still in the prompt would soon be wrong.
TimePoint Chat::count_down() {
  const auto& copies = client_.copies();
  if (copies.bearable != CopiesState::Bearable::soon) return never;
  const auto left = seconds_left(copies.bearable_at, seams_.clock.now());
  if (std::exchange(seconds_shown_, left) != left && manners_.changed) manners_.changed();
  return left == 0 ? never : copies.bearable_at - std::chrono::seconds(left - 1);
}

}  // namespace parley::cli
