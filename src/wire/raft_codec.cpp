#include "wire/raft_codec.hpp"

#include <string>
#include <utility>

#include "base/assert.hpp"

namespace parley::wire {
namespace {

enum class ContentKind : std::uint8_t { noop = 0, command = 1, configuration = 2 };

void write_member(Writer& out, const raft::Member& member) {
  PARLEY_ASSERT(member.peer_address.size() <= address_max, "a peer address within address_max");
  PARLEY_ASSERT(member.client_address.size() <= address_max, "a client address within address_max");
  PARLEY_ASSERT(valid(member.id.node), "a member's node id is 1 to node_id_max");
  write(out, member.id);
  out.boolean(member.voter);
  out.string(member.peer_address);
  out.string(member.client_address);
}

raft::Member read_member(Reader& in) {
  raft::Member member;
  member.id = read_server(in);
  if (!valid(member.id.node)) in.fail();
  member.voter = in.boolean();
  member.peer_address = in.string(address_max);
  member.client_address = in.string(address_max);
  return member;
}

void write_content(Writer& out, const raft::Content& content) {
  if (const auto* command = std::get_if<SharedBytes>(&content)) {
    PARLEY_ASSERT(command->size() <= payload_max, "a command within payload_max");
    out.u8(static_cast<std::uint8_t>(ContentKind::command));
    out.string(command->view());
  } else if (const auto* configuration = std::get_if<raft::ConfigurationPtr>(&content)) {
    PARLEY_ASSERT(*configuration != nullptr, "a configuration entry has a configuration");
    out.u8(static_cast<std::uint8_t>(ContentKind::configuration));
    write(out, **configuration);
  } else {
    out.u8(static_cast<std::uint8_t>(ContentKind::noop));
  }
}

raft::Content read_content(Reader& in) {
  switch (static_cast<ContentKind>(in.u8())) {
    case ContentKind::noop:
      return raft::Noop{};
    case ContentKind::command:
      return SharedBytes(std::string(in.string(payload_max)));
    case ContentKind::configuration:
      return std::make_shared<const raft::Configuration>(read_configuration(in));
  }
  in.fail();
  return raft::Noop{};
}

}  // namespace

bool valid(NodeId node) { return node.value >= 1 && node.value <= node_id_max; }

void write(Writer& out, const raft::EntryId& id) {
  out.u64(id.term.value);
  out.u64(id.index.value);
}

void write(Writer& out, const raft::Entry& entry) {
  write(out, entry.id);
  out.i64(entry.time.ms);
  write_content(out, entry.content);
}

void write(Writer& out, const ServerId& server) {
  out.u32(server.node.value);
  out.u64(server.incarnation.value);
}

void write(Writer& out, const raft::Configuration& configuration) {
  const auto& members = configuration.members;
  PARLEY_ASSERT(members.size() <= raft::members_max, "a configuration within members_max");
  out.u16(static_cast<std::uint16_t>(members.size()));
  for (std::size_t i = 0; i < members.size(); ++i) {
    PARLEY_ASSERT(i == 0 || members[i - 1].id.node < members[i].id.node, "members are sorted, one per node id");
    write_member(out, members[i]);
  }
}

void write(Writer& out, const raft::HardState& hard_state) {
  out.u64(hard_state.current_term.value);
  out.boolean(hard_state.voted_for.has_value());
  if (hard_state.voted_for) write(out, *hard_state.voted_for);
  out.u64(hard_state.commit_index.value);
}

void write(Writer& out, const raft::LogBase& base) {
  write(out, base.id);
  out.i64(base.time.ms);
  out.u64(base.configuration_index.value);
  out.boolean(base.configuration != nullptr);
  if (base.configuration) write(out, *base.configuration);
}

raft::EntryId read_entry_id(Reader& in) {
  raft::EntryId id;
  id.term = Term(in.u64());
  id.index = Index(in.u64());
  return id;
}

raft::Entry read_entry(Reader& in) {
  raft::Entry entry;
  entry.id = read_entry_id(in);
  entry.time = LogTime{in.i64()};
  entry.content = read_content(in);
  return entry;
}

ServerId read_server(Reader& in) {
  ServerId server;
  server.node = NodeId(in.u32());
  server.incarnation = Incarnation(in.u64());
  return server;
}

raft::Configuration read_configuration(Reader& in) {
  raft::Configuration configuration;
  const std::size_t count = in.u16();
  if (count > raft::members_max) in.fail();
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    raft::Member member = read_member(in);
    if (i > 0 && member.id.node <= configuration.members.back().id.node) in.fail();
    configuration.members.push_back(std::move(member));
  }
  if (!in.ok()) configuration.members.clear();
  return configuration;
}

raft::HardState read_hard_state(Reader& in) {
  raft::HardState hard_state;
  hard_state.current_term = Term(in.u64());
  if (in.boolean()) hard_state.voted_for = read_server(in);
  hard_state.commit_index = Index(in.u64());
  return hard_state;
}

raft::LogBase read_log_base(Reader& in) {
  raft::LogBase base;
  base.id = read_entry_id(in);
  base.time = LogTime{in.i64()};
  base.configuration_index = Index(in.u64());
  if (in.boolean()) base.configuration = std::make_shared<const raft::Configuration>(read_configuration(in));
  return base;
}

}  // namespace parley::wire
