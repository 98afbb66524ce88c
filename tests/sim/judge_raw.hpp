#pragma once

#include <optional>
#include <string>

#include "sim/history.hpp"
#include "sim/judge_reads.hpp"
#include "sim/truth.hpp"

namespace parley::sim {

// What raw clients were answered, against docs/PROTOCOL.md and the log:
//  - a number that was answered is answered the same for ever, on every node (K1, K2); another request under it gets
//    `conflict` (K3), and only one of both is carried out; `forgotten`, `wrong_sequence` and `conflict` are not said
//    without their reason;
//  - `outcome` is final and linearizable: {"sent": false} of nothing that stands in the log, then or later, "yes" only
//    of what stands there under that number; no number is "still expected" that somebody had been answered before;
//    nor is a client session or a login denied that somebody had been told of before (K4, K12, R16);
//  - an ended login opens nothing on a node that had applied its end when it was asked, and whoever is connected with
//    it is told `login_ended`, and nobody else is (K11);
//    (whoever has been connected since `quiet`, from when on all nodes stand at the log's end);
//  - nonsense gets the error that the protocol has for it, and the connection stays (K6, K8).
std::optional<std::string> judge_raw(const Truth& truth, const History& history, const NodeLives& lives,
                                     TimePoint quiet, TimePoint now);

}  // namespace parley::sim
