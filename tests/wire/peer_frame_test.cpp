#include "wire/peer_frame.hpp"

#include <gtest/gtest.h>
