#include "chat/records.hpp"

namespace parley::chat {
namespace {

void write(Writer& out, const MessageRow& row) {
  out.u64(row.id.value);
  out.u64(row.conversation.value);
  out.u64(row.number.value);
  out.u64(row.author.value);
  out.string(row.author_name);
  out.i64(row.time.ms);
  out.string(row.text);
  out.boolean(row.edited);
  out.boolean(row.deleted);
  out.u64(row.changed_index.value);
  out.u64(row.client.value);
  out.u64(row.sequence.value);
}

void write(Writer& out, const std::optional<LoginId>& login) {
  out.boolean(login.has_value());
  if (login) out.raw(login->view());
}

// Each kind of event begins with a number of its own.
void write(Writer& out, const MessageChanged& event) {
  out.u8(1);
  write(out, event.row);
  out.boolean(event.is_new);
}
void write(Writer& out, const RoomChanged& event) {
  out.u8(2);
  out.u8(static_cast<std::uint8_t>(event.what));
  out.u64(event.conversation.value);
  out.string(event.room);
  out.u64(event.account.value);
  out.string(event.account_name);
  out.string(event.topic);
}
void write(Writer& out, const MarkerMoved& event) {
  out.u8(3);
  out.u64(event.account.value);
  out.u64(event.conversation.value);
  out.u64(event.number.value);
}
void write(Writer& out, const LoginEnded& event) {
  out.u8(4);
  out.u64(event.account.value);
  write(out, event.login);
  write(out, event.except);
  out.string(event.reason);
}

std::uint32_t count(std::size_t size) { return static_cast<std::uint32_t>(size); }

}  // namespace

std::string canonical(const Effects& effects) {
  std::string bytes;
  Writer out(bytes);
  out.boolean(effects.reply.has_value());
  if (effects.reply) write_reply(out, *effects.reply);
  out.u32(count(effects.messages.size()));
  for (const auto& row : effects.messages) write(out, row);
  out.u32(count(effects.records.size()));
  for (const auto& row : effects.records) {
    out.u8(row.kind);
    out.string(row.key);
    out.boolean(row.value.has_value());
    if (row.value) out.string(*row.value);
  }
  out.u32(count(effects.deliveries.size()));
  for (const auto& delivery : effects.deliveries) {
    out.u32(count(delivery.audience.size()));
    for (const auto account : delivery.audience) out.u64(account.value);
    std::visit([&out](const auto& event) { write(out, event); }, delivery.event);
  }
  return bytes;
}

}  // namespace parley::chat
