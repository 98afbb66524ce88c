#include "wire/peer_frame.hpp"
