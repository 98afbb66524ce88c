#include "chat/change.hpp"
#include "chat/text.hpp"

// Accounts: made, given another password, deleted. A name is unique among the living; a deleted one is free again,
// and who takes it is another account, for ids are never reused.

namespace parley::chat {
namespace {

bool is_password_hash(std::string_view phc) {
  return !phc.empty() && phc.size() <= phc_max && is_plain_text(phc, false);
}

// Who may register now, by `registration`; the operator and administrators always may.
std::optional<Code> fault_of_registration(const State::Tables& tables, const Actor& actor, const Register& request) {
  const auto policy = static_cast<Registration>(tables.settings[Setting::registration]);
  if (policy == Registration::open || actor.administers) return std::nullopt;
  if (policy == Registration::closed) return Code::registration_closed;
  if (!request.invitation) return Code::invitation_required;
  const auto found = tables.invitations.find(*request.invitation);
  if (found == tables.invitations.end() || tables.invitation_expired(found->second)) return Code::bad_invitation;
  return std::nullopt;
}

// The other side goes on reading what was said; when both are gone, nobody can, and the pair is forgotten.
void leave_directs(Change& change, AccountId account) {
  auto& tables = change.tables;
  const auto directs = tables.account(account)->directs;
  for (const auto id : directs) {
    const auto& direct = *tables.conversation(id)->direct();
    const auto other = direct.other(account).account;
    if (tables.markers.erase({account, id}) != 0) change.erase(RecordKind::marker, account, id);
    if (other != account && tables.account(other)) continue;
    if (tables.conversation(id)->last.value != 0) change.erase(RecordKind::counter, id);
    change.erase(RecordKind::direct, id);
    tables.drop_direct(id);
  }
}

}  // namespace

Reply carry_out(Change& change, const Actor& actor, const Register& request) {
  auto& tables = change.tables;
  const auto name = folded(request.name);
  if (!is_name(name, account_name_max)) return refuse(Code::bad_name, request.name);
  if (!is_password_hash(request.phc)) return refuse(Code::bad_value, "password");
  if (const auto fault = fault_of_registration(tables, actor, request)) return refuse(*fault, name);
  if (tables.account_names.contains(name)) return refuse(Code::name_taken, name);
  if (tables.accounts.size() >= tables.settings[Setting::accounts_max]) return refuse(Code::limit_reached, "accounts");

  const bool by_invitation = tables.settings[Setting::registration] == static_cast<std::uint64_t>(Registration::invite);
  if (by_invitation && request.invitation && tables.invitations.contains(*request.invitation)) {
    tables.drop_invitation(*request.invitation);   // it serves once
    change.erase(RecordKind::invitation, *request.invitation);
  }
  const AccountId id(change.index.value);
  Account row;
  row.name = name;
  row.phc = request.phc;
  row.created = change.now();
  change.save(account_record(id, row));
  tables.add_account(id, std::move(row));
  Reply reply;
  reply.account = id;
  return reply;
}

Reply carry_out(Change& change, const Actor& actor, const ChangePassword& request) {
  auto* row = change.tables.account(actor.account);
  if (!row) return refuse(Code::not_logged_in, "");
  if (request.credential_version != row->credential_version) return refuse(Code::wrong_credentials, row->name);
  if (!is_password_hash(request.phc)) return refuse(Code::bad_value, "password");
  row->phc = request.phc;
  ++row->credential_version;
  change.save(account_record(actor.account, *row));
  end_logins(change, actor.account, &actor.login, "password_changed");
  Reply reply;
  reply.account = actor.account;
  return reply;
}

Reply carry_out(Change& change, const Actor& actor, const DeleteAccount& request) {
  auto& tables = change.tables;
  const auto id = actor.account;
  const auto* row = tables.account(id);
  if (!row) return refuse(Code::not_logged_in, "");
  if (request.credential_version != row->credential_version) return refuse(Code::wrong_credentials, row->name);
  end_logins(change, id, nullptr, "account_deleted");
  forget_in_rooms(change, id);
  leave_directs(change, id);
  tables.drop_account(id);
  change.erase(RecordKind::account, id);
  Reply reply;
  reply.account = id;
  return reply;
}

Reply carry_out(Change& change, const Actor& actor, const ResetPassword& request) {
  if (!actor.administers) return refuse(Code::forbidden, request.account);
  AccountId id;
  if (!change.tables.account_named(request.account, id)) return refuse(Code::no_such_account, request.account);
  if (!is_password_hash(request.phc)) return refuse(Code::bad_value, "password");
  auto& row = *change.tables.account(id);
  row.phc = request.phc;
  ++row.credential_version;
  change.save(account_record(id, row));
  end_logins(change, id, nullptr, "password_reset");
  Reply reply;
  reply.account = id;
  return reply;
}

}  // namespace parley::chat
