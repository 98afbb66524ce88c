#include "store/archive_gate.hpp"

#include "base/assert.hpp"

namespace parley::store {

ReaderGate::Pass::Pass(ReaderGate& gate) : gate_(gate) {
  std::unique_lock lock(gate_.mutex_);
  gate_.changed_.wait(lock, [this] { return !gate_.closed_; });
  ++gate_.inside_;
}

ReaderGate::Pass::~Pass() {
  const std::lock_guard lock(gate_.mutex_);
  if (--gate_.inside_ == 0) gate_.changed_.notify_all();
}

ReaderGate::Closed::Closed(ReaderGate& gate) : gate_(gate) {
  std::unique_lock lock(gate_.mutex_);
  gate_.closed_ = true;
  gate_.changed_.wait(lock, [this] { return gate_.inside_ == 0; });
}

ReaderGate::Stay::Stay(ReaderGate& gate) : gate_(gate) {
  const std::lock_guard lock(gate_.mutex_);
  PARLEY_ASSERT(gate_.inside_ > 0, "a long read begins within a pass");
  ++gate_.staying_;
}

ReaderGate::Stay::~Stay() {
  const std::lock_guard lock(gate_.mutex_);
  --gate_.staying_;
}

bool ReaderGate::somebody_stays() const {
  const std::lock_guard lock(mutex_);
  return staying_ > 0;
}

ReaderGate::Closed::~Closed() {
  const std::lock_guard lock(gate_.mutex_);
  gate_.closed_ = false;
  gate_.changed_.notify_all();
}

}  // namespace parley::store
