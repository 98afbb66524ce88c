#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "node/limits.hpp"
#include "node/seams.hpp"

namespace parley::node {

// What is wrong with a new password, in words; empty: nothing. Too short, too long, one of the most common ones, or
// the account's own name.
std::string_view password_weakness(std::string_view password, std::string_view account);

// Password work, off the strand and bounded: beyond password_queue_max there is no answer, which the caller turns
// into `later`. A name that nobody has costs as much as one that somebody has, so time tells nothing (P10).
class Passwords {
 public:
  explicit Passwords(Seams seams) : seams_(seams) {}

  net::awaitable<std::optional<std::string>> hash(std::string password);
  // `phc` empty: nobody's; as long as a real one, and false.
  net::awaitable<std::optional<bool>> verify(std::string phc, std::string password);

  // Failures to prove who one is, by account name and by address.
  Throttle by_account{account_policy};
  Throttle by_address{address_policy};

 private:
  bool busy() const { return seams_.workers.queued(net::Lane::password) >= password_queue_max; }
  Seams seams_;
  std::string nobodys_;  // a hash of something random, made when first needed
};

}  // namespace parley::node
