#include "scenarios/harness.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <iostream>

#include "net/certificate_maker.hpp"
#include "net/spawn.hpp"
#include "node/cluster_key.hpp"
#include "scenarios/people.hpp"

namespace parley::scenario {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Duration leader_patience = 20s;

fs::path temporary_directory() {
  std::string pattern = (fs::temp_directory_path() / "parley-scenario-XXXXXX").string();
  PARLEY_ASSERT(::mkdtemp(pattern.data()) != nullptr, "the temporary folder can be made");
  return pattern;
}

// Writes the key, if there is to be one. The proxies between the nodes end their TLS and begin it anew: they have it.
net::PeerSecurity security_of(const fs::path& file, const std::string& key) {
  if (key.empty()) return net::PeerSecurity();
  std::ofstream(file) << key << "\n";
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  auto security = node::load_peer_security(file.string());
  PARLEY_ASSERT(security.ok(), "the cluster key can be read");
  return std::move(*security);
}

// A CA that nobody else has, and what it issues; its own key goes with it.
void make_certificates(const fs::path& directory, std::size_t nodes) {
  const net::Authority authority;
  std::ofstream(directory / "ca.crt") << authority.certificate();
  for (unsigned node = 1; node <= nodes; ++node) {
    const auto files = authority.files(node);
    const fs::path key = directory / ("node-" + std::to_string(node) + ".key");
    std::ofstream(directory / ("node-" + std::to_string(node) + ".crt")) << files.certificate;
    std::ofstream(key) << files.private_key;
    fs::permissions(key, fs::perms::owner_read | fs::perms::owner_write);
  }
}

cli::LocalLayout layout_in(const fs::path& directory, const ScenarioOptions& wanted) {
  cli::LayoutOptions options;
  options.nodes = wanted.nodes;
  options.extra_json = wanted.settings;
  const std::string comma = wanted.settings.empty() ? "" : ", ";
  if (!wanted.cluster_key.empty()) options.extra_json += comma + R"("cluster_key_file": "cluster.key")";
  if (wanted.certificates) {
    make_certificates(directory, wanted.nodes);
    options.extra_json += comma + R"("cluster_certificates": { "ca_file": "ca.crt",
        "certificate_file": "node-{id}.crt", "private_key_file": "node-{id}.key" })";
  }
  options.prefer_default_ports = false;
  auto layout = cli::prepare_layout(directory, options);
  PARLEY_ASSERT(layout.ok(), "the temporary cluster can be laid out");
  if (wanted.certificates) {   // for the proxies
    layout->cluster_certificates = {(directory / "ca.crt").string(), (directory / "node-{id}.crt").string(),
                                    (directory / "node-{id}.key").string()};
  }
  return *layout;
}

}  // namespace

Scenario::Scenario(ScenarioOptions options)
    : options_(std::move(options)),
      directory_(temporary_directory()),
      clock_(context_.get_executor()),
      network_(context_.get_executor(), security_of(key_file(), options_.cluster_key)) {
  cluster_ = std::make_unique<cli::LocalCluster>(seams(), PARLEY_PROGRAM, layout_in(directory_, options_));
  cluster_->supervisor().on_end([this](const cli::ChildEnd& end) {
    statuses_[end.node] = end.status;
    const bool expected = end.asked || may_end_.contains(end.node);
    EXPECT_TRUE(expected) << "node " << end.node.value << " " << end.describe() << " by itself";
  });
}

Scenario::~Scenario() {
  cluster_.reset();   // kills what still runs
  std::error_code ignored;
  if (::testing::Test::HasFailure()) {
    std::cerr << "what the nodes said and wrote is in " << directory_.string() << "\n";
  } else {
    fs::remove_all(directory_, ignored);
  }
}

cli::ClientSeams Scenario::seams() {
  return cli::ClientSeams{context_.get_executor(), clock_, network_, entropy_};
}

awaitable<void> Scenario::whole(Story story) {
  const auto started = cluster_->start_all();
  EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().message);
  const auto first = co_await leader();
  if (first.value != 0) co_await story(*this);
  co_await part_with_people();
  co_await cluster_->supervisor().stop_all(10s);
  ended_ = true;
}

Person& Scenario::person(std::string name, NodeId home) {
  people_.push_back(std::make_unique<Person>(*this, std::move(name), home));
  return *people_.back();
}

awaitable<void> Scenario::part_with_people() {
  for (const auto& person : people_) person->leave();
  std::function<bool()> gone = [this] {
    return std::none_of(people_.begin(), people_.end(), [](const auto& person) { return person->living(); });
  };
  const bool all_gone = co_await eventually(std::move(gone), 20s);
  EXPECT_TRUE(all_gone) << "a client did not end when it was told to";
}

void Scenario::play(Story story) {
  net::spawn(context_.get_executor(), whole(story));
  const TimePoint deadline = clock_.now() + options_.at_most;
  while (!ended_ && clock_.now() < deadline) {
    if (context_.run_one_for(std::chrono::milliseconds(100)) == 0 && context_.stopped()) break;
  }
  EXPECT_TRUE(ended_) << "the story did not end in time";
  context_.run_for(std::chrono::milliseconds(200));   // what was told to end ends
}

awaitable<NodeId> Scenario::leader() {
  const auto found = co_await cluster_->leader(leader_patience);
  EXPECT_TRUE(found.has_value()) << "no leader in time";
  co_return found.value_or(NodeId(0));
}

NodeId Scenario::follower(NodeId leader, std::vector<NodeId> but) const {
  const auto& supervisor = cluster_->supervisor();
  for (const auto& node : cluster_->layout().nodes) {
    const bool excluded = std::find(but.begin(), but.end(), node.id) != but.end();
    if (node.id != leader && !excluded && supervisor.running(node.id) && !supervisor.is_cut(node.id)) return node.id;
  }
  ADD_FAILURE() << "no follower is left";
  return NodeId(0);
}

awaitable<void> Scenario::kill(NodeId node) {
  const auto killed = nodes().kill(node);
  EXPECT_TRUE(killed.ok()) << (killed.ok() ? "" : killed.error().message);
  co_await nodes().wait_until_ended(node);
}

void Scenario::start(NodeId node) {
  const auto started = nodes().start(node);
  EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().message);
}

std::optional<int> Scenario::exit_code(NodeId node) const {
  const auto found = statuses_.find(node);
  if (found == statuses_.end() || !WIFEXITED(found->second)) return std::nullopt;
  return WEXITSTATUS(found->second);
}

awaitable<bool> Scenario::eventually(std::function<bool()> condition, Duration at_most) {
  const TimePoint deadline = clock_.now() + at_most;
  while (!condition()) {
    if (clock_.now() >= deadline) co_return false;
    co_await cluster_->pause(5ms);
  }
  co_return true;
}

}  // namespace parley::scenario
