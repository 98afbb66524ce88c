#include "cli/client_fixture.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>

namespace parley::cli {
namespace {

net::awaitable<void> log_in_with(Client& client, std::string name, std::optional<Outcome>& outcome) {
  outcome = co_await client.login(std::move(name), "secret word");
}

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

void ClientTest::run() {
  boost::asio::co_spawn(world_.context(), client_->run(), [this](std::exception_ptr failure) {
    running_ = false;
    rethrow(failure);
  });
}

Outcome ClientTest::log_in(const std::string& name) {
  std::optional<Outcome> outcome;
  boost::asio::co_spawn(world_.context(), log_in_with(*client_, name, outcome), rethrow);
  EXPECT_TRUE(world_.run_until([&] { return outcome.has_value(); })) << "no outcome of the login";
  world_.run_for(std::chrono::milliseconds(200));   // the sync behind it
  return outcome.value_or(Outcome{});
}

}  // namespace parley::cli
