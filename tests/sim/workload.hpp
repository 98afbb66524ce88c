#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/cluster.hpp"
#include "sim/history.hpp"

namespace parley::sim {

struct WorkloadOptions {
  std::size_t people = 6;
  double operations_per_second = 28;   // over all people, on average, while the cluster answers and they have room
  std::vector<std::string> strangers;   // whom they talk to besides each other
};

// People with the production client, each on a machine of their own (host person_hosts_begin + n): they send, edit,
// delete, read, subscribe, mark read, come and go, log in and out, lose their connection or their process. What they
// do how often is drawn from the seed. What they did and saw goes into the history, which judges read.
// Outlived by the cluster and the history.
inline constexpr Host person_hosts_begin = 100;

class Workload {
 public:
  Workload(SimCluster& cluster, std::uint64_t seed, WorkloadOptions options, History& history);
  ~Workload();

  void hurry(double factor);          // from now on so many times the usual rate: overload, and its end (1)
  void talk_to(NodeId node);          // whoever is connected to it sends something now
  void begin();                       // within some seconds all are at it
  void stop();                        // nothing new is begun; what is outstanding goes on, who is gone comes back
  bool settled() const;               // nothing is outstanding, everybody is back and connected
  std::uint64_t operations() const;   // begun so far
  std::string outstanding() const;    // in words, for a failure report

 private:
  struct Schedule;
  std::shared_ptr<Schedule> schedule_;   // what is scheduled holds it weakly
  History& history_;
};

}  // namespace parley::sim
