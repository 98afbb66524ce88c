#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace parley::net {

class TlsContext;

// What a node proves itself with, and by what it judges others: the texts of three files in PEM form (RFC 7468).
struct PeerCertificates {
  std::string authorities;   // whose certificates are taken: one or more, and no one else's
  std::string certificate;   // the node's own, then those between it and an authority, if any
  std::string private_key;   // of the node's own
};

enum class CertificatePart : std::uint8_t { authorities, certificate, private_key };

// What is wrong with which of them.
struct CertificateFault {
  CertificatePart part = CertificatePart::certificate;
  std::string reason;
};

// Ready for use on links; and from when to when others take it, which is as long as the whole chain is valid.
struct Certified {
  std::shared_ptr<const TlsContext> tls;
  WallTime begins;
  WallTime expires;
};

// Of node `self`: a certificate speaks for one node, and this node takes part as no other. Whether it is valid now is
// not looked at: that is for others to judge, at each handshake, by their clocks. Blocks for some milliseconds.
Result<Certified, CertificateFault> make_tls_context(const PeerCertificates& files, NodeId self);

// A certificate speaks for the node whose name is among its DNS names (subjectAltName): "node-1.parley". No host name:
// a node may move, and who holds an address is no node for that.
std::string certificate_name(NodeId node);
std::optional<NodeId> node_of_certificate_name(std::string_view name);

}  // namespace parley::net
