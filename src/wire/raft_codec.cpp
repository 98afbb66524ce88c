#include "wire/raft_codec.hpp"
