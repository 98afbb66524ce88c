#pragma once

#include "cli/chat_command.hpp"
#include "cli/up_command.hpp"

namespace parley::cli {

// `parley demo`: `up` and `chat` in one. If the cluster in the directory runs already, only the chat is opened. With
// piped input the cluster is temporary and on free ports. Exit code: the chat's; 1: the cluster did not come up.
int demo_command(const UpOptions& up, ChatOptions chat);

}  // namespace parley::cli
