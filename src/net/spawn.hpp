#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "net/clock.hpp"

namespace parley::net {

// Runs a loop on the executor. A loop may end, but it may not fail: its exception leaves io_context::run(), main
// prints it and exits, because a node with a dead loop is a dead node that doesn't know it. Never use asio::detached.
void spawn(const boost::asio::any_io_executor& executor, awaitable<void> loop);

}  // namespace parley::net
