#include "wire/rpc.hpp"
