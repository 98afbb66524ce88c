#include "sim/raw_clients.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "node/machine_token.hpp"

namespace parley::sim {
namespace {

constexpr std::uint64_t raw_salt = 0x726177;               // their draws are not the workload's
constexpr std::array<std::string_view, 3> client_names = {"raw", "rough", "ghost"};
constexpr std::size_t lasting_clients = 2;                 // the first ones keep their accounts
constexpr std::int64_t weeks_ms = 36LL * 24 * 3600 * 1000; // longer than client sessions live
constexpr std::size_t token_size_max = 256;
constexpr double logins_last_chance = 0.6;

bool is_client_fault(Fault fault) {
  return fault >= Fault::raw_retries && fault <= Fault::weeks_pass;
}

std::string read_operator_token(SimNode& node) {
  const auto file = node.disk().open(std::string(node::operator_token_file), store::OpenMode::read);
  std::string token(token_size_max, '\0');
  token.resize(file->read_at(0, token.data(), token.size()));
  while (!token.empty() && token.back() == '\n') token.pop_back();
  return token;
}

}  // namespace

bool RawClients::wanted(const FaultPlan& plan) {
  return std::any_of(plan.chosen.begin(), plan.chosen.end(), is_client_fault);
}

std::vector<std::string> RawClients::names(const FaultPlan& plan) {
  if (!wanted(plan)) return {};
  return {client_names.begin(), client_names.end()};
}

RawClients::RawClients(SimCluster& cluster, const FaultPlan& plan, std::uint64_t seed, History& history)
    : cluster_(cluster), history_(history) {
  if (!wanted(plan)) return;
  Random random(seed ^ raw_salt);
  const bool logins_last = random.chance(logins_last_chance);
  if (plan.chosen.contains(Fault::weeks_pass) && logins_last) operator_token_ = read_operator_token(cluster.node(1));
  for (std::size_t i = 0; i < client_names.size(); ++i) {
    clients_.push_back(std::make_unique<RawClient>(cluster, raw_hosts_begin + static_cast<Host>(i),
                                                   std::string(client_names.at(i)), random.next(), history));
  }
}

void RawClients::begin() {
  for (std::size_t i = 0; i < clients_.size(); ++i) clients_[i]->arrive(i == 0 ? operator_token_ : std::string());
}

bool RawClients::carry_out(const FaultEvent& event) {
  if (!is_client_fault(event.fault) || clients_.empty()) return false;
  if (event.fault == Fault::weeks_pass) return let_weeks_pass();
  if (event.fault == Fault::deleted_accounts) return clients_.back()->tell(event.fault, event.seed);
  return clients_[event.seed % lasting_clients]->tell(event.fault, event.seed);
}

// As if everybody and every machine had been asleep for weeks: clients come back, all of them at once.
bool RawClients::let_weeks_pass() {
  for (std::size_t i = 1; i <= cluster_.size(); ++i) {
    MachineClock& clock = cluster_.node(i).clock();
    clock.set_wall_offset(clock.wall_offset() + milliseconds(weeks_ms));
  }
  history_.raw().weeks_passed.push_back(cluster_.world().now());
  cluster_.world().trace("weeks pass");
  return true;
}

void RawClients::stop() {
  for (const auto& client : clients_) client->finish();
}

bool RawClients::settled() const {
  return std::all_of(clients_.begin(), clients_.end(), [](const auto& client) { return client->settled(); });
}

std::string RawClients::outstanding() const {
  std::string text;
  for (const auto& client : clients_) {
    if (!client->settled()) text += client->outstanding() + "\n";
  }
  return text;
}

}  // namespace parley::sim
