#include "cli/log_describe.hpp"

#include <variant>

#include "wire/command_codec.hpp"

namespace parley::cli {
namespace {

template <class Tag, class Number>
std::string text(Strong<Tag, Number> id) {
  return std::to_string(id.value);
}

std::string sized(const std::string& text) { return std::to_string(text.size()) + " bytes"; }

struct Words {
  std::string operator()(const chat::Register& r) const {
    return "register @" + r.name + (r.invitation ? " by invitation" : "");
  }
  std::string operator()(const chat::Login& r) const {
    if (r.account == chat::AccountId()) return "login refused: wrong name or password";
    return "login of account " + text(r.account);
  }
  std::string operator()(const chat::Logout& r) const { return r.everywhere ? "logout everywhere" : "logout"; }
  std::string operator()(const chat::ChangePassword& r) const {
    return r.credential_version == 0 ? "change of password refused: wrong password" : "change of password";
  }
  std::string operator()(const chat::DeleteAccount& r) const {
    return r.credential_version == 0 ? "deletion of account refused: wrong password" : "deletion of account";
  }
  std::string operator()(const chat::SendDirect& r) const { return "send @" + r.to + ", " + sized(r.text); }
  std::string operator()(const chat::SendRoom& r) const { return "send #" + r.room + ", " + sized(r.text); }
  std::string operator()(const chat::EditMessage& r) const {
    return "edit message " + text(r.facts.id) + ", " + sized(r.text);
  }
  std::string operator()(const chat::DeleteMessages& r) const {
    std::string ids;
    for (const auto& facts : r.facts) ids += " " + text(facts.id);
    return "delete messages" + ids;
  }
  std::string operator()(const chat::CreateRoom& r) const {
    return "create #" + r.room + (r.kind == chat::RoomKind::invite_only ? ", by invitation only" : "");
  }
  std::string operator()(const chat::JoinRoom& r) const { return "join #" + r.room; }
  std::string operator()(const chat::LeaveRoom& r) const { return "leave #" + r.room; }
  std::string operator()(const chat::InviteToRoom& r) const { return "invite @" + r.account + " to #" + r.room; }
  std::string operator()(const chat::RemoveFromRoom& r) const { return "remove @" + r.account + " from #" + r.room; }
  std::string operator()(const chat::SetTopic& r) const { return "topic of #" + r.room + ", " + sized(r.topic); }
  std::string operator()(const chat::CreateInvitation&) const { return "make an invitation code"; }
  std::string operator()(const chat::ChangeSetting& r) const { return "set " + r.name + " = " + r.value; }
  std::string operator()(const chat::SetAdministrator& r) const {
    return "@" + r.account + (r.administrator ? " becomes" : " is no longer") + " an administrator";
  }
  std::string operator()(const chat::ResetPassword& r) const { return "reset the password of @" + r.account; }
  std::string operator()(const chat::SetBanned& r) const {
    return (r.banned ? "ban @" : "lift the ban of @") + r.account;
  }

  std::string operator()(const chat::OpenClient&) const { return "open a client session"; }
  std::string operator()(const chat::Sequenced& command) const {
    return "client " + text(command.client) + " request " + text(command.sequence) +
           (command.by_operator ? " (operator): " : ": ") + std::visit(*this, command.request);
  }
  std::string operator()(const chat::Markers& command) const {
    return "markers: " + std::to_string(command.reads.size()) + " read, " +
           std::to_string(command.clients_alive.size()) + " clients and " +
           std::to_string(command.logins_alive.size()) + " logins alive";
  }
};

}  // namespace

std::string describe(const chat::Command& command) { return std::visit(Words(), command); }

std::string describe(const raft::Configuration& configuration) {
  std::string words;
  for (const auto& member : configuration.members) {
    words += (words.empty() ? "" : "; ") + std::string("node ") + text(member.id.node) +
             (member.voter ? " votes" : " learns") + " at " + member.peer_address;
  }
  return words.empty() ? "no members" : words;
}

std::string describe(const raft::Entry& entry) {
  if (std::holds_alternative<raft::Noop>(entry.content)) return "a leader begins its term";
  if (const auto* configuration = std::get_if<raft::ConfigurationPtr>(&entry.content)) return describe(**configuration);
  const auto bytes = std::get<SharedBytes>(entry.content).view();
  const auto command = wire::decode_command(bytes);
  if (!command.ok()) return std::to_string(bytes.size()) + " bytes that can't be read: " + command.error().message;
  return describe(*command);
}

}  // namespace parley::cli
