#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "cli/client.hpp"

namespace parley::cli {

// A request as its node reads it.
std::string encode_request(std::int64_t id, std::string method, boost::json::object params);

// One question to one node over a connection of its own: no session, no login, no failover. The error says who was
// asked and what happened.
awaitable<Result<json::object>> ask(ClientSeams seams, std::string address, std::string method, json::object params,
                                    TimePoint deadline);

// The part of `status` (docs/PROTOCOL.md section 6) that programs act on.
struct NodeView {
  std::uint32_t node = 0;
  std::optional<std::uint32_t> leader;
  std::string role;
  std::uint64_t term = 0;
  std::uint64_t commit = 0;
  std::uint64_t applied = 0;
  std::vector<std::uint32_t> voters;
  std::vector<std::uint32_t> connected;   // of them, to this node; itself included
  std::uint64_t copies = 0;      // of a leader
  std::string bearable;          // one more failure: "yes", "in N ms", "no"
  std::string digest;            // of the state at `applied`
  std::uint64_t chain_index = 0;
  std::string chain;             // R10, at chain_index
};

awaitable<Result<NodeView>> ask_view(ClientSeams seams, std::string address, TimePoint deadline);

}  // namespace parley::cli
