#include "cli/chat_command.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <exception>
#include <utility>

#include "cli/chat_pipe.hpp"
#include "cli/chat_terminal.hpp"
#include "cli/complaint.hpp"
#include "cli/server_finder.hpp"
#include "net/steady_clock.hpp"
#include "net/system_entropy.hpp"
#include "net/tcp_network.hpp"

namespace parley::cli {
namespace {


// Runs one of the two kinds to its end; its exception, if any, is the caller's.
template <class Kind>
int run_to_the_end(boost::asio::io_context& context, Kind& chat) {
  int exit_code = 1;
  boost::asio::co_spawn(context, chat.run(), [&exit_code](std::exception_ptr failure, int code) {
    if (failure) std::rethrow_exception(failure);
    exit_code = code;
  });
  context.run();
  return exit_code;
}

}  // namespace

int chat_command(const ChatOptions& options) {
  const StateDirectory state(options.state_directory);
  auto servers = find_servers(options.servers, options.config_file, state);
  if (!servers) return complain("chat", servers.error().message, exit_wrong);
  boost::asio::io_context context{1};
  net::SteadyClock clock(context.get_executor());
  net::TcpNetwork network(context.get_executor());
  net::SystemEntropy entropy;
  const ClientSeams seams{context.get_executor(), clock, network, entropy};
  if (auto terminal = Terminal::open(context.get_executor())) {
    ChatTerminal chat(seams, std::move(terminal), std::move(servers->addresses), options);
    return run_to_the_end(context, chat);
  }
  ChatPipe chat(seams, std::move(servers->addresses), options);
  return run_to_the_end(context, chat);
}

}  // namespace parley::cli
