#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "chat/effects.hpp"
#include "chat/state.hpp"
#include "raft/types.hpp"

namespace parley::sim {

// What the committed log says, entry by entry: every version of every message, who was told of it, who was a member
// when. Everything that people did and saw is judged against it. Made from the log's entries by one more state machine,
// or, in tests of judges, by hand.
class Truth {
 public:
  // One version of one message: new, edited or deleted.
  struct Change {
    Index index;
    chat::MessageId message;
    chat::ConversationId conversation;
    chat::Number number;
    chat::AccountId author;
    std::string text;
    bool edited = false;
    bool deleted = false;
    bool is_new = false;
    chat::ClientId client;                   // by which it was sent, under which number
    chat::Sequence sequence;
    std::vector<chat::AccountId> audience;   // sorted: who was to be told, if connected
  };
  struct Message {
    chat::ConversationId conversation;
    chat::Number number;
    chat::AccountId author;
    std::vector<std::size_t> changes;        // ascending, in changes()
  };
  // A time of membership: by numbers of the conversation (first number said in it … last), and by log index.
  struct Membership {
    chat::Number from;
    chat::Number through = chat::number_max;
    Index joined;
    Index left{~0ULL};
  };
  struct Conversation {
    std::string room;                        // with '#'; empty: a pair of people
    chat::AccountId low, high;               // of a pair
    bool invite_only = false;
    std::vector<chat::MessageId> messages;   // number 1 stands at 0
    std::map<chat::AccountId, std::vector<Membership>> members;
    bool takes_part(chat::AccountId account, Index at) const;
  };
  // Logins that ended: which, says the event.
  struct LoginsEnded {
    Index index;
    chat::LoginEnded event;
  };

  // A committed entry, in order; `now`: when it was first seen to be committed.
  void commit(const raft::Entry& entry, TimePoint now);
  // The effects of one, for tests of judges.
  void add(Index index, const chat::Effects& effects, TimePoint now);

  Index committed() const { return Index(committed_at_.size()); }
  Index committed_by(TimePoint time) const;                // what had been seen to be committed by then
  TimePoint committed_at(Index index) const { return committed_at_.at(index.value - 1); }
  const Digest& chain(Index index) const;                  // R10; of a committed one, or 0
  const chat::State& state() const { return state_; }

  const std::vector<Change>& changes() const { return changes_; }   // by index
  std::size_t first_change_after(Index index) const;                // its place in changes()
  const Message* message(std::uint64_t id) const;
  const Conversation* conversation(chat::ConversationId id) const;
  const std::map<chat::ConversationId, Conversation>& conversations() const { return conversations_; }
  chat::ConversationId room_named(const std::string& with_hash) const;   // 0: none
  chat::ConversationId pair(chat::AccountId a, chat::AccountId b) const;
  chat::AccountId account_named(const std::string& name) const;     // 0: none
  std::string account_name(chat::AccountId id) const;               // of a deleted one too
  const std::vector<chat::AccountId>& accounts_called(const std::string& name) const;   // one after the other
  Index account_deleted(chat::AccountId id) const;                  // ~0: it is alive
  const std::vector<LoginsEnded>& logins_ended() const { return logins_ended_; }        // by index
  void add_account(chat::AccountId id, const std::string& name);
  void delete_account(chat::AccountId id, Index index) { deleted_accounts_[id] = index; }
  void add_conversation(chat::ConversationId id, Conversation conversation);   // for tests of judges

  // R18, told from the log's events, not from the state machine's own book-keeping.
  bool may_ever_see(chat::AccountId account, const Conversation& conversation, chat::Number number) const;
  // The version of a message that looks like this: its place in changes(); nullopt: it never looked so. An edit that
  // was repeated looks twice the same: then the last one up to `by`.
  std::optional<std::size_t> version(std::uint64_t id, const std::string& text, bool edited, bool deleted,
                                     Index by) const;
  // When that version was replaced by the next: the index; ~0: it is the last.
  Index replaced_at(std::size_t change) const;

 private:
  void add_message(Index index, const chat::MessageRow& row, const std::vector<chat::AccountId>& audience);
  void add_room_event(Index index, const chat::RoomChanged& event);
  Conversation& conversation_of(const chat::MessageRow& row);
  void note_accounts(const chat::Entry& entry, const chat::Effects& effects);

  chat::State state_;
  std::vector<TimePoint> committed_at_;
  std::vector<Digest> chains_;
  std::vector<Change> changes_;
  std::map<std::uint64_t, Message> messages_;
  std::map<chat::ConversationId, Conversation> conversations_;
  std::map<std::string, chat::ConversationId> rooms_;
  std::map<std::string, std::vector<chat::AccountId>> accounts_;
  std::map<chat::AccountId, std::string> account_names_;
  std::map<chat::AccountId, Index> deleted_accounts_;
  std::vector<LoginsEnded> logins_ended_;
};

}  // namespace parley::sim
