#include "node/machine_token.hpp"

#include <string>

namespace parley::node {
namespace {

constexpr std::size_t token_bytes = 32;
constexpr std::size_t token_least = 22;
constexpr std::size_t token_file_max = 256;

// RFC 4648 section 5, without padding.
std::string base64url(std::string_view bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    held += 8;
    while (held >= 6) {
      held -= 6;
      text += alphabet[(bits >> held) & 63];
    }
  }
  if (held > 0) text += alphabet[(bits << (6 - held)) & 63];
  return text;
}

}  // namespace

Result<Digest> load_operator_token(Seams seams) {
  const std::string path(operator_token_file);
  std::string token;
  if (seams.disk.exists(path)) {
    const auto file = seams.disk.open(path, store::OpenMode::read);
    token.resize(token_file_max);
    token.resize(file->read_at(0, token.data(), token.size()));
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) token.pop_back();
    // A crash while it was made leaves it empty or short; a person may have put a token of his own.
    if (token.size() >= token_least) return digest(token);
    if (!token.empty() && token.find('\0') == std::string::npos) {
      return Error{seams.disk.describe(path) + ": the operator token has " + std::to_string(token.size()) +
                   " characters, at least " + std::to_string(token_least) +
                   " are wanted; remove the file to get a new one"};
    }
    seams.disk.remove(path);
  }
  token = base64url(seams.entropy.bytes(token_bytes));
  const auto file = seams.disk.open(path, store::OpenMode::create);
  file->write_at(0, token + "\n");
  file->sync();
  seams.disk.sync_directory("");
  return digest(token);
}

}  // namespace parley::node
