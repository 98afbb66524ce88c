#pragma once

#include <deque>
#include <memory>
#include <string>

#include "sim/fabric.hpp"
#include "sim/seams.hpp"

namespace parley::sim {

// One direction: written by the host `from`, read by `to`. Holds what is on the cable and what has arrived.
struct Fabric::Pipe {
  Host from = 0;
  Host to = 0;
  net::Transport transport = net::Transport::peer;
  std::string label;   // "peer 1>2": for the trace
  std::uint64_t label_print = 0;
  std::weak_ptr<Pipe> back;          // the other direction

  struct Packet {
    std::string message;
    bool end = false;
  };
  std::deque<Packet> travelling;
  std::size_t held = 0;              // of them: came to a parting
  std::deque<std::string> arrived;
  std::size_t bytes = 0;             // travelling and arrived
  bool ended = false;                // the end has arrived
  TimePoint last_arrival{};
  std::string swapped;               // to be sent after the next one
  std::deque<std::string> old;       // may be sent once more

  std::unique_ptr<SimAlarm> reader;   // rung at each arrival; null when the reader is gone
  std::unique_ptr<SimAlarm> writer;   // rung when there is room; null when the writer is gone
};

struct Fabric::Listening {
  Host host = 0;
  std::deque<std::shared_ptr<net::Connection>> waiting;
  std::unique_ptr<SimAlarm> acceptor;
  Life life = 0;
};

}  // namespace parley::sim
