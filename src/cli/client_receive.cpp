#include <algorithm>
#include <utility>
#include <variant>

#include "cli/client_core.hpp"
#include "cli/json_fields.hpp"

namespace parley::cli {
namespace {

constexpr std::uint64_t bearable_in_most = 86'400'000;   // no time that a node names overflows ours

}  // namespace

awaitable<void> Client::Core::read_loop() {
  while (!stopping_) {
    const auto link = link_;
    if (!link) {
      co_await read_alarm_->wait_until(never);
      continue;
    }
    const auto text = co_await link->read();
    if (link != link_) continue;   // of a connection that was given up meanwhile
    if (text) {
      heard_at_ = seams_.clock.now();
      pinged_at_ = never;
      receive(*text);
    } else {
      lose_link("the connection to " + state_.address + " ended");
    }
  }
}

awaitable<void> Client::Core::write_loop() {
  while (!stopping_) {
    const auto link = link_;
    if (!link || outgoing_.empty()) {
      co_await write_alarm_->wait_until(never);
      continue;
    }
    std::string frame = std::move(outgoing_.front());
    outgoing_.pop_front();
    const bool written = co_await link->write(std::move(frame));
    if (!written && link == link_) lose_link("the connection to " + state_.address + " broke");
  }
}

void Client::Core::receive(std::string_view text) {
  auto decoded = wire::decode_from_node(text);
  if (!decoded) {
    lose_link(state_.address + " sent what is not our protocol: " + decoded.error().message, Loss::failed);
    return;
  }
  if (auto* notification = std::get_if<wire::RpcRequest>(&*decoded)) {
    on_notification(std::move(*notification));
    return;
  }
  auto& response = std::get<wire::RpcResponse>(*decoded);
  if (const auto id = to_number(response.id)) {
    on_answer(*id, std::move(response));
  } else if (const auto* error = std::get_if<wire::RpcError>(&response.outcome)) {
    // Something of ours could not even be read: nobody knows which request that was, so all of them go out again.
    lose_link(state_.address + " could not read a request of ours: " + error->message, Loss::failed);
  }
}

void Client::Core::on_notification(wire::RpcRequest notification) {
  const json::object& params = notification.params;
  if (notification.method == "message") {
    if (!options_.receive) return;
    const json::value value(params);
    if (auto message = parse_message(value)) deliver(feed_.push(std::move(*message)));
  } else if (notification.method == "leader") {
    on_leader_notification(params);
  } else if (notification.method == "room") {
    if (const auto event = parse_room_event(params)) observer_.on_room(*event);
  } else if (notification.method == "marker") {
    observer_.on_marker(text_field(params, "in"), number_field(params, "number").value_or(0));
  } else if (notification.method == "closing") {
    const std::string reason = text_field(params, "reason");
    observer_.on_closing(reason);
    // The far end would close too; not waiting for that saves the time until the next node is tried.
    const bool elsewhere = reason == "too_many" || reason == "node_stopping";
    lose_link(state_.address + " closed the connection: " + reason, elsewhere ? Loss::failed : Loss::broke);
  }   // anything else comes from a newer node: not for us
}

void Client::Core::on_leader_notification(const json::object& params) {
  const auto node = static_cast<std::uint32_t>(number_field(params, "node").value_or(0));
  set_leader(node, text_field(params, "address"), 0);
  set_copies(params);
  if (!options_.follow_leader || node == 0 || node == state_.node || leader_.address.empty()) {
    wake_driver();
    return;
  }
  const auto most = static_cast<std::uint64_t>(Duration(options_.failover_jitter).count());
  move_at_ = seams_.clock.now() + Duration(static_cast<Duration::rep>(random_.below(most + 1)));
  wake_driver();
}

// Of a hello or a notification. Without them the node does not know: what another said before is no longer so.
void Client::Core::set_copies(const json::object& params) {
  using Bearable = CopiesState::Bearable;
  const std::string word = text_field(params, "bearable");
  CopiesState now;
  if (word == "yes") now.bearable = Bearable::yes;
  if (word == "soon") now.bearable = Bearable::soon;
  if (word == "no") now.bearable = Bearable::no;
  if (now.bearable == Bearable::soon || now.bearable == Bearable::no)
    now.copies = number_field(params, "copies").value_or(0);
  if (now.bearable == Bearable::soon) {
    const auto wait = std::min(number_field(params, "bearable_in_ms").value_or(0), bearable_in_most);
    now.bearable_at = seams_.clock.now() + milliseconds(wait);
  }
  if (now == copies_) return;
  copies_ = now;
  observer_.on_copies(copies_);
}

void Client::Core::deliver(const std::vector<Message>& messages) {
  for (const auto& message : messages) observer_.on_message(message);
}

}  // namespace parley::cli
