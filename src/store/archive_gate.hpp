#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace parley::store {

// Lets reader calls through until it is closed for the last step of a checkpoint, which needs a moment without any
// reader: SQLite's own way to it is to try again and again, which readers that overlap can prevent for ever. A copy
// reads for long: nobody waits for it, the checkpoint does without its last step instead.
class ReaderGate {
 public:
  class Pass {   // one reader's call
   public:
    explicit Pass(ReaderGate& gate);   // waits while the gate is closed
    ~Pass();
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    ReaderGate& gate_;
  };

  class Closed {   // nobody is inside; one at a time
   public:
    explicit Closed(ReaderGate& gate);   // waits until those inside have left
    ~Closed();
    Closed(const Closed&) = delete;
    Closed& operator=(const Closed&) = delete;

   private:
    ReaderGate& gate_;
  };

  class Stay {   // one reader for long; begun within a Pass, which may then end
   public:
    explicit Stay(ReaderGate& gate);
    ~Stay();
    Stay(const Stay&) = delete;
    Stay& operator=(const Stay&) = delete;

   private:
    ReaderGate& gate_;
  };

  bool somebody_stays() const;   // while closed the answer can't become true

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t inside_ = 0;
  std::size_t staying_ = 0;
  bool closed_ = false;
};

}  // namespace parley::store
