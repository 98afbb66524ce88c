#include "store/vfs_locks.hpp"

#include <atomic>

#include "base/assert.hpp"

namespace parley::store {

bool FileLocks::acquire(Held& held, Level wanted) {
  const std::lock_guard lock(mutex_);
  if (held.level >= wanted) return true;
  if (wanted == Level::shared) {
    if (pending_ || exclusive_) return false;
    ++shared_;
    held.level = Level::shared;
    return true;
  }
  PARLEY_ASSERT(held.level >= Level::shared, "every lock begins as a shared one");
  if (wanted == Level::reserved) {
    if (reserved_ || pending_) return false;
    reserved_ = held.reserved = true;
    held.level = Level::reserved;
    return true;
  }
  // Exclusive. Pending comes first and is kept while readers remain: it lets no new ones in.
  if (held.level < Level::pending) {
    if (pending_) return false;
    pending_ = true;
    held.level = Level::pending;
  }
  if (shared_ > 1) return false;
  exclusive_ = true;
  held.level = Level::exclusive;
  return true;
}

void FileLocks::release(Held& held, Level kept) {
  const std::lock_guard lock(mutex_);
  if (held.level > Level::shared && kept <= Level::shared) {
    if (held.reserved) reserved_ = held.reserved = false;
    if (held.level >= Level::pending) pending_ = exclusive_ = false;
    held.level = Level::shared;
  }
  if (held.level == Level::shared && kept == Level::none) {
    --shared_;
    held.level = Level::none;
  }
}

bool FileLocks::is_reserved() {
  const std::lock_guard lock(mutex_);
  return reserved_ || pending_;
}

char* SharedIndex::region(Held& held, std::size_t number, std::size_t size, bool extend) {
  const std::lock_guard lock(mutex_);
  if (!held.joined) {
    held.joined = true;
    ++joined_;
  }
  if (number >= regions_.size() && !extend) return nullptr;
  while (number >= regions_.size()) regions_.push_back(std::make_unique<char[]>(size));   // zeros: "not built yet"
  return regions_[number].get();
}

void SharedIndex::leave(Held& held) {
  unlock(held, static_cast<std::uint8_t>(held.shared | held.exclusive));
  const std::lock_guard lock(mutex_);
  if (!held.joined) return;
  held.joined = false;
  if (--joined_ == 0) regions_.clear();
}

bool SharedIndex::lock_shared(Held& held, std::uint8_t slot_mask) {
  const std::lock_guard lock(mutex_);
  const auto wanted = static_cast<std::uint8_t>(slot_mask & ~held.shared);
  if (exclusive_ & wanted) return false;
  for (int slot = 0; slot < slots; ++slot) {
    if (wanted & (1U << slot)) ++shared_[static_cast<std::size_t>(slot)];
  }
  held.shared = static_cast<std::uint8_t>(held.shared | wanted);
  return true;
}

bool SharedIndex::lock_exclusive(Held& held, std::uint8_t slot_mask) {
  const std::lock_guard lock(mutex_);
  const auto wanted = static_cast<std::uint8_t>(slot_mask & ~held.exclusive);
  if (exclusive_ & wanted) return false;
  for (int slot = 0; slot < slots; ++slot) {
    if ((wanted & (1U << slot)) && shared_[static_cast<std::size_t>(slot)] > 0) return false;
  }
  exclusive_ = static_cast<std::uint8_t>(exclusive_ | wanted);
  held.exclusive = static_cast<std::uint8_t>(held.exclusive | wanted);
  return true;
}

void SharedIndex::unlock(Held& held, std::uint8_t slot_mask) {
  const std::lock_guard lock(mutex_);
  for (int slot = 0; slot < slots; ++slot) {
    if (held.shared & slot_mask & (1U << slot)) --shared_[static_cast<std::size_t>(slot)];
  }
  exclusive_ = static_cast<std::uint8_t>(exclusive_ & ~(held.exclusive & slot_mask));
  held.shared = static_cast<std::uint8_t>(held.shared & ~slot_mask);
  held.exclusive = static_cast<std::uint8_t>(held.exclusive & ~slot_mask);
}

void SharedIndex::barrier() {
#ifndef __SANITIZE_THREAD__   // the thread sanitizer knows locks, but no fences
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
  const std::lock_guard lock(mutex_);   // both, as SQLite's own VFS for Unix
}

}  // namespace parley::store
