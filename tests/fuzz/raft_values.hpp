#pragma once

#include "fuzz/input.hpp"
#include "raft/message.hpp"

namespace parley::fuzz {

// Values of the types that peers exchange, from the bytes of an input: every one that the formats can carry.
ServerId any_server(Input& in);
raft::EntryId any_entry_id(Input& in);
raft::Configuration any_configuration(Input& in);   // well-formed
raft::Entry any_entry(Input& in);
raft::LogBase any_base(Input& in);
raft::Message any_message(Input& in);               // valid-typed; nothing else is promised

}  // namespace parley::fuzz
