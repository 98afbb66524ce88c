#include "wire/rpc.hpp"

#include <gtest/gtest.h>
