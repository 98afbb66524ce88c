#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace parley::cli {

namespace json = boost::json;

// What a client keeps over its own restarts beside the requests: the client session (R16) and the login.
struct StoredSession {
  std::uint64_t client = 0;        // 0: none open
  std::string key;                 // proves that the session is ours
  std::uint64_t generation = 0;    // of the cluster that opened it (R19)
  std::uint64_t next = 1;          // the next unused sequence number
  std::string account;             // logged in as; empty: nobody
  std::string token;               // of that login
  bool operator==(const StoredSession&) const = default;
};

struct StoredRequest {
  std::uint64_t sequence = 0;
  std::string method;
  json::object params;             // without "seq" and "first"; empty if secret
  // It carried a password, so only its number was kept. Nothing behind it was ever sent (outbox.hpp).
  bool secret = false;
  bool in_doubt = false;           // an ended client session may have carried it out already
};

struct StoredOutbox {
  StoredSession session;
  std::vector<StoredRequest> requests;   // by sequence
};

// Where the outbox lives between two runs. Calls are rare and small (one a line typed) and may block for one fsync;
// load generators use MemoryOutboxStore. What a call promised is on the disk when it returns.
class OutboxStore {
 public:
  virtual ~OutboxStore() = default;
  virtual bool durable() const = 0;
  virtual StoredOutbox load() = 0;                                            // once, before the others
  virtual Result<Nothing> add(const StoredRequest& request) = 0;              // durable before it is sent
  virtual void remove(std::uint64_t sequence) = 0;                            // durable with the next call
  virtual Result<Nothing> replace(const StoredOutbox& outbox) = 0;            // atomic
};

// Forgets everything with the process.
class MemoryOutboxStore final : public OutboxStore {
 public:
  bool durable() const override { return false; }
  StoredOutbox load() override { return {}; }
  Result<Nothing> add(const StoredRequest&) override { return success(); }
  void remove(std::uint64_t) override {}
  Result<Nothing> replace(const StoredOutbox&) override { return success(); }
};

}  // namespace parley::cli
