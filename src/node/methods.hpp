#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "chat/effects.hpp"
#include "node/machine_services.hpp"
#include "node/methods_params.hpp"
#include "node/proposals.hpp"
#include "node/session.hpp"
#include "wire/rpc.hpp"

namespace parley::node {

struct Method;

// One request under way. Kept until it is answered, once.
struct Call {
  std::shared_ptr<Session> session;
  wire::RpcId id;
  const Method* method = nullptr;
  boost::json::object params;
  chat::AccountId account;  // the session's when it asked; 0: not logged in
};
using CallPtr = std::shared_ptr<Call>;

using Answer = std::variant<boost::json::object, wire::RpcError>;

// A sequenced request read from its parameters: ready, or ready after some work (`Prepare` of proposals.hpp).
using Built = std::variant<chat::Request, Prepare, wire::RpcError>;

// One row for each method of docs/PROTOCOL.md. Exactly one of `direct`, `reading`, `build` is set.
struct Method {
  std::string_view name;
  bool needs_login = false;                      // checked here for reads; what is sequenced apply refuses itself (R15)
  Answer (*direct)(Services&, Call&) = nullptr;  // answered at once
  net::awaitable<Answer> (*reading)(Services&, CallPtr) = nullptr;                      // answered after a wait
  Built (*build)(Services&, const CallPtr&) = nullptr;                                  // sequenced (R15)
  boost::json::object (*render)(Services&, const Call&, const chat::Reply&) = nullptr;  // of what is done
  void (*done)(Services&, Call&, const chat::Reply&) = nullptr;  // what it does to the session, before the answer
  bool fresh = false;  // waits until this node has applied all that was committed, else its answer is marked stale
};

// The rows, by duty.
std::span<const Method> account_methods();
std::span<const Method> talk_methods();
std::span<const Method> room_methods();
std::span<const Method> read_methods();
std::span<const Method> admin_methods();
std::span<const Method> cluster_methods();
std::span<const Method> member_methods();
std::span<const Method> backup_methods();

// Reads requests, finds their row, and sees to it that each is answered once.
class Methods final : public RequestHandler {
 public:
  explicit Methods(Services& services);
  void handle(const std::shared_ptr<Session>& session, std::string text) override;

 private:
  void dispatch(const CallPtr& call);
  void dispatch_sequenced(const CallPtr& call);
  net::awaitable<void> read(CallPtr call);
  void settle(const CallPtr& call, const Settled& settled);
  void reply(const CallPtr& call, const chat::Reply& reply);
  void answer(const CallPtr& call, Answer answer);

  Services& services_;
  std::map<std::string_view, const Method*> table_;
};

// -- errors, as docs/PROTOCOL.md section 2 has them -------------------------------------------------------------

std::string_view reason_of(chat::Code code);  // its fixed word
wire::RpcError refused(chat::Code code, const std::string& text = {});
wire::RpcError refused(std::string_view reason, std::string message);
wire::RpcError later(std::string_view reason, milliseconds retry_after);

// Over the method and its parameters in canonical form, without secrets and without "seq" and "first" (R15): equal
// for every repetition of a request, whatever the order of its members.
Digest payload_digest(std::string_view method, const boost::json::object& params);

// -- what several methods need ----------------------------------------------------------------------------------

inline boost::json::object nothing(Services&, const Call&, const chat::Reply&) { return {}; }
// Of what does not go through apply: whether the session gave this node's operator.token, or is an administrator's.
bool may_administer(const Services& services, const Call& call);
wire::RpcError not_an_administrator();

boost::json::object in_place(Services& services, const Call& call, const chat::Reply& reply);  // {"in": place}

}  // namespace parley::node
