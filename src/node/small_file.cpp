#include "node/small_file.hpp"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace parley::node {
namespace {

class Descriptor {
 public:
  explicit Descriptor(const std::string& file) : number_(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777));
  return text.data();
}

std::string words(int failure) { return std::generic_category().message(failure); }

}  // namespace

Result<std::string, FileRefusal> read_small_file(const std::string& file, std::size_t bytes_max, Secrecy secrecy) {
  const Descriptor descriptor(file);
  if (descriptor.number() < 0) {
    const int failure = errno;
    const std::string reason = "cannot be opened: " + words(failure);
    if (failure == EACCES) return FileRefusal{reason + "; the user that runs the node must own it", false};
    return FileRefusal{reason, true};
  }
  struct stat about {};
  if (::fstat(descriptor.number(), &about) != 0 || !S_ISREG(about.st_mode)) {
    return FileRefusal{"is no regular file", true};
  }
  if (secrecy == Secrecy::secret && (about.st_mode & 077) != 0) {
    return FileRefusal{"others than its owner may use it (mode " + octal(about.st_mode) + "): `chmod 600 " + file +
                           "`, and make a new key if somebody may have read it",
                       false};
  }
  if (secrecy == Secrecy::open && (about.st_mode & S_IWOTH) != 0) {
    return FileRefusal{"anybody may change it (mode " + octal(about.st_mode) + "): `chmod 644 " + file +
                           "`, and look whether it is still what it was",
                       false};
  }
  std::string text(bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = ::read(descriptor.number(), text.data() + size, text.size() - size);
    if (got < 0) {
      const int failure = errno;
      ::explicit_bzero(text.data(), text.size());
      return FileRefusal{"cannot be read: " + words(failure), false};
    }
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > bytes_max) {
    ::explicit_bzero(text.data(), text.size());
    return FileRefusal{"it has more than " + std::to_string(bytes_max / 1024) + " KiB", true};
  }
  text.resize(size);   // in place: what was read stands nowhere else
  return text;
}

}  // namespace parley::node
