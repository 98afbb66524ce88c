#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "net/tls_session.hpp"

namespace parley::net {

// Both ends of a connection under TLS and the cable between them: `near` has dialled `far`.
struct TlsCable {
  explicit TlsCable(std::shared_ptr<const TlsContext> dials, std::shared_ptr<const TlsContext> accepts,
                    std::uint64_t rekey_after = TlsSession::records_per_key)
      : near(std::move(dials), TlsSession::Role::dials, rekey_after),
        far(std::move(accepts), TlsSession::Role::accepts, rekey_after) {}

  void shake_hands() {
    for (int round = 0; round < 5; ++round) {
      near.shake_hands();
      far.receive(sent(to_far));
      far.shake_hands();
      near.receive(sent(to_near));
    }
  }
  std::string sent(std::string& recording) {
    auto bytes = &recording == &to_far ? near.take_output() : far.take_output();
    recording += bytes;
    return bytes;
  }
  // What `far` reads once `ciphertext` has come.
  std::string read(std::string_view ciphertext) {
    far.receive(ciphertext);
    std::string plain;
    std::array<char, 1000> piece;
    for (std::size_t got = far.read(piece); got > 0; got = far.read(piece)) plain.append(piece.data(), got);
    return plain;
  }
  std::string carry(std::string_view plain) {
    EXPECT_TRUE(near.write(plain));
    return read(sent(to_far));
  }

  TlsSession near;
  TlsSession far;
  std::string to_far;    // all that was sent
  std::string to_near;
};

}  // namespace parley::net
