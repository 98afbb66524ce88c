#include "wire/command_codec.hpp"

#include <gtest/gtest.h>
