#pragma once

#include <string>

#include "node/machine_services.hpp"

namespace parley::node {

// /healthz, /readyz and /metrics of the client port (docs/PROTOCOL.md section 1).
std::optional<net::HttpReply> page(const Services& services, std::string_view path);

// Prometheus text, version 0.0.4; the names are documented in docs/OPERATIONS.md.
std::string metrics(const Services& services);

}  // namespace parley::node
