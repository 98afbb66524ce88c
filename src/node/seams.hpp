#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "net/clock.hpp"
#include "net/entropy.hpp"
#include "net/network.hpp"
#include "net/workers.hpp"
#include "node/logging.hpp"
#include "store/disk.hpp"

namespace parley::node {

// Everything a node can't compute by itself. The real ones are made in main, simulated ones in tests/sim; the node
// can't tell them apart. All outlive the node. `executor` is the node's one strand.
struct Seams {
  boost::asio::any_io_executor executor;
  net::Clock& clock;
  net::Network& network;
  net::Workers& workers;
  net::Entropy& entropy;
  net::PasswordHasher& hasher;
  store::Disk& disk;
  Logger& logger = Logger::discard();   // not decisive: what it is told changes nothing
};

}  // namespace parley::node
