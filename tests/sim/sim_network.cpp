#include "sim/sim_network.hpp"

#include <algorithm>
#include <utility>

namespace parley::sim {

// One direction: written by the host `from`, read by `to`. Holds what is on the cable and what has arrived.
struct Fabric::Pipe {
  Host from = 0;
  Host to = 0;
  std::string label;   // "peer 1>2": for the trace
  struct Packet {
    std::string message;
    bool end = false;
  };
  std::deque<Packet> travelling;
  std::deque<std::string> arrived;
  bool ended = false;              // the end has arrived
  TimePoint last_arrival{};
  std::unique_ptr<SimAlarm> reader;   // rung at each arrival; null when the reader is gone
};

struct Fabric::Listening {
  Host host = 0;
  std::deque<std::shared_ptr<net::Connection>> waiting;
  std::unique_ptr<SimAlarm> acceptor;
  World* world = nullptr;
  Life life = 0;
};

// One end: reads one pipe, writes the other.
class SimConnection final : public net::Connection {
 public:
  SimConnection(Fabric& fabric, Life life, std::shared_ptr<Fabric::Pipe> in, std::shared_ptr<Fabric::Pipe> out,
                std::string remote)
      : fabric_(fabric), in_(std::move(in)), out_(std::move(out)), remote_(std::move(remote)) {
    in_->reader = std::make_unique<SimAlarm>(fabric.world_, life);
  }
  ~SimConnection() override {
    close();
    in_->reader.reset();
  }

  awaitable<std::optional<std::string>> read() override {
    const auto in = in_;
    while (in->arrived.empty() && !in->ended && !closed_) co_await in->reader->wait_until(never);
    if (closed_ || in->arrived.empty()) co_return std::nullopt;
    std::string message = std::move(in->arrived.front());
    in->arrived.pop_front();
    co_return std::optional<std::string>(std::move(message));
  }

  awaitable<bool> write(std::string message) override {
    if (closed_ || in_->ended) co_return false;
    fabric_.send(out_, std::move(message), false);
    co_return true;
  }

  void close(std::string_view) override {
    if (std::exchange(closed_, true)) return;
    fabric_.send(out_, {}, true);
    if (in_->reader) in_->reader->ring();
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

TimePoint Fabric::arrival(Pipe& pipe) {
  const auto spread = static_cast<std::uint64_t>((options_.latency_most - options_.latency_least).count());
  const Duration latency = options_.latency_least + Duration(static_cast<Duration::rep>(random_.between(0, spread)));
  pipe.last_arrival = std::max(pipe.last_arrival, world_.now() + latency);
  return pipe.last_arrival;
}

void Fabric::send(const std::shared_ptr<Pipe>& pipe, std::string message, bool end) {
  world_.trace(pipe->label + (end ? " end" : " send " + std::to_string(message.size()) + " " +
                                                 digest(message).hex().substr(0, 8)));
  pipe->travelling.push_back({std::move(message), end});
  world_.schedule(arrival(*pipe), [this, pipe] { deliver(pipe); });
}

// Brings the first packet of the pipe to its reader; called once a packet. What a parting holds up, heal() delivers.
void Fabric::deliver(const std::shared_ptr<Pipe>& pipe) {
  if (is_parted(pipe->from, pipe->to) || pipe->travelling.empty()) return;
  auto packet = std::move(pipe->travelling.front());
  pipe->travelling.pop_front();
  ++delivered_;
  if (packet.end) {
    pipe->ended = true;
  } else if (!pipe->ended) {
    pipe->arrived.push_back(std::move(packet.message));
  }
  if (pipe->reader) pipe->reader->ring();
}

void Fabric::heal() {
  parted_.clear();
  std::erase_if(pipes_, [](const auto& pipe) { return pipe.expired(); });
  for (const auto& weak : pipes_) {
    const auto pipe = weak.lock();
    for (std::size_t held = pipe->travelling.size(); held > 0; --held) deliver(pipe);
  }
}

void Fabric::break_links(Host a, Host b) {
  for (const auto& weak : pipes_) {
    const auto pipe = weak.lock();
    if (!pipe || !((pipe->from == a && pipe->to == b) || (pipe->from == b && pipe->to == a))) continue;
    pipe->travelling.clear();
    pipe->ended = true;
    if (pipe->reader) pipe->reader->ring();
  }
}

awaitable<net::ConnectResult> SimNetwork::connect(net::Transport transport, std::string address, TimePoint deadline) {
  net::ConnectResult result;
  SimAlarm alarm(world_, life_);
  const auto found = fabric_.listeners_.find(address);
  const Host to = found == fabric_.listeners_.end() ? 0 : found->second->host;
  if (to != 0 && (fabric_.is_parted(host_, to) || fabric_.is_parted(to, host_))) {
    while (world_.now() < deadline) co_await alarm.wait_until(deadline);   // silence, as from a pulled cable
    result.failure = net::ConnectFailure::timed_out;
    result.detail = address + ": no answer";
    co_return result;
  }
  const TimePoint arrives = world_.now() + fabric_.options_.latency_most;
  while (world_.now() < arrives) co_await alarm.wait_until(arrives);
  const auto listener = fabric_.listeners_.find(address);
  if (listener == fabric_.listeners_.end()) {
    result.failure = net::ConnectFailure::refused;
    result.detail = address + ": connection refused";
    co_return result;
  }
  auto& listening = *listener->second;
  const std::string kind = transport == net::Transport::peer ? "peer " : "client ";
  auto out = std::make_shared<Fabric::Pipe>();
  out->from = host_;
  out->to = listening.host;
  out->label = kind + std::to_string(host_) + ">" + std::to_string(listening.host);
  auto in = std::make_shared<Fabric::Pipe>();
  in->from = listening.host;
  in->to = host_;
  in->label = kind + std::to_string(listening.host) + ">" + std::to_string(host_);
  fabric_.pipes_.push_back(out);
  fabric_.pipes_.push_back(in);
  listening.waiting.push_back(
      std::make_shared<SimConnection>(fabric_, listening.life, out, in, "host" + std::to_string(host_) + ":0"));
  listening.acceptor->ring();
  result.connection = std::make_shared<SimConnection>(fabric_, life_, in, out, address);
  co_return result;
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
