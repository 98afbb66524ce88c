#pragma once

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "raft/cluster.hpp"
#include "raft/log.hpp"

namespace parley::raft::test {

// One server; the others are played by the test, which says what they say and hears what they would hear.
class Lone {
 public:
  explicit Lone(Durable durable, std::uint32_t node = 1, Options chosen = {})
      : options(chosen), disk(std::move(durable)), raft(server(node), options, disk, 7, start()) {}

  static Now start() { return {TimePoint(std::chrono::hours(1)), WallTime{1'700'000'000'000}}; }

  void pass(milliseconds duration) {
    now.steady += duration;
    now.wall.ms += duration.count();
    raft.tick(now);
  }
  // To the next deadline, however far.
  void time_out() {
    if (raft.deadline() != never) now.steady = std::max(now.steady, raft.deadline());
    raft.tick(now);
  }

  // The disk: one batch begins, or all is written.
  PersistBatch begin_write() { return raft.take_persist(); }
  void end_write(const PersistBatch& batch) {
    write(disk, batch);
    raft.persisted(batch.number, now);
  }
  void sync() {
    for (auto batch = begin_write(); !batch.empty(); batch = begin_write()) end_write(batch);
  }

  void say(std::uint32_t from, Message message) { raft.step(server(from), std::move(message), now); }

  std::vector<Message> hear_all(std::uint32_t node) {
    std::vector<Message> heard;
    while (auto message = raft.take_message_for(NodeId(node), now)) heard.push_back(std::move(*message));
    return heard;
  }
  // The last message of that kind which is sent there; other kinds are dropped on the way.
  template <class T>
  std::optional<T> hear(std::uint32_t node) {
    std::optional<T> last;
    for (Message& message : hear_all(node)) {
      if (auto* wanted = std::get_if<T>(&message)) last = std::move(*wanted);
    }
    return last;
  }

  // Wins an election with the votes of `voters`, whose clocks are like its own, and has its no-op on disk.
  void lead(const std::vector<std::uint32_t>& voters) {
    lead(voters, [this](std::uint32_t) { return now.wall; });
  }
  template <class ClockOf>
  void lead(const std::vector<std::uint32_t>& voters, ClockOf clock_of) {
    while (status().role == Role::follower) time_out();
    const Term term = status().term.next();
    for (const std::uint32_t node : voters) say(node, RequestVoteReply{term, true, true, clock_of(node)});
    sync();
    for (const std::uint32_t node : voters) say(node, RequestVoteReply{term, false, true, clock_of(node)});
    sync();
  }
  // A follower's acknowledgement up to there, of the latest contact round that was sent to it.
  void acknowledge(std::uint32_t node, Index match) {
    std::uint64_t round = 0;
    if (const auto sent = hear<AppendEntries>(node)) round = sent->round;
    AppendEntriesReply reply;
    reply.term = status().term;
    reply.success = true;
    reply.round = round;
    reply.match_index = match;
    reply.wall = now.wall;
    say(node, reply);
  }

  Status status() const { return raft.status(); }
  EntryId last() const { return raft.log().last_id(); }
  std::vector<std::uint64_t> terms() const {
    std::vector<std::uint64_t> found;
    for (Index i(1); i <= last().index; ++i) found.push_back(raft.log().term_at(i)->value);
    return found;
  }

  Options options;
  Durable disk;
  Now now = start();
  Consensus raft;
};

// What a leader of `term` sends after `prev`: entries with these terms, as in log_of_terms.
inline AppendEntries append(std::uint64_t term, EntryId prev, const std::vector<std::uint64_t>& terms = {},
                            std::uint64_t commit = 0, std::uint64_t round = 1) {
  AppendEntries message{Term(term), prev, Index(commit), round, {}};
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const Index index = prev.index + (i + 1);
    const std::string text = std::to_string(terms[i]) + "." + std::to_string(index.value);
    message.entries.push_back(entry_of(Term(terms[i]), index, command(text)));
  }
  return message;
}
inline EntryId id(std::uint64_t term, std::uint64_t index) { return {Term(term), Index(index)}; }

using Terms = std::vector<std::uint64_t>;

}  // namespace parley::raft::test
