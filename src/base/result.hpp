#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/assert.hpp"

namespace parley {

// What went wrong, in words for the person who has to act on it: the thing, the reason and the remedy.
struct Error {
  std::string message;
  bool operator==(const Error&) const = default;
};

// Either a value or an error; std::expected is C++23. Reading the side that isn't there is a broken assertion.
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}   // NOLINT: implicit on purpose
  Result(E error) : held_(std::in_place_index<1>, std::move(error)) {}   // NOLINT: implicit on purpose

  bool ok() const { return held_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return checked(), *std::get_if<0>(&held_); }
  const T& value() const& { return checked(), *std::get_if<0>(&held_); }
  T&& value() && { return checked(), std::move(*std::get_if<0>(&held_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const E& error() const {
    PARLEY_ASSERT(!ok(), "error() of a Result that holds a value");
    return *std::get_if<1>(&held_);
  }

 private:
  void checked() const { PARLEY_ASSERT(ok(), "value() of a Result that holds an error"); }
  std::variant<T, E> held_;
};

struct Nothing {
  bool operator==(const Nothing&) const = default;
};
inline Result<Nothing> success() { return Nothing{}; }   // success that carries nothing

}  // namespace parley
