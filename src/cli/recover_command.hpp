#pragma once

#include <cstdint>
#include <string>

namespace parley::cli {

struct RecoverOptions {
  std::string config_file = "cluster_config.json";
  std::uint32_t id = 0;               // the stopped survivor that goes on alone
  std::string data;                   // "": as the configuration says
  std::string words;                  // what has to be typed; "": asked for
  bool force = false;                 // although another one is known to hold more
  bool json = false;
};

inline constexpr const char* recover_words = "I accept that acknowledged messages may be lost";

// The last resort after the lasting loss of a majority: see node/recover.hpp. Exit code: 0 done; 1 refused or failed; 2
// usage or configuration.
int recover_command(const RecoverOptions& options);

}  // namespace parley::cli
