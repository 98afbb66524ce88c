#include "sim/person.hpp"

#include <algorithm>
#include <utility>

#include "cli/json_fields.hpp"
#include "net/spawn.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t remembered_max = 40;   // messages

// The outbox file of the person's machine, which the client's process does not take with it.
class KeptOutbox final : public cli::OutboxStore {
 public:
  explicit KeptOutbox(cli::StoredOutbox& kept) : kept_(kept) {}
  bool durable() const override { return true; }
  cli::StoredOutbox load() override { return kept_; }
  Result<Nothing> add(const cli::StoredRequest& request) override {
    kept_.requests.push_back(request);
    kept_.session.next = request.sequence + 1;
    return success();
  }
  void remove(std::uint64_t sequence) override {
    std::erase_if(kept_.requests, [sequence](const auto& request) { return request.sequence == sequence; });
  }
  Result<Nothing> replace(const cli::StoredOutbox& outbox) override {
    kept_ = outbox;
    return success();
  }

 private:
  cli::StoredOutbox& kept_;
};

std::string text_of(const cli::json::object& params, std::string_view name) { return cli::text_field(params, name); }

// Does an operation of an earlier life of the client fit what that life kept of its request?
bool fits(const Operation& operation, const cli::Settled& settled) {
  if (operation.method != settled.method) return false;
  const auto& params = *settled.params;
  if (settled.method == "send" || settled.method == "edit") return operation.text == text_of(params, "text");
  if (settled.method == "delete") {
    const auto* ids = cli::array_field(params, "messages");
    if (ids == nullptr || ids->size() != operation.messages.size()) return false;
    return std::equal(ids->begin(), ids->end(), operation.messages.begin(),
                      [](const auto& id, std::uint64_t known) { return cli::to_number(id) == known; });
  }
  return text_of(params, "room").empty() || text_of(params, "room") == operation.place;
}

bool holds(const cli::StoredOutbox& outbox, std::string_view method) {
  return std::any_of(outbox.requests.begin(), outbox.requests.end(),
                     [method](const auto& request) { return request.method == method; });
}

std::vector<cli::Message> messages_of(const cli::json::object& result) {
  std::vector<cli::Message> messages;
  const auto* rows = cli::array_field(result, "messages");
  if (rows == nullptr) return messages;
  for (const auto& row : *rows) {
    if (auto message = cli::parse_message(row)) messages.push_back(std::move(*message));
  }
  return messages;
}

void remember(std::deque<std::uint64_t>& ids, std::uint64_t id) {
  ids.push_back(id);
  if (ids.size() > remembered_max) ids.pop_front();
}

}  // namespace

struct Person::Parts {
  Parts(World& world, Fabric& fabric, Life its_life, Host host, const MachineClock& machine, std::uint64_t seed)
      : life(its_life), clock(world, life, machine), network(world, fabric, life, host), entropy(seed) {}
  Life life;
  SimClock clock;
  SimNetwork network;
  SimEntropy entropy;
  std::unique_ptr<cli::Client> client;
};

Person::Person(SimCluster& cluster, Host host, std::string name, std::vector<std::string> others, const Habits& habits,
               std::uint64_t seed, History& history)
    : cluster_(cluster),
      world_(cluster.world()),
      host_(host),
      name_(std::move(name)),
      others_(std::move(others)),
      habits_(habits),
      random_(seed),
      history_(history),
      clock_(world_),
      presence_(std::make_shared<int>(0)) {
  history_.add_person(name_);
}

Person::~Person() {
  presence_.reset();
  if (parts_) end_life("the run is over");
}

void Person::say(std::string_view what) const { world_.trace(name_ + " " + std::string(what)); }

// -- lives ----------------------------------------------------------------------------------------------------------

void Person::arrive() { begin_life(); }

void Person::begin_life() {
  const Life life = world_.begin_life(name_);
  parts_ = std::make_unique<Parts>(world_, cluster_.fabric(), life, host_, clock_, random_.next());
  cli::ClientOptions options;
  options.client_name = name_;
  stays_ = !finishing_ && random_.chance(0.3);
  options.follow_leader = !stays_;
  options.cursor = kept_.cursor;
  const std::array<std::size_t, 4> windows = {1, 4, 32, 128};
  options.window_max = windows.at(random_.below(windows.size()));
  auto servers = cluster_.servers();
  for (std::size_t i = servers.size(); i > 1; --i) std::swap(servers[i - 1], servers[random_.below(i)]);
  const cli::ClientSeams seams{world_.context(life).get_executor(), parts_->clock, parts_->network, parts_->entropy};
  parts_->client = std::make_unique<cli::Client>(seams, std::move(servers), std::move(options), *this,
                                                 std::make_unique<KeptOutbox>(kept_.outbox));
  look_at_feed();
  net::spawn(world_.context(life).get_executor(), client().run());
}

// Who stays with one node would wait there for as long as it is cut off: that is what staying means.
void Person::finish() {
  finishing_ = true;
  if (!parts_ || !stays_) return;
  end_life("starts the client anew, to follow the leader");
  begin_life();
}

// As kill -9 does: nothing of the client runs any more. What was asked without the outbox has no answer for ever.
void Person::end_life(std::string_view why) {
  say(why);
  look_at_feed();
  if (feed_ != nullptr) feed_->ended = world_.now();
  feed_ = nullptr;
  world_.end_life(parts_->life);
  parts_.reset();
  connected_ = {};
  logging_in_ = false;
  for (auto open = open_.begin(); open != open_.end();) {
    Operation& operation = history_.operation(open->first);
    // A login asks a question first: it may not have come to be a request yet.
    if (open->second && (operation.method != "login" || holds(kept_.outbox, "login"))) {
      ++open;
      continue;
    }
    operation.ending = Operation::Ending::unknown;
    operation.reason = why;
    operation.returned = world_.now();
    open = open_.erase(open);
  }
}

void Person::away(Duration at_most) {
  const auto most = static_cast<std::uint64_t>(at_most.count());
  away_until_ = world_.now() + Duration(static_cast<Duration::rep>(random_.below(most) + 1));
  if (parts_) return;
  const std::weak_ptr<int> presence = presence_;
  world_.schedule(away_until_, [this, presence] {
    if (!presence.expired() && !parts_) begin_life();
  });
}

cli::Client& Person::client() const { return *parts_->client; }

bool Person::is_ready() const { return client().connection().phase == cli::ConnectionState::Phase::ready; }

bool Person::available() const {
  return parts_ && (finishing_ || world_.now() >= away_until_) && open_.size() < habits_.outstanding_max;
}

bool Person::uses(NodeId node) const {
  return parts_ && is_ready() && !logging_in_ && !client().account().empty() &&
         client().connection().node == node.value;
}

bool Person::settled() const { return parts_ && open_.empty() && client().pending() == 0 && is_ready(); }

std::string Person::outstanding() const {
  if (settled()) return {};
  std::string text = name_ + (parts_ ? ":" : ": away;");
  if (parts_ && !is_ready()) text += " not connected (" + client().connection().detail + ");";
  if (parts_ && client().pending() > 0) text += " " + std::to_string(client().pending()) + " in the outbox;";
  for (const auto& [id, sequenced] : open_) text += " " + describe(history_.operation(id)) + ";";
  return text;
}

// -- requests -------------------------------------------------------------------------------------------------------

Operation& Person::begin(std::string method) { return history_.begin(name_, std::move(method), world_.now()); }

void Person::submit(Operation& operation, cli::json::object params) {
  const std::uint64_t id = operation.id;
  open_[id] = true;
  client().submit_then(operation.method, std::move(params), [this, id](const cli::Outcome& o) { ended(id, o); });
}

void Person::call(Operation& operation, cli::json::object params) {
  const std::uint64_t id = operation.id;
  open_[id] = false;
  client().call_then(operation.method, std::move(params), TimePoint{},
                     [this, id](const cli::Outcome& o) { ended(id, o); });
}

void Person::ended(std::uint64_t id, const cli::Outcome& outcome) {
  if (open_.erase(id) == 0) return;
  Operation& operation = history_.operation(id);
  operation.returned = world_.now();
  operation.reason = outcome.reason;
  operation.local = outcome.local;
  using Kind = cli::Outcome::Kind;
  if (outcome.kind == Kind::done) operation.ending = Operation::Ending::done;
  else if (outcome.kind == Kind::refused) operation.ending = Operation::Ending::refused;
  else operation.ending = Operation::Ending::unknown;
  operation.node = client().connection().node;
  operation.connected = connected_;
  if (outcome.done()) take_result(operation, outcome);
  say("by node " + std::to_string(operation.node) + ": " + describe(operation));
  learn(operation);
  look_at_feed();
}

void Person::take_result(Operation& operation, const cli::Outcome& outcome) {
  const auto* result = outcome.result.if_object();
  if (result == nullptr) return;
  operation.stale = cli::flag_field(*result, "stale");
  operation.message = cli::number_field(*result, "id").value_or(0);
  operation.number = cli::number_field(*result, "number").value_or(0);
  if (operation.method == "read") operation.number = cli::number_field(*result, "unread").value_or(0);
  operation.count = cli::number_field(*result, "deleted").value_or(0);
  operation.last = cli::number_field(*result, "last").value_or(0);
  operation.cursor = cli::number_field(*result, "cursor").value_or(0);
  operation.more = cli::flag_field(*result, "more");
  operation.page = messages_of(*result);
  if (operation.method != "unread") return;
  const auto* places = cli::array_field(*result, "places");
  if (places == nullptr) return;
  for (const auto& place : *places) {
    const auto& row = place.as_object();
    MarkerSeen seen;
    seen.person = name_;
    seen.place = cli::text_field(row, "in");
    seen.node = operation.node;
    seen.connected = connected_;
    seen.called = operation.called;
    seen.returned = operation.returned;
    seen.read = cli::number_field(row, "read").value_or(0);
    seen.last = cli::number_field(row, "last").value_or(0);
    history_.saw_marker(std::move(seen));
  }
}

void Person::learn(const Operation& operation) {
  const bool done = operation.ending == Operation::Ending::done;
  if (operation.method == "send" && done) remember(own_, operation.message);
  for (const auto& message : operation.page) {
    remember(message.from == name_ ? own_ : seen_, message.id);
    if (message.in.find('~') != std::string::npos) gone_ = message.in;
  }
  if (operation.method == "sync" && done) cursors_.push_back(operation.cursor);
  const bool member = operation.reason == "already_a_member" || (done && operation.method == "room.create") ||
                      (done && operation.method == "room.join");
  if (member) joined_.insert(operation.place);
  if (operation.reason == "not_a_member" || (done && operation.method == "room.leave")) joined_.erase(operation.place);
}

void Person::begin_login(std::string_view password) {
  std::string word(password);
  net::spawn(world_.context(parts_->life).get_executor(), log_in(std::move(word)));
}

awaitable<void> Person::log_in(std::string password) {
  logging_in_ = true;
  const std::uint64_t id = begin("login").id;
  open_[id] = true;
  const auto outcome = co_await client().login(name_, std::move(password));
  logging_in_ = false;
  ended(id, outcome);
}

// -- what the client tells ------------------------------------------------------------------------------------------

// A subscription begins when the client's cursor is placed and ends when it is given up.
void Person::look_at_feed() {
  const cli::Cursor cursor = client().cursor();
  const TimePoint now = world_.now();
  if (cursor.generation == 0) {
    if (feed_ != nullptr) feed_->ended = now;
    feed_ = nullptr;
    return;
  }
  if (feed_ == nullptr) {
    feed_ = &history_.begin_feed(name_, cursor.index, now);
  }
  if (client().account().empty()) feed_->ready_since = never;
  else if (feed_->ready_since == never && is_ready()) note_connection();
  const bool moved = feed_->bookmarks.empty() || feed_->bookmarks.back().cursor != cursor.index;
  if (moved) feed_->bookmarks.push_back({feed_->items.size(), cursor.index, now});
  if (random_.chance(0.2)) kept_.cursor = cursor;
}

// Who is not logged in is told nothing, though the cursor may stand already.
void Person::note_connection() {
  if (client().account().empty()) return;
  feed_->ready_since = world_.now();
  feed_->node = client().connection().node;
  feed_->connected = connected_;
}

void Person::on_connection(const cli::ConnectionState& state) {
  if (!parts_ || !parts_->client) return;
  using Phase = cli::ConnectionState::Phase;
  if (state.phase == Phase::joining) connected_ = world_.now();
  if (state.phase == Phase::ready) {
    say("is connected to node " + std::to_string(state.node) + ", cursor " + std::to_string(client().cursor().index));
  } else if (state.phase == Phase::disconnected) {
    say("is disconnected: " + state.detail);
  }
  look_at_feed();
  if (feed_ == nullptr) return;
  feed_->ready_since = never;
  if (state.phase == Phase::ready) note_connection();
}

// No bookmark here: of a page, more may be on its way, and the cursor stands behind all of it already.
void Person::on_message(const cli::Message& message) {
  if (feed_ == nullptr) look_at_feed();
  if (feed_ != nullptr) feed_->items.push_back({message, world_.now()});
  say("is told " + std::to_string(message.id) + (message.deleted ? " deleted" : message.edited ? " edited" : "") +
      " by node " + std::to_string(client().connection().node) + ", cursor " + std::to_string(message.cursor));
  remember(message.from == name_ ? own_ : seen_, message.id);
}

void Person::on_settled(const cli::Settled& settled) {
  if (!settled.from_earlier_run) return;
  for (const auto& [id, sequenced] : open_) {
    if (!sequenced || !fits(history_.operation(id), settled)) continue;
    return ended(id, settled.outcome);
  }
}

void Person::on_login_ended(const std::string&) {
  joined_.clear();
  look_at_feed();
}

}  // namespace parley::sim
