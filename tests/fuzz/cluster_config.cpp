// cluster_config.json: any text gives a configuration that keeps its promises, or one line that says what is wrong.
#include <algorithm>
#include <set>
#include <string>

#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "node/config.hpp"
#include "node/config_reader.hpp"
#include "raft/configuration.hpp"

namespace parley::fuzz {
namespace {

bool on_one_line(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

void keeps_its_promises(const node::ClusterConfig& config) {
  PARLEY_ASSERT(!config.nodes.empty() && config.nodes.size() <= raft::members_max, "from one node to members_max");
  PARLEY_ASSERT(config.election_timeout >= 3 * config.heartbeat_interval, "one lost heartbeat deposes nobody");
  const auto& certificates = config.cluster_certificates;
  PARLEY_ASSERT(config.cluster_key_file.empty() || !certificates.given(), "a key or certificates, not both");
  PARLEY_ASSERT(certificates.ca.empty() == certificates.certificate.empty() &&
                    certificates.ca.empty() == certificates.private_key.empty(),
                "certificates are given whole");
  std::set<std::string> addresses;
  NodeId before;
  for (const auto& node : config.nodes) {
    PARLEY_ASSERT(node.id > before, "nodes come by id, each with its own");
    before = node.id;
    PARLEY_ASSERT(config.find(node.id) == &node, "every node is found by its id");
    PARLEY_ASSERT(!node.data.empty(), "a data directory");
    PARLEY_ASSERT(config.allow_plaintext || node::is_loopback(node.client.listen), "no plain text off the loopback");
    const bool at_home = node::is_loopback(node.peer.listen) && node::is_loopback(node.peer.advertise);
    const bool proved = !config.cluster_key_file.empty() || config.cluster_certificates.given();
    PARLEY_ASSERT(at_home || proved, "no links between nodes off the loopback unless both sides prove themselves");
    for (const auto* endpoint : {&node.peer, &node.client}) {
      PARLEY_ASSERT(!node::is_wildcard(endpoint->advertise), "an address that others can dial");
      PARLEY_ASSERT(addresses.insert(endpoint->advertise).second, "an address of its own");
    }
  }
}

}  // namespace
}  // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = parley::node::parse_cluster_config(parley::fuzz::Input(data, size).rest(), "/etc/parley/c.json");
  if (config.ok()) {
    parley::fuzz::keeps_its_promises(*config);
  } else {
    PARLEY_ASSERT(parley::fuzz::on_one_line(config.error().message), "a refusal is one line of text");
  }
  return 0;
}
