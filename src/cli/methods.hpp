#pragma once

#include <string_view>

namespace parley::cli {

// What the client has to know of a method; one row each in methods.cpp, unknown ones get the careful defaults.
struct MethodTraits {
  bool secret = false;      // carries a password or token: never written to the outbox file
  // Sent alone: nothing behind it leaves before its answer, because the node reads, outside the log's order, what it
  // changes (who is logged in here, whether that account is there yet).
  bool alone = false;
  // Sequenced: once more, in a new client session, does no harm. Unsequenced: may be asked again on another node.
  bool repeatable = false;
};

MethodTraits traits_of(std::string_view method);

}  // namespace parley::cli
