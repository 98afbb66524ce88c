#include "net/tls_session.hpp"

#include <openssl/err.h>

#include <algorithm>

#include "base/assert.hpp"
#include "net/tls_context.hpp"

namespace parley::net {

namespace {

constexpr std::size_t record_payload_max = 16 * 1024;   // RFC 8446, 5.1
constexpr std::size_t output_max = 256 * 1024;          // ciphertext that nobody took

// The first bytes of every TLS record (RFC 8446, 5.1): a handshake or an alert, then the legacy version.
bool may_be_tls(std::string_view start) {
  constexpr char alert = 0x15;
  constexpr char handshake = 0x16;
  constexpr char version = 0x03;
  if (!start.empty() && start[0] != alert && start[0] != handshake) return false;
  return start.size() < 2 || start[1] == version;
}

// The oldest error of the protocol in the queue of this thread, which it empties: what libcrypto met on the way, such
// as a signature that is none, comes before it. Without one, the oldest of all.
unsigned long take_error() {
  const auto first = ERR_get_error();
  for (auto error = first; error != 0; error = ERR_get_error()) {
    if (ERR_GET_LIB(error) == ERR_LIB_SSL) return error;
  }
  return first;
}

}  // namespace

struct TlsSession::Inside {
  std::shared_ptr<const TlsContext> context;   // outlives ssl, whose callbacks read it
  Role role;
  std::uint64_t rekey_after;
  SslPointer ssl;
  BIO* incoming = nullptr;   // of ssl
  BIO* outgoing = nullptr;   // of ssl
  State state = State::handshaking;
  std::string failure;
  std::optional<NodeId> certified;
  std::string start;          // the first two bytes that came
  bool plain_text = false;
  std::uint64_t records = 0;  // sent under the present key

  void fail(std::string why) {
    state = State::failed;
    failure = std::move(why);
    ERR_clear_error();
  }

  // After a call that did not succeed: more is wanted, the other side closed, or it has failed.
  void judge(int result) {
    const bool open = state == State::open;
    switch (SSL_get_error(ssl.get(), result)) {
      case SSL_ERROR_WANT_READ: break;
      case SSL_ERROR_ZERO_RETURN: state = State::ended; break;
      default: fail(describe(open));
    }
    ERR_clear_error();
  }

  // For people.
  std::string describe(bool open) const {
    const auto error = take_error();
    const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    if (open && reason == SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC) {
      return "what came was altered on its way, or is not of this connection";
    }
    if (open && reason == SSL_R_SSLV3_ALERT_BAD_RECORD_MAC) return "what it got from this node was altered on its way";
    auto words = context->explain(ssl.get(), reason, role == Role::dials, open);
    if (!words.empty()) return words;
    const char* const text = ERR_reason_error_string(error);
    return std::string("TLS: ") + (text != nullptr ? text : "it broke the protocol");
  }

  void open_if_proved() {
    const auto examined = context->examine(ssl.get());
    if (!examined.ok()) return fail(examined.error().message);
    certified = *examined;
    state = State::open;
  }
};

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, Role role, std::uint64_t rekey_after)
    : inside_(std::make_unique<Inside>()) {
  auto& in = *inside_;
  in.ssl = context->new_connection(role == Role::dials);
  in.context = std::move(context);
  in.role = role;
  in.rekey_after = rekey_after;
  in.incoming = SSL_get_rbio(in.ssl.get());
  in.outgoing = SSL_get_wbio(in.ssl.get());
}

TlsSession::~TlsSession() = default;

void TlsSession::receive(std::string_view ciphertext) {
  auto& in = *inside_;
  if (in.state != State::handshaking && in.state != State::open) return;
  if (in.start.size() < 2) {
    in.start += ciphertext.substr(0, 2 - in.start.size());
    if (!may_be_tls(in.start)) {
      in.plain_text = true;
      return in.fail("it speaks plain text: it has no " + std::string(setting()) + ", or is no node");
    }
  }
  const int taken = BIO_write(in.incoming, ciphertext.data(), static_cast<int>(ciphertext.size()));
  PARLEY_ASSERT(taken == static_cast<int>(ciphertext.size()), "a memory BIO takes everything, or there is no memory");
}

TlsSession::State TlsSession::shake_hands() {
  auto& in = *inside_;
  if (in.state != State::handshaking) return in.state;
  ERR_clear_error();   // the queue is the thread's: what others left there is not ours
  const int result = SSL_do_handshake(in.ssl.get());
  if (result == 1) {
    in.open_if_proved();
  } else {
    in.judge(result);
    if (in.state == State::ended) in.fail("it closed the connection during the handshake");
  }
  return in.state;
}

std::size_t TlsSession::read(std::span<char> space) {
  auto& in = *inside_;
  if (in.state != State::open || space.empty()) return 0;
  ERR_clear_error();
  std::size_t got = 0;
  const int result = SSL_read_ex(in.ssl.get(), space.data(), space.size(), &got);
  if (result == 1) return got;
  in.judge(result);
  // Only a member could make OpenSSL answer without end (key updates); a bound all the same.
  if (in.state == State::open && BIO_ctrl_pending(in.outgoing) > output_max) in.fail("it asks for too many answers");
  return 0;
}

bool TlsSession::write(std::string_view plaintext) {
  auto& in = *inside_;
  if (in.state != State::open) return false;
  if (plaintext.empty()) return true;
  ERR_clear_error();
  if (in.records >= in.rekey_after) {
    SSL_key_update(in.ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED);   // sent before the next record
    in.records = 0;
  }
  std::size_t taken = 0;
  const int result = SSL_write_ex(in.ssl.get(), plaintext.data(), plaintext.size(), &taken);
  if (result != 1 || taken != plaintext.size()) {   // a memory BIO takes everything: nothing is ever to be repeated
    in.fail(in.describe(true));
    return false;
  }
  in.records += (plaintext.size() + record_payload_max - 1) / record_payload_max;
  return true;
}

void TlsSession::close() {
  auto& in = *inside_;
  if (in.state != State::open && in.state != State::ended) return;
  ERR_clear_error();
  SSL_shutdown(in.ssl.get());   // one way: the other side's goodbye is not waited for
  ERR_clear_error();
  in.state = State::ended;
}

std::string TlsSession::take_output() {
  auto& in = *inside_;
  std::string output(BIO_ctrl_pending(in.outgoing), '\0');
  if (output.empty()) return output;
  const int taken = BIO_read(in.outgoing, output.data(), static_cast<int>(output.size()));
  output.resize(static_cast<std::size_t>(std::max(taken, 0)));
  return output;
}

TlsSession::State TlsSession::state() const { return inside_->state; }
const std::string& TlsSession::failure() const { return inside_->failure; }
bool TlsSession::heard_plain_text() const { return inside_->plain_text; }
std::optional<NodeId> TlsSession::certified() const { return inside_->certified; }
std::string_view TlsSession::setting() const { return inside_->context->setting(); }

}  // namespace parley::net
