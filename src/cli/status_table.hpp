#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

namespace parley::cli {

namespace json = boost::json;

// One node and what it said, or why it said nothing.
struct NodeAnswer {
  std::string address;
  json::object status;       // PROTOCOL.md section 6; empty: no answer
  std::string problem;       // why not
};

// What all nodes say, put together.
struct ClusterView {
  bool has_leader = false;   // the node named by the highest term says that it leads
  std::vector<std::string> lines;
  json::object summary;      // for --json
};
ClusterView summarise(const std::vector<NodeAnswer>& answers);

// One node's answer for people.
std::vector<std::string> describe_status(const json::object& status);

}  // namespace parley::cli
