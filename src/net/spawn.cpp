#include "net/spawn.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>

namespace parley::net {

void spawn(const boost::asio::any_io_executor& executor, awaitable<void> loop) {
  boost::asio::co_spawn(executor, std::move(loop), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

}  // namespace parley::net
