#include "node/methods_passwords.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace parley::node {
namespace {

// Those of at least password_min bytes that head every published list of leaked passwords. In lower case.
constexpr std::array<std::string_view, 60> common_passwords{
    "password",    "12345678",  "123456789",  "1234567890", "qwertyui",  "qwertyuiop", "password1",     "password12",
    "password123", "iloveyou",  "princess",   "football",   "baseball",  "welcome1",   "welcome123",    "sunshine",
    "superman",    "trustno1",  "1q2w3e4r",   "1q2w3e4r5t", "1qaz2wsx",  "qwerty123",  "qwerty12",      "qwerty1234",
    "abcd1234",    "abc12345",  "abcdefgh",   "11111111",   "00000000",  "88888888",   "12341234",      "12344321",
    "87654321",    "987654321", "0987654321", "123123123",  "11223344",  "1122334455", "passw0rd",      "p@ssw0rd",
    "p@ssword",    "letmein1",  "letmein123", "computer",   "internet",  "whatever",   "starwars",      "michelle",
    "jennifer",    "charlie1",  "liverpool",  "asdfghjk",   "asdfghjkl", "zxcvbnm1",   "administrator", "changeme",
    "changeme1",   "secret123", "default1",   "admin123"};

std::string folded(std::string_view text) {
  std::string result(text);
  for (auto& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

}  // namespace

std::string_view password_weakness(std::string_view password, std::string_view account) {
  if (password.size() < password_min) return "a password has at least 8 bytes";
  if (password.size() > password_max) return "a password has at most 1024 bytes";
  const auto plain = folded(password);
  if (!account.empty() && plain == folded(account)) return "the account's own name is no password";
  const bool common = std::find(common_passwords.begin(), common_passwords.end(), plain) != common_passwords.end();
  if (common) return "this is one of the most common passwords: take another";
  const bool one_letter = std::all_of(plain.begin(), plain.end(), [&](char c) { return c == plain.front(); });
  if (one_letter) return "one character repeated is no password";
  return {};
}

net::awaitable<std::optional<std::string>> Passwords::hash(std::string password) {
  if (busy()) co_return std::nullopt;
  std::string phc;
  auto& hasher = seams_.hasher;
  std::function<void()> job = [&] { phc = hasher.hash(password); };
  co_await seams_.workers.run(net::Lane::password, std::move(job));
  co_return phc;
}

net::awaitable<std::optional<bool>> Passwords::verify(std::string phc, std::string password) {
  if (busy()) co_return std::nullopt;
  const bool nobody = phc.empty();
  const bool first = nobody && nobodys_.empty();
  if (nobody) phc = nobodys_;
  bool fits = false;
  auto& hasher = seams_.hasher;
  const auto random = seams_.entropy.bytes(16);
  std::function<void()> job = [&] {
    if (first) {
      phc = hasher.hash(random);  // takes as long as a verification
    } else {
      fits = hasher.verify(phc, password);
    }
  };
  co_await seams_.workers.run(net::Lane::password, std::move(job));
  if (first) nobodys_ = phc;
  co_return fits && !nobody;
}

}  // namespace parley::node
