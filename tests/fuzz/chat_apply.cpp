// The state machine: any commands in any order, drawn or decoded from the input, at any log time. apply() answers all
// of them (R13), a second state that is told the same says the same byte for byte (R10), what goes to the archive is
// the state, and the tables keep what tests/chat/invariants.cpp says of them.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "chat/world.hpp"
#include "fuzz/chat_author.hpp"
#include "fuzz/input.hpp"
#include "wire/command_codec.hpp"

namespace parley::fuzz {
namespace {

using namespace chat;

constexpr std::size_t steps_max = 400;
constexpr std::size_t rows_kept_max = 256;

class Replicas {
 public:
  Replicas() {
    for (int i = 0; i < 4; ++i) apply(OpenClient{digest("key")});
    for (std::uint64_t i = 0; i < 3; ++i) {   // three people and a room, so that even a short input comes far
      const auto name = ChatAuthor::person(i);
      ask(Register{name, "$phc", std::nullopt});
      ask(Login{find_account(one_, name)->id, 1, ChatAuthor::login(name, 0)});
    }
    ask(CreateRoom{"tea", RoomKind::open, "topic"}, ChatAuthor::login("ann", 0));
    ask(JoinRoom{"tea"}, ChatAuthor::login("bob", 0));
  }

  const State& state() const { return one_; }
  const std::map<MessageId, MessageRow>& rows() const { return rows_; }
  void pass(std::int64_t ms) { time_.ms = static_cast<std::int64_t>(static_cast<std::uint64_t>(time_.ms) +
                                                                    static_cast<std::uint64_t>(ms)); }
  void skip(std::uint64_t entries) { index_ = index_ + entries; }   // a hole in the log is not apply's business

  void apply(const Command& command) {
    ++index_;
    const Entry entry{index_, time_, command};
    const auto effects = chat::apply(one_, entry);
    compare(effects, chat::apply(other_, entry));
  }
  void apply_nothing() {
    ++index_;
    const auto effects = chat::apply_nothing(one_, index_, time_);
    compare(effects, chat::apply_nothing(other_, index_, time_));
  }
  void begin_generation(std::uint64_t number) {
    const auto effects = chat::begin_generation(one_, Generation(number));
    compare(effects, chat::begin_generation(other_, Generation(number)));
  }

  // What was archived, loaded, is the live state; from here on it goes on as the second one.
  void check_all() {
    if (const auto broken = broken_invariant(one_)) assertion_failed(*broken, "an invariant", __FILE__, __LINE__);
    std::vector<RecordRow> records;
    for (const auto& [key, value] : records_) records.push_back({key.first, key.second, value});
    auto loaded = State::load(records);
    PARLEY_ASSERT(loaded.ok(), "what was archived can be loaded");
    PARLEY_ASSERT(loaded->digest() == one_.digest() && other_.digest() == one_.digest(), "equal states, equal digests");
    PARLEY_ASSERT(loaded->all_records() == one_.all_records(), "what is loaded equals what was archived");
    other_ = std::move(loaded).value();
  }

 private:
  void ask(Request request, std::optional<LoginId> login = std::nullopt) {
    Sequenced command{ClientId(1), sequence_.next(), Sequence(1), {}, login, false, std::move(request)};
    ++sequence_;
    apply(command);
  }

  void compare(const Effects& effects, const Effects& others) {
    PARLEY_ASSERT(canonical(effects) == canonical(others), "equal states answer the same entry alike");
    for (const auto& delivery : effects.deliveries) {
      PARLEY_ASSERT(std::ranges::is_sorted(delivery.audience), "an audience is sorted");
    }
    for (const auto& record : effects.records) {
      if (record.value) records_[{record.kind, record.key}] = *record.value;
      else records_.erase({record.kind, record.key});
    }
    for (const auto& row : effects.messages) {
      PARLEY_ASSERT(!row.deleted || row.text.empty(), "a tombstone has no text");
      rows_[row.id] = row;
    }
    while (rows_.size() > rows_kept_max) rows_.erase(rows_.begin());
  }

  State one_;
  State other_;
  Index index_;
  LogTime time_{1'000'000};
  Sequence sequence_;
  std::map<std::pair<std::uint8_t, std::string>, std::string> records_;
  std::map<MessageId, MessageRow> rows_;
};

void let_time_pass(Replicas& replicas, Input& in) {
  switch (in.below(6)) {
    case 0: return replicas.pass(in.u16());
    case 1: return replicas.pass(hour_ms * in.u8());
    case 2: return replicas.pass(-hour_ms * in.u8());
    case 3: return replicas.pass(day_ms * in.u8());
    case 4: return replicas.skip(in.u16());
    default: return replicas.pass(static_cast<std::int64_t>(in.any_number()));
  }
}

void play(Input in) {
  Replicas replicas;
  ChatAuthor author(in);
  for (std::size_t step = 0; step < steps_max && !in.empty(); ++step) {
    const auto what = in.below(64);
    if (what < 4) {
      let_time_pass(replicas, in);
    } else if (what < 6) {
      replicas.apply_nothing();
    } else if (what == 6) {
      replicas.check_all();
    } else if (what == 7) {
      replicas.begin_generation(in.u8());
    } else if (what < 12) {
      const auto command = wire::decode_command(in.text(255));
      if (command.ok()) replicas.apply(*command);
    } else {
      replicas.apply(author.next(replicas.state(), replicas.rows()));
    }
  }
  replicas.check_all();
}

}  // namespace
}  // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parley::fuzz::play(parley::fuzz::Input(data, size));
  return 0;
}
