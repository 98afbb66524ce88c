#pragma once

#include <algorithm>
#include <string>

#include "base/random.hpp"
#include "raft/message.hpp"
#include "raft/spoken.hpp"

// Random values of the types that logs and peers exchange; every optional part present and absent, every limit near.
namespace parley::wire::testing {

inline std::string random_text(Random& random, std::size_t max) {
  std::string text(random.below(max + 1), '\0');
  for (char& c : text) c = static_cast<char>(random.below(256));
  return text;
}

inline ServerId random_server(Random& random) {
  return ServerId{NodeId(static_cast<std::uint32_t>(random.between(1, 65535))), Incarnation(random.next())};
}

inline raft::TermAndVote random_term_and_vote(Random& random) {
  raft::TermAndVote spoken{Term(random.next()), std::nullopt};
  if (random.chance(0.5)) spoken.voted_for = random_server(random);
  return spoken;
}

inline raft::EntryId random_entry_id(Random& random) { return {Term(random.next()), Index(random.next())}; }

inline raft::Configuration random_configuration(Random& random) {
  raft::Configuration configuration;
  const std::size_t count = random.chance(0.1) ? raft::members_max : random.below(6);
  std::uint32_t node = 0;
  for (std::size_t i = 0; i < count; ++i) {
    node += static_cast<std::uint32_t>(random.between(1, 1000));
    raft::Member member;
    member.id = ServerId{NodeId(node), Incarnation(random.next())};
    member.voter = random.chance(0.5);
    member.peer_address = random_text(random, 20);
    member.client_address = random_text(random, 300);
    configuration.members.push_back(member);
  }
  return configuration;
}

inline raft::Entry random_entry(Random& random) {
  raft::Entry entry;
  entry.id = random_entry_id(random);
  entry.time = LogTime{static_cast<std::int64_t>(random.next())};
  const auto kind = random.below(4);
  if (kind == 0) entry.content = raft::Noop{};
  if (kind == 1) entry.content = std::make_shared<const raft::Configuration>(random_configuration(random));
  if (kind >= 2) entry.content = SharedBytes(random_text(random, 100));
  return entry;
}

inline raft::LogBase random_log_base(Random& random) {
  raft::ConfigurationPtr configuration;
  if (random.chance(0.9)) configuration = std::make_shared<const raft::Configuration>(random_configuration(random));
  const LogTime time{static_cast<std::int64_t>(random.next())};
  return {random_entry_id(random), time, std::move(configuration), Index(random.next())};
}

inline bool same(const raft::Content& a, const raft::Content& b) {
  if (a.index() != b.index()) return false;
  if (const auto* configuration = std::get_if<raft::ConfigurationPtr>(&a)) {
    return **configuration == **std::get_if<raft::ConfigurationPtr>(&b);
  }
  return a == b;
}

inline bool same(const raft::Entry& a, const raft::Entry& b) {
  return a.id == b.id && a.time == b.time && same(a.content, b.content);
}

inline bool same(const raft::AppendEntries& a, const raft::AppendEntries& b) {
  return a.term == b.term && a.prev_log == b.prev_log && a.leader_commit == b.leader_commit && a.round == b.round &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
                    [](const auto& x, const auto& y) { return same(x, y); });
}

inline std::string to_hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

}  // namespace parley::wire::testing
