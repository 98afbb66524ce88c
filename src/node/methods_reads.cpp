#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <map>
#include <utility>

#include "base/mutant.hpp"
#include "node/methods.hpp"
#include "node/session_notify.hpp"

namespace parley::node {
namespace {

namespace json = boost::json;

constexpr milliseconds outcome_at_most{2000};

Answer too_many_reads() { return later("busy", retry_after_busy); }

// -- a place as the reader names it -----------------------------------------------------------------------------

struct Place {
  std::optional<chat::ConversationId> conversation;  // none: two people who never talked
  std::optional<wire::RpcError> error;
};

Place find_place(Services& services, const Call& call, const std::string& name) {
  Place place;
  const auto& state = services.state();
  place.conversation = chat::conversation_for(state, call.account, name);
  if (place.conversation) return place;
  const auto shown = name.substr(0, chat::room_name_max + 1);
  if (name.starts_with('@')) {
    if (!chat::find_account(state, std::string_view(name).substr(1))) {
      place.error = refused(chat::Code::no_such_account, shown);
    }
  } else {
    place.error = refused(chat::Code::no_such_room, shown);
  }
  return place;
}

std::string place_param(Params& params, std::string_view parameter) {
  auto place = params.text(parameter, 1, 256);
  if (!place.empty() && place.front() != '#' && place.front() != '@') {
    params.refuse(parameter, "expected \"#room\" or \"@name\"");
  }
  return place;
}

// As many from the front as an answer holds.
std::size_t fitting(const std::vector<chat::MessageRow>& rows) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    bytes += message_bytes(rows[i]);
    if (bytes > answer_bytes_max) return std::max<std::size_t>(i, 1);
  }
  return rows.size();
}

json::array messages_json(const std::vector<chat::MessageRow>& rows, std::string_view place) {
  json::array messages;
  messages.reserve(rows.size());
  for (const auto& row : rows) messages.push_back(message_json(row, place));
  return messages;
}

// Of several conversations: each name is looked up once.
json::array messages_json(Services& services, chat::AccountId reader, const std::vector<chat::MessageRow>& rows) {
  std::map<chat::ConversationId, std::string> places;
  json::array messages;
  messages.reserve(rows.size());
  for (const auto& row : rows) {
    auto& place = places[row.conversation];
    if (place.empty()) place = chat::place_name(services.state(), row.conversation, reader);
    messages.push_back(message_json(row, place));
  }
  return messages;
}

// -- history ----------------------------------------------------------------------------------------------------

net::awaitable<Answer> history(Services& services, CallPtr call) {
  Params params(call->params);
  const auto name = place_param(params, "in");
  const auto before = params.maybe_number("before");
  const auto after = params.maybe_number("after");
  const auto limit = params.limit(50, store::rows_max);
  if (before && after) params.refuse("after", "give \"before\" or \"after\", not both");
  if (auto error = params.error()) co_return std::move(*error);
  const auto place = find_place(services, *call, name);
  if (place.error) co_return *place.error;

  std::vector<chat::MessageRow> rows;
  chat::Number last;
  if (place.conversation) {
    const bool descending = !after;
    chat::Number low{1};
    chat::Number high = chat::number_max;
    if (before) high = chat::Number{*before == 0 ? 0 : *before - 1};
    if (after) low = *after == ~0ULL ? chat::number_max : chat::Number{*after + 1};
    last = chat::last_number(services.state(), *place.conversation);
    auto queries = history_queries(services.state(), call->account, *place.conversation, low, high, descending, limit);
    auto found = co_await services.reads.history(std::move(queries), limit);
    if (!found) co_return too_many_reads();
    rows = std::move(*found);
    rows.resize(fitting(rows));  // the nearest to where the reader asked from
    if (descending) std::reverse(rows.begin(), rows.end());
  }
  json::object result;
  std::string shown;
  if (place.conversation) shown = chat::place_name(services.state(), *place.conversation, call->account);
  result["messages"] = messages_json(rows, shown);
  result["last"] = last.value;
  co_return result;
}

// -- read, mark, unread -----------------------------------------------------------------------------------------

net::awaitable<Answer> read(Services& services, CallPtr call) {
  Params params(call->params);
  const auto name = place_param(params, "in");
  const auto limit = params.limit(20, store::rows_max);
  if (auto error = params.error()) co_return std::move(*error);
  const auto place = find_place(services, *call, name);
  if (place.error) co_return *place.error;
  json::object result;
  result["messages"] = json::array();
  result["unread"] = 0;
  if (!place.conversation) co_return result;
  auto view = chat::unread_in(services.state(), call->account, *place.conversation);
  if (!view) co_return refused(chat::Code::not_a_member, name.substr(0, chat::room_name_max + 1));
  services.markers.correct(call->account, *view);

  auto queries = history_queries(services.state(), call->account, *place.conversation, view->read.next(),
                                 chat::number_max, false, limit);
  auto rows = co_await services.reads.history(std::move(queries), limit);
  if (!rows) co_return too_many_reads();
  rows->resize(fitting(*rows));
  view = chat::unread_in(services.state(), call->account, *place.conversation);
  if (!view) co_return refused(chat::Code::not_a_member, name.substr(0, chat::room_name_max + 1));
  if (!rows->empty() && !services.markers.note_read(call->account, *place.conversation, rows->back().number)) {
    co_return too_many_reads();
  }
  services.markers.correct(call->account, *view);
  result["messages"] = messages_json(*rows, view->place);
  result["unread"] = view->unread;
  co_return result;
}

Answer mark(Services& services, Call& call) {
  Params params(call.params);
  const auto name = place_param(params, "in");
  const chat::Number number{params.number("number")};
  if (auto error = params.error()) return std::move(*error);
  const auto place = find_place(services, call, name);
  if (place.error) return *place.error;
  if (!place.conversation) return json::object();
  const auto view = chat::unread_in(services.state(), call.account, *place.conversation);
  if (!view) return refused(chat::Code::not_a_member, name.substr(0, chat::room_name_max + 1));
  // A number beyond the last would swallow what is yet to come.
  const auto until = std::min(number, view->last);
  if (!services.markers.note_read(call.account, *place.conversation, until)) return too_many_reads();
  return json::object();
}

Answer unread(Services& services, Call& call) {
  Params params(call.params);
  if (auto error = params.error()) return std::move(*error);
  json::array places;
  for (auto& view : chat::unread(services.state(), call.account)) {
    services.markers.correct(call.account, view);
    json::object place;
    place["in"] = view.place;
    place["unread"] = view.unread;
    place["last"] = view.last.value;
    place["read"] = view.read.value;
    places.push_back(std::move(place));
  }
  json::object result;
  result["places"] = std::move(places);
  return result;
}

// -- search -----------------------------------------------------------------------------------------------------

net::awaitable<Answer> search(Services& services, CallPtr call) {
  Params params(call->params);
  store::SearchQuery query;
  query.text = params.text("text", 1, 1024);
  const auto in = params.maybe_text("in", 256);
  if (const auto before = params.maybe_number("before")) query.before = chat::MessageId{*before};
  query.limit = params.limit(20, 100);
  if (auto error = params.error()) co_return std::move(*error);
  std::vector<chat::ConversationId> where;
  if (in) {
    const auto place = find_place(services, *call, *in);
    if (place.error) co_return *place.error;
    if (place.conversation) where.push_back(*place.conversation);
  } else {
    where = chat::conversations_of(services.state(), call->account);
  }
  auto scope = scope_of(services.state(), call->account, where);
  query.conversations = std::move(scope.conversations);
  query.ranges = std::move(scope.ranges);
  auto rows = co_await services.reads.search(std::move(query));
  if (!rows) co_return too_many_reads();
  rows->resize(fitting(*rows));
  json::object result;
  result["messages"] = messages_json(services, call->account, *rows);
  co_return result;
}

// -- sync (R7) --------------------------------------------------------------------------------------------------

// Cuts to what an answer holds, between two entries.
void cut_to_fit(Changes& changes) {
  auto keep = fitting(changes.rows);
  if (keep == changes.rows.size()) return;
  const auto torn = changes.rows[keep].changed_index;
  const auto same = [&](std::size_t i) { return changes.rows[i - 1].changed_index == torn; };
  while (keep > 0 && same(keep)) --keep;
  if (keep == 0) {  // one entry alone is more than that: whole all the same (at most delete_ids_max tombstones)
    while (keep < changes.rows.size() && changes.rows[keep].changed_index == torn) ++keep;
  }
  if (keep == changes.rows.size()) return;
  changes.rows.resize(keep);
  changes.complete_through = changes.rows.back().changed_index;
  changes.more = true;
}

net::awaitable<Answer> sync(Services& services, CallPtr call) {
  Params params(call->params);
  const auto generation = params.number("generation");
  const Index cursor{params.number("cursor")};
  const auto limit = params.limit(store::rows_max, store::rows_max);
  if (auto error = params.error()) co_return std::move(*error);
  const auto ours = chat::generation(services.state());
  if (generation != ours.value) {  // R19: its cursor means nothing here
    auto error = refused("generation", "the cluster was restored or recovered: rewind the cursor");
    error.data["generation"] = ours.value;
    co_return error;
  }
  auto scope = scope_of(services.state(), call->account, chat::conversations_of(services.state(), call->account));
  store::ChangedQuery query;
  query.conversations = std::move(scope.conversations);
  query.ranges = std::move(scope.ranges);
  std::map<chat::ConversationId, Index> joined;   // as of now, like the scope: who leaves meanwhile was a member
  for (const auto id : query.conversations) joined[id] = chat::member_since(services.state(), call->account, id);
  for (const auto& range : query.ranges) {
    joined[range.conversation] = chat::member_since(services.state(), call->account, range.conversation);
  }
  query.after = cursor + (PARLEY_MUTANT(sync_skips_an_entry) ? 1 : 0);
  query.limit = limit;
  auto changes = co_await services.reads.changed(std::move(query));
  if (!changes) co_return too_many_reads();
  // What was said in an open room before the reader joined is history: pushed messages may have gone beyond it already.
  std::erase_if(changes->rows, [&](const chat::MessageRow& row) {
    const auto found = joined.find(row.conversation);
    return found != joined.end() && row.changed_index <= found->second;
  });
  cut_to_fit(*changes);
  json::object result;
  result["generation"] = ours.value;
  // A node that is behind the one that gave the cursor must not turn it back.
  result["cursor"] = std::max(cursor, changes->complete_through).value;
  result["messages"] = messages_json(services, call->account, changes->rows);
  result["more"] = changes->more;
  co_return result;
}

// -- outcome (R16) ----------------------------------------------------------------------------------------------

// What is said here is final, so it waits until all that was committed anywhere is applied here.
net::awaitable<Answer> outcome(Services& services, CallPtr call) {
  Params params(call->params);
  const chat::ClientId client{params.number("client")};
  const chat::Sequence sequence{params.number("seq")};
  if (auto error = params.error()) co_return std::move(*error);
  const bool caught_up = co_await catch_up(services, outcome_at_most);
  if (!caught_up) co_return later("no_leader", retry_after_no_leader);
  const auto alive = chat::find_client(services.state(), client);
  auto found = co_await services.reads.by_client(client, sequence);
  if (!found) co_return too_many_reads();
  json::object result;
  // Of another account: neither told nor denied, or the client would send it once more under this one.
  if (found->row && found->row->author != call->account) {
    co_return refused(chat::Code::forbidden, "sent by another account");
  }
  if (found->row) {
    result["sent"] = true;
    result["id"] = found->row->id.value;
    result["conversation_number"] = found->row->number.value;
    co_return result;
  }
  if (alive && sequence > alive->last) {  // nothing final: it may be carried out any moment
    auto error = refused(chat::Code::wrong_sequence, "the client session is alive: send the request again");
    error.data["expected"] = alive->last.next().value;
    co_return error;
  }
  result["sent"] = false;
  co_return result;
}

Answer who(Services& services, Call& call) {
  Params params(call.params);
  if (auto error = params.error()) return std::move(*error);
  std::vector<std::string> names;
  for (const auto account : services.presence.online()) {
    if (auto name = chat::account_name(services.state(), account); !name.empty()) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  json::array online;
  for (const auto& name : names) online.emplace_back(name);
  json::object result;
  result["online"] = std::move(online);
  return result;
}

const std::array<Method, 8> rows{{
    {.name = "history", .needs_login = true, .reading = history, .fresh = true},
    {.name = "read", .needs_login = true, .reading = read, .fresh = true},
    {.name = "mark", .needs_login = true, .direct = mark},
    {.name = "unread", .needs_login = true, .direct = unread, .fresh = true},
    {.name = "search", .needs_login = true, .reading = search, .fresh = true},
    {.name = "sync", .needs_login = true, .reading = sync, .fresh = true},
    {.name = "outcome", .needs_login = true, .reading = outcome},
    {.name = "who", .needs_login = true, .direct = who, .fresh = true},
}};

}  // namespace

std::span<const Method> read_methods() { return rows; }

}  // namespace parley::node
