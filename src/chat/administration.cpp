#include "chat/change.hpp"
#include "chat/text.hpp"

// What administrators and the operator do. The first administrator can only be made by the operator: there is
// nobody else yet who administers.

namespace parley::chat {

Reply carry_out(Change& change, const Actor& actor, const CreateInvitation& request) {
  auto& tables = change.tables;
  if (!actor.administers) return refuse(Code::forbidden, "invitation");
  const auto found = tables.invitations.find(request.code);
  if (found != tables.invitations.end() && !tables.invitation_expired(found->second)) return Reply{};
  if (found != tables.invitations.end()) tables.drop_invitation(request.code);   // made anew below
  if (tables.invitations.size() >= invitations_max) return refuse(Code::limit_reached, "invitations");
  const Invitation row{change.index, change.now()};
  tables.add_invitation(request.code, row);
  change.save(invitation_record(request.code, row));
  return Reply{};
}

Reply carry_out(Change& change, const Actor& actor, const ChangeSetting& request) {
  if (!actor.administers) return refuse(Code::forbidden, request.name);
  const auto* rule = find_setting(request.name);
  if (!rule) return refuse(Code::unknown_setting, request.name);
  const auto value = parse_setting(*rule, request.value);
  if (!value) return refuse(Code::bad_value, std::string(rule->name) + ": " + expected_of(*rule));
  change.tables.settings.set(rule->setting, *value);
  if (*value == rule->initial) {
    change.erase(RecordKind::setting, rule->name);
  } else {
    change.save(setting_record(*rule, *value));
  }
  return Reply{};
}

Reply carry_out(Change& change, const Actor& actor, const SetAdministrator& request) {
  if (!actor.administers) return refuse(Code::forbidden, request.account);
  AccountId id;
  if (!change.tables.account_named(request.account, id)) return refuse(Code::no_such_account, request.account);
  auto& row = *change.tables.account(id);
  row.administrator = request.administrator;
  change.save(account_record(id, row));
  Reply reply;
  reply.account = id;
  return reply;
}

// A banned account keeps its name, its rooms and what it said; its logins end, and it is told and shown nothing.
Reply carry_out(Change& change, const Actor& actor, const SetBanned& request) {
  if (!actor.administers) return refuse(Code::forbidden, request.account);
  AccountId id;
  if (!change.tables.account_named(request.account, id)) return refuse(Code::no_such_account, request.account);
  if (id == actor.account) return refuse(Code::forbidden, request.account);
  change.tables.set_banned(id, request.banned);
  change.save(account_record(id, *change.tables.account(id)));
  if (request.banned) end_logins(change, id, nullptr, "banned");
  Reply reply;
  reply.account = id;
  return reply;
}

}  // namespace parley::chat
