#pragma once

#include <string>
#include <vector>

#include "scenarios/people.hpp"

namespace parley::scenario {

// The judgement after every scenario (RELIABILITY.md I1 to I6): reads the whole room on every running node and checks
// that numbers are dense, all nodes hold the same, every acknowledged message is there exactly once under its number,
// nothing refused is there, each writer's messages are in the order written, what a live reader was told is what the
// room holds, without gap, double or step back; and that the state digests are equal. Waits until all have caught up.
awaitable<void> judge(Scenario& scenario, std::string room, std::vector<Person*> writers, std::vector<Person*> readers);

// Digests and chains of all running nodes are equal at an equal index; waits for them to be at the same one.
awaitable<void> expect_equal_digests(Scenario& scenario);

}  // namespace parley::scenario
