#include "store/archive_gate.hpp"

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

ReaderGate::Closed::~Closed() {
  const std::lock_guard lock(gate_.mutex_);
  gate_.closed_ = false;
  gate_.changed_.notify_all();
}

}  // namespace parley::store
