#include "sim/sim_network.hpp"

#include <algorithm>
#include <utility>

#include "sim/fabric_pipe.hpp"

namespace parley::sim {

// One end: reads one pipe, writes the other.
class SimConnection final : public net::Connection {
 public:
  SimConnection(Fabric& fabric, Life life, std::shared_ptr<Fabric::Pipe> in, std::shared_ptr<Fabric::Pipe> out,
                std::string remote)
      : fabric_(fabric), in_(std::move(in)), out_(std::move(out)), remote_(std::move(remote)) {
    in_->reader = std::make_unique<SimAlarm>(fabric.world_, life);
    out_->writer = std::make_unique<SimAlarm>(fabric.world_, life);
  }
  ~SimConnection() override {
    close();
    in_->reader.reset();
    out_->writer.reset();
  }

  awaitable<std::optional<std::string>> read() override {
    const auto in = in_;
    while (in->arrived.empty() && !in->ended && !closed_) co_await in->reader->wait_until(never);
    if (closed_ || in->arrived.empty()) co_return std::nullopt;
    std::string message = std::move(in->arrived.front());
    in->arrived.pop_front();
    in->bytes -= std::min(in->bytes, message.size());
    const auto far_writer = in->writer.get();
    if (far_writer) far_writer->ring();
    co_return std::optional<std::string>(std::move(message));
  }

  awaitable<bool> write(std::string message) override {
    const auto out = out_;
    while (out->bytes > fabric_.options().buffer_bytes && !closed_ && !in_->ended) {
      co_await out->writer->wait_until(never);
    }
    if (closed_ || in_->ended) co_return false;
    fabric_.send(out, std::move(message), false);
    co_return true;
  }

  void close(std::string_view) override {
    if (std::exchange(closed_, true)) return;
    fabric_.send(out_, {}, true);
    if (in_->reader) in_->reader->ring();
    if (out_->writer) out_->writer->ring();
  }
  void close() { close({}); }

  const std::string& remote() const override { return remote_; }

 private:
  Fabric& fabric_;
  std::shared_ptr<Fabric::Pipe> in_;
  std::shared_ptr<Fabric::Pipe> out_;
  std::string remote_;
  bool closed_ = false;
};

class SimListener final : public net::Listener {
 public:
  SimListener(Fabric& fabric, std::string address, std::shared_ptr<Fabric::Listening> listening)
      : fabric_(fabric), address_(std::move(address)), listening_(std::move(listening)) {}
  ~SimListener() override { close(); }

  awaitable<std::shared_ptr<net::Connection>> accept() override {
    const auto listening = listening_;
    while (listening->waiting.empty() && !closed_) co_await listening->acceptor->wait_until(never);
    if (closed_) co_return nullptr;
    auto connection = std::move(listening->waiting.front());
    listening->waiting.pop_front();
    co_return connection;
  }

  void close() override {
    if (std::exchange(closed_, true)) return;
    const auto found = fabric_.listeners_.find(address_);
    if (found != fabric_.listeners_.end() && found->second == listening_) fabric_.listeners_.erase(found);
    listening_->waiting.clear();
    listening_->acceptor->ring();
  }

  std::string local() const override { return address_; }

 private:
  Fabric& fabric_;
  std::string address_;
  std::shared_ptr<Fabric::Listening> listening_;
  bool closed_ = false;
};

awaitable<net::ConnectResult> SimNetwork::connect(net::Transport transport, std::string address, TimePoint deadline) {
  const TimePoint until = clock_ != nullptr ? clock_->when(deadline) : deadline;
  const Host to = Fabric::host_of(address);
  SimAlarm alarm(world_, life_);
  const TimePoint arrives = world_.now() + 2 * fabric_.options_.latency_most;
  while (world_.now() < arrives) co_await alarm.wait_until(arrives);
  if (!fabric_.reaches(host_, to) || !fabric_.reaches(to, host_)) {
    while (world_.now() < until) co_await alarm.wait_until(until);   // silence, as from a pulled cable
    net::ConnectResult silence;
    silence.failure = net::ConnectFailure::timed_out;
    silence.detail = address + ": no answer";
    co_return silence;
  }
  co_return open(transport, address);
}

net::ConnectResult SimNetwork::open(net::Transport transport, const std::string& address) {
  net::ConnectResult result;
  const auto listener = fabric_.listeners_.find(Fabric::first_name(address));
  if (listener == fabric_.listeners_.end()) {
    result.failure = net::ConnectFailure::refused;
    result.detail = address + ": connection refused";
    return result;
  }
  auto& listening = *listener->second;
  const auto pipe = [&](Host from, Host to) {
    auto made = std::make_shared<Fabric::Pipe>();
    made->from = from;
    made->to = to;
    made->transport = transport;
    made->label = (transport == net::Transport::peer ? "peer " : "client ") + std::to_string(from) + ">" +
                  std::to_string(to);
    made->label_print = fingerprint(made->label);
    fabric_.pipes_.push_back(made);
    return made;
  };
  fabric_.pipes();   // forgets those that are over
  const auto out = pipe(host_, listening.host);
  const auto in = pipe(listening.host, host_);
  out->back = in;
  in->back = out;
  listening.waiting.push_back(
      std::make_shared<SimConnection>(fabric_, listening.life, out, in, "host" + std::to_string(host_) + ":0"));
  listening.acceptor->ring();
  result.connection = std::make_shared<SimConnection>(fabric_, life_, in, out, address);
  return result;
}

Result<std::unique_ptr<net::Listener>> SimNetwork::listen(net::Transport, std::string address, net::HttpPages) {
  if (address.ends_with(":0")) address = address.substr(0, address.size() - 1) + std::to_string(++fabric_.last_port_);
  if (fabric_.listeners_.contains(address)) return Error{address + ": address already in use"};
  auto listening = std::make_shared<Fabric::Listening>();
  listening->host = host_;
  listening->life = life_;
  listening->acceptor = std::make_unique<SimAlarm>(world_, life_);
  fabric_.listeners_[address] = listening;
  std::unique_ptr<net::Listener> listener = std::make_unique<SimListener>(fabric_, address, listening);
  return listener;
}

}  // namespace parley::sim
