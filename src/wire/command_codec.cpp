#include "wire/command_codec.hpp"
