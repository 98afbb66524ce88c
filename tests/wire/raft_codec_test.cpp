#include "wire/raft_codec.hpp"

#include <gtest/gtest.h>
