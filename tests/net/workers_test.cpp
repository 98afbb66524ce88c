#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>

#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include "net/spawn.hpp"
#include "net/worker_threads.hpp"
#include "net/world.hpp"

namespace parley::net {
namespace {

// `job` is named in the caller's frame (STYLE.md 4.9, 1); `resumed_on` is the thread after it.
awaitable<void> run_job(WorkerThreads& workers, Lane lane, std::function<void()> job, std::thread::id& resumed_on) {
  co_await workers.run(lane, std::move(job));
  resumed_on = std::this_thread::get_id();
}

awaitable<void> run_and_count(WorkerThreads& workers, Lane lane, std::function<void()> job, int& done, int& stopped) {
  try {
    co_await workers.run(lane, std::move(job));
    ++done;
  } catch (const WorkersStopped&) {
    ++stopped;
  }
}

TEST(Workers, run_the_job_elsewhere_and_resume_the_caller_at_home) {
  World world;
  WorkerThreads workers;
  std::thread::id ran_on;
  std::thread::id resumed_on;
  world.run(run_job(workers, Lane::log, [&ran_on] { ran_on = std::this_thread::get_id(); }, resumed_on));
  EXPECT_NE(ran_on, std::thread::id());
  EXPECT_NE(ran_on, std::this_thread::get_id());
  EXPECT_EQ(resumed_on, std::this_thread::get_id());
}

TEST(Workers, run_the_jobs_of_a_lane_in_order_on_one_thread) {
  World world;
  WorkerThreads workers;
  std::vector<int> order;
  std::vector<std::thread::id> threads;
  int done = 0;
  int stopped = 0;
  for (int i = 0; i < 100; ++i) {
    auto job = [&order, &threads, i] {
      order.push_back(i);
      threads.push_back(std::this_thread::get_id());
    };
    spawn(world.executor, run_and_count(workers, Lane::archive, job, done, stopped));
  }
  world.io.run();
  EXPECT_EQ(done, 100);
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  for (const auto& thread : threads) EXPECT_EQ(thread, threads.front());
}

TEST(Workers, a_slow_lane_holds_up_no_other) {
  World world;
  WorkerThreads workers;
  std::promise<void> release;
  int slow = 0;
  int quick = 0;
  int stopped = 0;
  const auto wait = [&release] { release.get_future().wait(); };
  const auto let_go = [&release] { release.set_value(); };
  spawn(world.executor, run_and_count(workers, Lane::search, wait, slow, stopped));
  spawn(world.executor, run_and_count(workers, Lane::pages, let_go, quick, stopped));
  world.io.run();
  EXPECT_EQ(slow, 1);
  EXPECT_EQ(quick, 1);
}

awaitable<void> expect_failure(WorkerThreads& workers, std::string& text) {
  std::function<void()> job = [] { throw std::runtime_error("the disk is gone"); };
  try {
    co_await workers.run(Lane::log, std::move(job));
  } catch (const std::runtime_error& failure) {
    text = failure.what();
  }
}

TEST(Workers, what_a_job_throws_is_the_callers) {
  World world;
  WorkerThreads workers;
  std::string text;
  world.run(expect_failure(workers, text));
  EXPECT_EQ(text, "the disk is gone");
}

TEST(Workers, count_the_jobs_that_wait_or_run) {
  World world;
  WorkerThreads workers;
  std::promise<void> release;
  auto released = release.get_future().share();
  int done = 0;
  int stopped = 0;
  for (int i = 0; i < 3; ++i)
    spawn(world.executor, run_and_count(workers, Lane::pages, [released] { released.wait(); }, done, stopped));
  world.io.poll();
  EXPECT_EQ(workers.queued(Lane::pages), 3u);
  EXPECT_EQ(workers.queued(Lane::log), 0u);
  release.set_value();
  world.io.run();
  EXPECT_EQ(done, 3);
  EXPECT_EQ(workers.queued(Lane::pages), 0u);
}

TEST(Workers, stopping_ends_the_running_job_and_refuses_those_that_wait) {
  World world;
  WorkerThreads workers;
  std::promise<void> begun;
  std::promise<void> release;
  int done = 0;
  int stopped = 0;
  auto first = [&begun, &release] {
    begun.set_value();
    release.get_future().wait();
  };
  spawn(world.executor, run_and_count(workers, Lane::log, first, done, stopped));
  for (int i = 0; i < 5; ++i) spawn(world.executor, run_and_count(workers, Lane::log, [] {}, done, stopped));
  world.io.poll();
  begun.get_future().wait();
  std::thread stopper([&workers] { workers.stop(); });   // waits for the first job
  while (workers.queued(Lane::log) != 6) std::this_thread::yield();
  release.set_value();
  stopper.join();
  world.io.run();
  EXPECT_EQ(done + stopped, 6);
  EXPECT_GE(done, 1);
  EXPECT_EQ(workers.queued(Lane::log), 0u);

  world.io.restart();
  spawn(world.executor, run_and_count(workers, Lane::log, [] {}, done, stopped));
  world.io.run();
  EXPECT_EQ(done + stopped, 7);
}

TEST(Workers, may_go_while_callers_still_wait) {
  World world;
  int done = 0;
  int stopped = 0;
  {
    WorkerThreads workers;
    for (int i = 0; i < 20; ++i) spawn(world.executor, run_and_count(workers, Lane::search, [] {}, done, stopped));
    world.io.poll();
  }
  world.io.run();
  EXPECT_EQ(done + stopped, 20);
}

TEST(Workers, search_and_password_run_below_everybody_else) {
  World world;
  WorkerThreads workers;
  int search_policy = -1;
  int password_nice = -1;
  int log_nice = -1;
  std::thread::id ignored;
  world.run(run_job(workers, Lane::search, [&search_policy] { search_policy = sched_getscheduler(0); }, ignored));
  const auto ask_nice = [](int& nice) { return [&nice] { nice = getpriority(PRIO_PROCESS, 0); }; };
  world.run(run_job(workers, Lane::password, ask_nice(password_nice), ignored));
  world.run(run_job(workers, Lane::log, ask_nice(log_nice), ignored));
  EXPECT_EQ(search_policy, SCHED_IDLE);
  EXPECT_EQ(password_nice, std::min(log_nice + 10, 19));   // nicer than 19 nobody is
}

}  // namespace
}  // namespace parley::net
