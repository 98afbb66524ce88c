#include "store/disk.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

namespace parley::store {
namespace {

std::string text_of(const std::string& operation, const std::string& path, int error_number) {
  return operation + " of " + path + " failed: " + std::strerror(error_number) + " (errno " +
         std::to_string(error_number) + ")";
}

}  // namespace

DiskError::DiskError(std::string operation, std::string path, int error_number)
    : std::runtime_error(text_of(operation, path, error_number)), error_number_(error_number) {}

bool DiskError::is_full() const { return error_number_ == ENOSPC || error_number_ == EDQUOT; }

}  // namespace parley::store
