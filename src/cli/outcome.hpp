#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <string>

namespace parley::cli {

namespace json = boost::json;

// What a request came to (docs/PROTOCOL.md section 2), as the caller of Client sees it. `later` and most of `unknown`
// never get here: the client waits, asks again or resends by itself.
struct Outcome {
  enum class Kind : std::uint8_t {
    done,      // carried out, durable on a majority; `result` is the node's answer
    refused,   // final: the cluster said no, or (see `local`) it was never sent
    pending,   // the caller's deadline came first; the request stays in the outbox and goes out once
    unknown    // nobody can tell whether it happened, or no node answered in time
  };
  Kind kind = Kind::unknown;
  json::value result;      // done: what PROTOCOL.md lists
  std::string reason;      // otherwise: one of the fixed words of PROTOCOL.md section 7, or one of ours (see `local`)
  std::string message;     // otherwise: for people
  bool local = false;      // said by this client, not by a node: outbox_full, outbox_unwritable, too_long, stopped …

  bool done() const { return kind == Kind::done; }

  static Outcome make_done(json::value result);
  static Outcome make_local(Kind kind, std::string reason, std::string message);
};

using OnOutcome = std::function<void(const Outcome&)>;

}  // namespace parley::cli
