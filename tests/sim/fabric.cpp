#include "sim/fabric.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "net/socket.hpp"
#include "sim/fabric_pipe.hpp"
#include "wire/peer_frame.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration retransmission = 200ms;   // the least RTO of Linux; RFC 6298 has one second
constexpr std::size_t old_frames_max = 8;

bool is_consensus(const std::string& frame) {
  const auto decoded = wire::decode_peer_frame(frame);
  return decoded.ok() && std::holds_alternative<raft::Message>(*decoded);
}

}  // namespace

Host Fabric::host_of(const std::string& address) {
  const auto dot = address.rfind('.');
  const auto colon = address.rfind(':');
  if (dot == std::string::npos || colon == std::string::npos || colon < dot) return 0;
  return static_cast<Host>(std::stoul(address.substr(dot + 1, colon - dot - 1)));
}

std::string Fabric::first_name(std::string address) {
  constexpr std::string_view second = "10.0.1.";
  if (address.starts_with(second)) address.replace(0, second.size(), "10.0.0.");
  return address;
}

bool Fabric::reaches(Host from, Host to) const {
  return !is_parted(from, to) && !off_.contains(from) && !off_.contains(to);
}

std::vector<Fabric::PipePtr> Fabric::pipes() {
  std::erase_if(pipes_, [](const auto& pipe) { return pipe.expired(); });
  std::vector<PipePtr> all;
  for (const auto& weak : pipes_) all.push_back(weak.lock());
  return all;
}

// -- partings -----------------------------------------------------------------------------------------------------

void Fabric::part(Host from, Host to) {
  auto& parting = parted_[{from, to}];
  if (++parting.count > 1) return;
  const std::uint64_t number = parting.number = ++partings_;
  for (const auto transport : {net::Transport::peer, net::Transport::client}) {
    const auto& times = transport == net::Transport::peer ? net::peer_socket_times : net::client_socket_times;
    const TimePoint at = world_.now() + times.user_timeout;
    world_.schedule(at, [this, from, to, number, transport] { give_up(from, to, number, transport); });
  }
}

void Fabric::join(Host from, Host to) {
  const auto found = parted_.find({from, to});
  if (found == parted_.end() || --found->second.count > 0) return;
  parted_.erase(found);
  release(from, to);
}

void Fabric::heal() {
  const auto all = std::exchange(parted_, {});
  for (const auto& [pair, parting] : all) release(pair.first, pair.second);
}

// What a parting held up is sent again.
void Fabric::release(Host from, Host to) {
  for (const auto& pipe : pipes()) {
    if (pipe->from != from || pipe->to != to) continue;
    for (std::size_t held = std::exchange(pipe->held, 0); held > 0; --held) schedule_delivery(pipe, 0);
  }
}

// Neither data nor probes were acknowledged for too long: both kernels end the connection.
void Fabric::give_up(Host from, Host to, std::uint64_t number, net::Transport transport) {
  const auto found = parted_.find({from, to});
  if (found == parted_.end() || found->second.number != number) return;
  for (const auto& pipe : pipes()) {
    const bool between = (pipe->from == from && pipe->to == to) || (pipe->from == to && pipe->to == from);
    if (between && pipe->transport == transport) end(*pipe);
  }
}

void Fabric::break_links(Host a, Host b) {
  for (const auto& pipe : pipes()) {
    if ((pipe->from == a && pipe->to == b) || (pipe->from == b && pipe->to == a)) end(*pipe);
  }
}

void Fabric::power_off(Host host) {
  off_.insert(host);
  const TimePoint now = world_.now();
  for (const auto& pipe : pipes()) {
    if (pipe->from != host && pipe->to != host) continue;
    pipe->travelling.clear();   // what was on the cable finds nobody, or was never sent
    pipe->held = 0;
    if (pipe->to == host) continue;
    const auto& times =
        pipe->transport == net::Transport::peer ? net::peer_socket_times : net::client_socket_times;
    world_.schedule(now + times.user_timeout, [this, pipe] { end(*pipe); });
  }
}

void Fabric::end(Pipe& pipe) {
  pipe.travelling.clear();
  pipe.held = 0;
  pipe.ended = true;
  if (pipe.reader) pipe.reader->ring();
  const auto back = pipe.back.lock();
  if (back && back->writer) back->writer->ring();
}

// -- messages -----------------------------------------------------------------------------------------------------

TimePoint Fabric::arrival(Pipe& pipe, std::size_t bytes) {
  const auto spread = static_cast<std::uint64_t>((options_.latency_most - options_.latency_least).count());
  Duration takes = options_.latency_least + Duration(static_cast<Duration::rep>(random_.between(0, spread)));
  if (options_.jitter_mean > Duration(0)) {
    const double drawn = -std::log(1 - random_.unit()) * static_cast<double>(options_.jitter_mean.count());
    takes += Duration(static_cast<Duration::rep>(drawn));
  }
  if (options_.lost > 0) {
    for (Duration again = retransmission; random_.chance(options_.lost) && again < 4s; again *= 2) takes += again;
  }
  if (options_.bytes_per_second > 0) {
    takes += Duration(static_cast<Duration::rep>(bytes * 1'000'000'000ULL / options_.bytes_per_second));
  }
  pipe.last_arrival = std::max(pipe.last_arrival, world_.now() + takes);
  return pipe.last_arrival;
}

void Fabric::send(const PipePtr& pipe, std::string message, bool end) {
  const std::uint64_t print = fingerprint(message);
  world_.trace_detail(pipe->label_print ^ print ^ (end ? 1 : 0), [&] {
    return pipe->label + (end ? " end" : " send " + std::to_string(message.size()) + " " + std::to_string(print));
  });
  if (end || pipe->transport != net::Transport::peer) return push(pipe, std::move(message), end);
  send_frame(pipe, std::move(message));
}

// Between nodes, with what may befall a message of consensus there.
void Fabric::send_frame(const PipePtr& pipe, std::string message) {
  const bool lost = options_.frame_lost > 0 && random_.chance(options_.frame_lost);
  const bool doubled = options_.frame_doubled > 0 && random_.chance(options_.frame_doubled);
  const bool swapped = options_.frame_swapped > 0 && random_.chance(options_.frame_swapped);
  const bool replayed = options_.frame_replayed > 0 && random_.chance(options_.frame_replayed);
  const bool something = lost || doubled || swapped || (options_.frame_replayed > 0 && random_.chance(0.1));
  const bool consensus = something && is_consensus(message);
  if (replayed && !pipe->old.empty()) push(pipe, pipe->old[random_.below(pipe->old.size())], false);
  std::string after = std::exchange(pipe->swapped, {});
  if (consensus && options_.frame_replayed > 0) {
    if (pipe->old.size() == old_frames_max) pipe->old.pop_front();
    pipe->old.push_back(message);
  }
  if (consensus && doubled) push(pipe, message, false);
  if (consensus && swapped && after.empty()) {
    pipe->swapped = std::move(message);
  } else if (!consensus || !lost) {
    push(pipe, std::move(message), false);
  }
  if (!after.empty()) push(pipe, std::move(after), false);
}

void Fabric::push(const PipePtr& pipe, std::string message, bool end) {
  if (off_.contains(pipe->from)) return;
  const std::size_t bytes = message.size();
  pipe->bytes += bytes;
  pipe->travelling.push_back({std::move(message), end});
  schedule_delivery(pipe, bytes);
}

void Fabric::schedule_delivery(const PipePtr& pipe, std::size_t bytes) {
  world_.schedule(arrival(*pipe, bytes), [this, pipe] { deliver(pipe); });
}

// Brings the first packet of the pipe to its reader; called once a packet. What a parting holds up, release() sends
// again.
void Fabric::deliver(const PipePtr& pipe) {
  if (pipe->travelling.size() <= pipe->held) return;
  if (is_parted(pipe->from, pipe->to)) {
    ++pipe->held;
    return;
  }
  auto packet = std::move(pipe->travelling.front());
  pipe->travelling.pop_front();
  if (off_.contains(pipe->to)) return;
  ++delivered_;
  if (packet.end) {
    pipe->ended = true;
  } else if (!pipe->ended) {
    pipe->arrived.push_back(std::move(packet.message));
  }
  if (pipe->reader) return pipe->reader->ring();
  const auto back = pipe->back.lock();   // nobody reads any more: the kernel answers with a reset
  if (back && !packet.end && reaches(pipe->to, pipe->from)) end(*back);
}

}  // namespace parley::sim
