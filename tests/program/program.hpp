#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace parley::program {

struct Ended {
  int exit_code = -1;          // -1: ended by a signal, or by us at the deadline
  bool timed_out = false;
  std::string out;
  std::string err;
};

struct Call {
  std::vector<std::string> arguments;                   // of `parley`
  std::string input;                                    // all of stdin
  std::map<std::string, std::string> environment;       // added to a bare one
  std::filesystem::path directory = "/";                // to run in
  std::chrono::milliseconds at_most{30'000};
};

// Runs the program `parley` to its end.
Ended run(const Call& call);

// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

// Addresses on the loopback that nobody listened on a moment ago, each of them given once.
class FreeAddresses {
 public:
  std::string next();   // "127.0.0.1:port"

 private:
  std::set<std::uint16_t> given_;
};

// One running `parley node`, killed at the end at the latest.
class RunningNode {
 public:
  // `environment`: added to this process's.
  RunningNode(const std::filesystem::path& config, int id, const std::filesystem::path& log,
              const std::map<std::string, std::string>& environment = {});
  ~RunningNode();
  void signal(int number) const;
  // True once the log holds the text, so many times.
  bool wait_for_log(const std::string& text, std::chrono::milliseconds at_most, std::size_t times = 1) const;
  std::string log() const;

 private:
  pid_t pid_ = -1;
  std::filesystem::path log_;
};

std::string read_file(const std::filesystem::path& path);

}  // namespace parley::program
