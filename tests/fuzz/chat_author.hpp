#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "chat/queries.hpp"
#include "chat/state.hpp"
#include "fuzz/input.hpp"

namespace parley::fuzz {

// Draws commands from an input: over few names, so that everything collides, right as often as wrong. Whatever a node
// or a client might get wrong is among them: facts that were never so, logins that ended, sequences out of turn.
class ChatAuthor {
 public:
  explicit ChatAuthor(Input& in) : in_(in) {}

  chat::Command next(const chat::State& state, const std::map<chat::MessageId, chat::MessageRow>& rows);

  static std::string person(std::uint64_t number);
  static chat::LoginId login(const std::string& name, std::uint64_t number);

 private:
  std::string person() { return person(in_.below(6)); }
  std::string room();
  std::string text();
  std::string name();                       // nearly always one of the few
  chat::AccountId account();
  chat::ConversationId conversation();
  chat::ClientId client();
  std::uint64_t credential_version();
  chat::MessageFacts facts();
  Index seen_at();
  chat::Command markers();
  chat::Command sequenced();
  chat::Request request();
  chat::Request of_account(std::uint64_t what);
  chat::Request of_room(std::uint64_t what);
  chat::Request of_administrator(std::uint64_t what);

  Input& in_;
  const chat::State* state_ = nullptr;      // while next() runs
  const std::map<chat::MessageId, chat::MessageRow>* rows_ = nullptr;
};

}  // namespace parley::fuzz
