#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace parley {

// A number that can't be mixed up with another kind of number. `Tag` makes the type; `value` is the number.
// Arithmetic is offered only where it has a meaning: next/previous, distance, and moving by a plain count.
template <class Tag, class Rep = std::uint64_t>
struct Strong {
  Rep value{};

  constexpr Strong() = default;
  constexpr explicit Strong(Rep v) : value(v) {}

  constexpr auto operator<=>(const Strong&) const = default;

  constexpr Strong next() const { return Strong(static_cast<Rep>(value + 1)); }
  constexpr Strong previous() const { return Strong(static_cast<Rep>(value - 1)); }
  constexpr Strong operator+(Rep count) const { return Strong(static_cast<Rep>(value + count)); }
  constexpr Strong operator-(Rep count) const { return Strong(static_cast<Rep>(value - count)); }
  constexpr Rep operator-(Strong other) const { return static_cast<Rep>(value - other.value); }
  constexpr Strong& operator++() {
    ++value;
    return *this;
  }
};

}  // namespace parley

template <class Tag, class Rep>
struct std::hash<parley::Strong<Tag, Rep>> {
  std::size_t operator()(const parley::Strong<Tag, Rep>& s) const noexcept { return std::hash<Rep>{}(s.value); }
};
