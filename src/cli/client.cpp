#include "cli/client.hpp"

#include <utility>

#include "cli/client_core.hpp"

namespace parley::cli {

Client::Client(ClientSeams seams, std::vector<std::string> servers, ClientOptions options, Observer& observer,
               std::unique_ptr<OutboxStore> store)
    : core_(std::make_unique<Core>(std::move(seams), std::move(servers), std::move(options), observer,
                                   std::move(store))) {}
Client::~Client() = default;

awaitable<void> Client::run() { return core_->run(); }
void Client::stop() { core_->stop(); }

void Client::submit_then(std::string method, json::object params, OnOutcome then) {
  core_->submit_then(std::move(method), std::move(params), std::move(then));
}

void Client::call_then(std::string method, json::object params, TimePoint deadline, OnOutcome then) {
  core_->call_then(std::move(method), std::move(params), deadline, std::move(then));
}

awaitable<Outcome> Client::submit(std::string method, json::object params, TimePoint deadline) {
  const auto wait = core_->make_wait();
  core_->submit_then(std::move(method), std::move(params), core_->brings(wait));
  co_await core_->wait_for(wait, deadline);
  if (wait->outcome) co_return std::move(*wait->outcome);
  co_return Outcome::make_local(Outcome::Kind::pending, "pending",
                                "no majority of the nodes has answered yet; it is sent again by itself");
}

awaitable<Outcome> Client::call(std::string method, json::object params, TimePoint deadline) {
  const auto wait = core_->make_wait();
  core_->call_then(std::move(method), std::move(params), deadline, core_->brings(wait));
  co_await core_->wait_for(wait, never);   // call_then keeps the deadline
  co_return std::move(*wait->outcome);
}

awaitable<Outcome> Client::login(std::string name, std::string password, TimePoint deadline) {
  return core_->login(std::move(name), std::move(password), deadline);
}

awaitable<Outcome> Client::logout(bool everywhere, TimePoint deadline) {
  json::object params;
  if (everywhere) params["everywhere"] = true;
  return submit("logout", std::move(params), deadline);
}

void Client::use_store(std::unique_ptr<OutboxStore> store) { core_->use_store(std::move(store)); }
awaitable<bool> Client::drain(TimePoint deadline) { return core_->drained(deadline); }
awaitable<bool> Client::wait_ready(TimePoint deadline) { return core_->ready(deadline); }
void Client::drop_connection(const std::string& reason) { core_->drop_connection(reason); }

const std::string& Client::account() const { return core_->account(); }
const ConnectionState& Client::connection() const { return core_->connection(); }
const LeaderState& Client::leader() const { return core_->leader(); }
const CopiesState& Client::copies() const { return core_->copies(); }
std::size_t Client::pending() const { return core_->pending(); }
Cursor Client::cursor() const { return core_->cursor(); }
std::vector<std::string> Client::servers() const { return core_->servers(); }

std::string random_token(net::Entropy& entropy, std::size_t bytes) {
  static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const std::string random = entropy.bytes(bytes);
  std::string token;
  unsigned buffer = 0;
  unsigned bits = 0;
  for (const char c : random) {
    buffer = (buffer << 8) | static_cast<unsigned char>(c);
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      token += alphabet[(buffer >> bits) & 63U];
    }
  }
  if (bits > 0) token += alphabet[(buffer << (6 - bits)) & 63U];
  return token;
}

}  // namespace parley::cli
