#include "node/cluster_certificates.hpp"

#include <string.h>
#include <sys/stat.h>

#include <ctime>

#include "node/small_file.hpp"

namespace parley::node {
namespace {

constexpr const char* how_to_make = "docs/OPERATIONS.md tells how to make one";

FileStamp stamp_of(const std::string& file) {
  struct stat about {};
  if (::stat(file.c_str(), &about) != 0) return {};
  return {about.st_dev, about.st_ino, about.st_size, about.st_ctim.tv_sec, about.st_ctim.tv_nsec};
}

ClusterCertificates::Stamps stamps_of(const CertificateFiles& files) {
  return {stamp_of(files.ca), stamp_of(files.certificate), stamp_of(files.private_key)};
}

Error refusal(const char* key, const std::string& file, const std::string& reason) {
  return Error{std::string("cluster_certificates.") + key + " " + file + ": " + reason};
}

Result<std::string> read(const char* key, const std::string& file, Secrecy secrecy) {
  auto text = read_small_file(file, certificate_file_max, secrecy);
  if (text.ok()) return std::move(*text);
  const auto& refused = text.error();
  return refusal(key, file, refused.needs_another ? refused.reason + "; " + how_to_make : refused.reason);
}

Error refusal(const CertificateFiles& files, const net::CertificateFault& fault) {
  switch (fault.part) {
    case net::CertificatePart::authorities: return refusal("ca_file", files.ca, fault.reason);
    case net::CertificatePart::certificate: return refusal("certificate_file", files.certificate, fault.reason);
    case net::CertificatePart::private_key: break;
  }
  return refusal("private_key_file", files.private_key, fault.reason);
}

Result<net::Certified> read_all(const CertificateFiles& files, NodeId self) {
  auto authorities = read("ca_file", files.ca, Secrecy::open);
  if (!authorities.ok()) return authorities.error();
  auto certificate = read("certificate_file", files.certificate, Secrecy::open);
  if (!certificate.ok()) return certificate.error();
  auto private_key = read("private_key_file", files.private_key, Secrecy::secret);
  if (!private_key.ok()) return private_key.error();
  net::PeerCertificates texts{std::move(*authorities), std::move(*certificate), std::move(*private_key)};
  auto certified = net::make_tls_context(texts, self);
  ::explicit_bzero(texts.private_key.data(), texts.private_key.size());
  if (!certified.ok()) return refusal(files, certified.error());
  return std::move(*certified);
}

// Why others would not take it now; empty: they would.
std::string out_of_time(const net::Certified& certified, WallTime now) {
  if (now < certified.begins) return "it is not valid before " + describe_time(certified.begins);
  if (now >= certified.expires) return "it expired on " + describe_time(certified.expires);
  return {};
}

}  // namespace

Result<ClusterCertificates> ClusterCertificates::load(const CertificateFiles& files, NodeId self) {
  auto own = files.of(self);
  const auto stamps = stamps_of(own);   // before the reading: what changes meanwhile is seen at the next look
  auto certified = read_all(own, self);
  if (!certified.ok()) return certified.error();
  return ClusterCertificates(std::move(own), self, stamps, std::move(*certified));
}

ClusterCertificates::Look ClusterCertificates::look() const {
  Look found;
  found.stamps = stamps_of(files_);
  if (found.stamps != used_ && found.stamps == seen_) found.read = read_all(files_, self_);
  return found;
}

bool ClusterCertificates::take(Look found, WallTime now, Logger& logger) {
  seen_ = found.stamps;
  if (!found.read) {
    if (seen_ == used_) said_.clear();
    return false;
  }
  std::string trouble;
  if (!found.read->ok()) {
    trouble = found.read->error().message;
  } else if (const auto reason = out_of_time(**found.read, now); !reason.empty()) {
    trouble = refusal("certificate_file", files_.certificate, reason).message;
  }
  if (!trouble.empty()) {
    if (trouble != said_) {
      logger.warn("certificates_refused", trouble + ". The former ones stay in use, until " +
                                              describe_time(in_use_.expires));
    }
    said_ = std::move(trouble);
    return false;
  }
  in_use_ = std::move(**found.read);
  used_ = found.stamps;
  said_.clear();
  logger.info("certificates_renewed",
              files_.certificate + " is in use for new links, until " + describe_time(in_use_.expires));
  return true;
}

std::string describe_time(WallTime time) {
  const std::time_t seconds = time.ms / 1000;
  std::tm fields{};
  char text[64] = "";
  if (::gmtime_r(&seconds, &fields) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &fields);
  return text;
}

}  // namespace parley::node
