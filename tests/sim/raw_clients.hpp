#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/fault_plan.hpp"
#include "sim/raw_client.hpp"

namespace parley::sim {

// The raw clients of one run, if its plan has a client fault: two that stay, and one whose account is deleted and
// registered anew. The events of the plan are episodes of theirs.
inline constexpr Host raw_hosts_begin = 200;

class RawClients {
 public:
  RawClients(SimCluster& cluster, const FaultPlan& plan, std::uint64_t seed, History& history);

  static bool wanted(const FaultPlan& plan);
  static std::vector<std::string> names(const FaultPlan& plan);   // of accounts that people may talk to

  void begin();
  bool carry_out(const FaultEvent& event);   // false: of another kind, or they have enough to do
  void stop();
  bool settled() const;
  std::string outstanding() const;

 private:
  bool let_weeks_pass();

  SimCluster& cluster_;
  History& history_;
  std::string operator_token_;               // empty: settings stay as they are
  std::vector<std::unique_ptr<RawClient>> clients_;
};

}  // namespace parley::sim
