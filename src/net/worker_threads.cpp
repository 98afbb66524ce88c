#include "net/worker_threads.hpp"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

namespace parley::net {

namespace asio = boost::asio;

namespace {

struct Task {
  const std::function<void()>* job;                             // in the caller's frame, which `done` keeps alive
  asio::any_completion_handler<void(std::exception_ptr)> done;
  asio::any_io_executor home;                                   // the caller's, with work tracked: it waits for us
};

// The caller goes on at home, not on the lane's thread.
void complete(Task task, std::exception_ptr failure) {
  auto resume = [done = std::move(task.done), failure = std::move(failure)]() mutable { std::move(done)(failure); };
  asio::post(task.home, std::move(resume));
}

std::exception_ptr outcome_of(const std::function<void()>& job) {
  try {
    job();
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

constexpr const char* thread_name(Lane lane) {   // at most 15 characters (pthread_setname_np(3))
  switch (lane) {
    case Lane::log: return "parley-log";
    case Lane::archive: return "parley-archive";
    case Lane::pages: return "parley-pages";
    case Lane::search: return "parley-search";
    case Lane::password: return "parley-password";
  }
  return "parley-lane";
}

// Failing to lower a priority harms nobody, so it isn't looked at.
void lower_priority(Lane lane) {
  if (lane == Lane::search) {
    const sched_param none{};
    (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
  } else if (lane == Lane::password) {
    // Below what the node itself was given. On Linux 0 means the calling thread (setpriority(2), notes).
    (void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 10);
  }
}

}  // namespace

class WorkerThreads::LaneThread {
 public:
  explicit LaneThread(Lane lane) {
    // Signals belong to the main thread: a new thread inherits the mask of its maker.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this, lane] { work(lane); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void push(Task task) {
    unfinished_.fetch_add(1, std::memory_order_relaxed);
    {
      const std::lock_guard lock(mutex_);
      if (!stopping_) {
        tasks_.push_back(std::move(task));
        arrived_.notify_one();
        return;
      }
    }
    refuse(std::move(task));
  }

  void stop() {
    std::deque<Task> left;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      left.swap(tasks_);
      arrived_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
    for (auto& task : left) refuse(std::move(task));
  }

  std::size_t unfinished() const { return unfinished_.load(std::memory_order_relaxed); }

 private:
  void refuse(Task task) {
    unfinished_.fetch_sub(1, std::memory_order_relaxed);
    complete(std::move(task), std::make_exception_ptr(WorkersStopped()));
  }

  void work(Lane lane) {
    pthread_setname_np(pthread_self(), thread_name(lane));
    lower_priority(lane);
    std::unique_lock lock(mutex_);
    for (;;) {
      arrived_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      if (tasks_.empty()) return;   // stopping
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      auto failure = outcome_of(*task.job);
      unfinished_.fetch_sub(1, std::memory_order_relaxed);
      complete(std::move(task), std::move(failure));
      lock.lock();
    }
  }

  std::mutex mutex_;   // held for a few instructions only, on either side
  std::condition_variable arrived_;
  std::deque<Task> tasks_;
  bool stopping_ = false;
  std::atomic<std::size_t> unfinished_ = 0;
  std::thread thread_;
};

WorkerThreads::WorkerThreads() {
  for (std::size_t i = 0; i < lane_count; ++i) lanes_[i] = std::make_unique<LaneThread>(static_cast<Lane>(i));
}

WorkerThreads::~WorkerThreads() { stop(); }

void WorkerThreads::stop() {
  for (auto& lane : lanes_) lane->stop();
}

awaitable<void> WorkerThreads::run(Lane lane, std::function<void()> job) {
  LaneThread& thread = *lanes_[static_cast<std::size_t>(lane)];
  auto start = [&thread, &job](auto handler) {
    auto home = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
    thread.push(Task{&job, std::move(handler), std::move(home)});
  };
  co_await asio::async_initiate<decltype(asio::use_awaitable), void(std::exception_ptr)>(start, asio::use_awaitable);
}

std::size_t WorkerThreads::queued(Lane lane) const { return lanes_[static_cast<std::size_t>(lane)]->unfinished(); }

}  // namespace parley::net
