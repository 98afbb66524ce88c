#include "fuzz/raft_values.hpp"

#include <memory>

#include "wire/raft_codec.hpp"

namespace parley::fuzz {

ServerId any_server(Input& in) { return {NodeId(1 + in.u16() % wire::node_id_max), Incarnation(in.any_number())}; }

raft::EntryId any_entry_id(Input& in) {
  const Term term(in.any_number());
  return {term, Index(in.any_number())};
}

raft::Configuration any_configuration(Input& in) {
  raft::Configuration configuration;
  std::uint32_t node = 0;
  for (auto count = in.below(5); count > 0; --count) {
    node += 1 + in.u8();
    raft::Member member;
    member.id = {NodeId(node), Incarnation(in.any_number())};
    member.voter = in.boolean();
    member.peer_address = in.text(20);
    member.client_address = in.text(wire::address_max);
    configuration.members.push_back(std::move(member));
  }
  return configuration;
}

raft::Entry any_entry(Input& in) {
  raft::Entry entry;
  entry.id = any_entry_id(in);
  entry.time = LogTime{static_cast<std::int64_t>(in.any_number())};
  switch (in.below(3)) {
    case 0: entry.content = raft::Noop{}; break;
    case 1: entry.content = std::make_shared<const raft::Configuration>(any_configuration(in)); break;
    default: entry.content = SharedBytes(in.text(100));
  }
  return entry;
}

raft::LogBase any_base(Input& in) {
  raft::LogBase base;
  base.id = any_entry_id(in);
  base.time = LogTime{static_cast<std::int64_t>(in.any_number())};
  if (in.boolean()) base.configuration = std::make_shared<const raft::Configuration>(any_configuration(in));
  base.configuration_index = Index(in.any_number());
  return base;
}

namespace {

raft::AppendEntries any_append_entries(Input& in) {
  raft::AppendEntries append;
  append.term = Term(in.any_number());
  append.prev_log = any_entry_id(in);
  append.leader_commit = Index(in.any_number());
  append.round = in.any_number();
  for (auto count = in.below(6); count > 0; --count) append.entries.push_back(any_entry(in));
  return append;
}

raft::AppendEntriesReply any_append_entries_reply(Input& in) {
  raft::AppendEntriesReply reply;
  reply.term = Term(in.any_number());
  reply.success = in.boolean();
  reply.round = in.any_number();
  reply.match_index = Index(in.any_number());
  reply.conflict_index = Index(in.any_number());
  reply.conflict_term = Term(in.any_number());
  reply.rejected_prev = Index(in.any_number());
  reply.wall = WallTime{static_cast<std::int64_t>(in.any_number())};
  return reply;
}

}  // namespace

raft::Message any_message(Input& in) {
  switch (in.below(8)) {
    case 0: {
      const Term term(in.any_number());
      const auto last_log = any_entry_id(in);
      const auto kind = in.below(4);
      return raft::RequestVote{term, last_log, (kind & 1) != 0, (kind & 2) != 0};
    }
    case 1: {
      const Term term(in.any_number());
      const bool pre_vote = in.boolean();
      const bool granted = in.boolean();
      return raft::RequestVoteReply{term, pre_vote, granted, WallTime{static_cast<std::int64_t>(in.any_number())}};
    }
    case 2: return any_append_entries(in);
    case 3: return any_append_entries_reply(in);
    case 4: return raft::ReadIndexRequest{in.any_number()};
    case 5: {
      const Term term(in.any_number());
      return raft::InstallSnapshot{term, any_base(in)};
    }
    case 6: {
      const Term term(in.any_number());
      return raft::TimeoutNow{term, in.any_number()};
    }
    default: {
      const auto id = in.any_number();
      const bool confirmed = in.boolean();
      return raft::ReadIndexReply{id, confirmed, Index(in.any_number())};
    }
  }
}

}  // namespace parley::fuzz
