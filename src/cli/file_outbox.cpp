#include "cli/file_outbox.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "cli/json_fields.hpp"

namespace parley::cli {
namespace {

constexpr std::string_view format_line = "{\"parley_outbox\":1}\n";
constexpr std::uint64_t format_version = 1;
constexpr mode_t private_mode = S_IRUSR | S_IWUSR;

std::string line_of(std::string_view key, json::value value) {
  json::object line;
  line[json::string_view(key.data(), key.size())] = std::move(value);
  return json::serialize(line) + "\n";
}

std::string session_line(const StoredSession& session) {
  json::object fields;
  fields["client"] = session.client;
  fields["key"] = session.key;
  fields["generation"] = session.generation;
  fields["next"] = session.next;
  fields["account"] = session.account;
  fields["token"] = session.token;
  return line_of("session", std::move(fields));
}

std::string add_line(const StoredRequest& request) {
  json::object fields;
  fields["seq"] = request.sequence;
  fields["method"] = request.method;
  if (request.secret) {
    fields["secret"] = true;
  } else {
    fields["params"] = request.params;
    if (request.in_doubt) fields["in_doubt"] = true;
  }
  return line_of("add", std::move(fields));
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool sync_directory_of(const std::filesystem::path& file) {
  const int directory = ::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return false;
  const bool synced = ::fsync(directory) == 0;
  ::close(directory);
  return synced;
}

}  // namespace

Result<std::unique_ptr<OutboxStore>> FileOutbox::open(const std::filesystem::path& file) {
  const std::string lock_file = file.string() + ".lock";
  const int lock = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, private_mode);
  if (lock < 0) return Error{lock_file + " can't be opened: " + std::strerror(errno)};
  std::unique_ptr<FileOutbox> outbox(new FileOutbox(file, lock));
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0)
    return Error{file.string() + " is in use by another parley chat of the same account"};
  if (auto ready = outbox->read(); !ready) return ready.error();
  if (auto ready = outbox->rewrite(); !ready) return ready.error();
  return std::unique_ptr<OutboxStore>(std::move(outbox));
}

FileOutbox::~FileOutbox() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (lock_ >= 0) ::close(lock_);
}

Error FileOutbox::failure(const std::string& what) const {
  return Error{file_.string() + " " + what + ": " + std::strerror(errno)};
}

Result<Nothing> FileOutbox::read() {
  const int descriptor = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && errno == ENOENT) return success();
  if (descriptor < 0) return failure("can't be opened");
  std::string text;
  std::string piece(64 * 1024, '\0');
  ssize_t got = 0;
  while ((got = ::read(descriptor, piece.data(), piece.size())) > 0 && text.size() <= file_bytes_max)
    text.append(piece, 0, static_cast<std::size_t>(got));
  const int read_errno = errno;
  ::close(descriptor);
  errno = read_errno;
  if (got < 0) return failure("can't be read");
  if (text.size() > file_bytes_max) return Error{file_.string() + " is longer than an outbox can be: move it away"};

  const auto whole = text.rfind('\n');
  std::string_view rest(text.data(), whole == std::string::npos ? 0 : whole + 1);
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const auto end = rest.find('\n');
    if (auto applied = apply(rest.substr(0, end)); !applied) {
      return Error{file_.string() + ", line " + std::to_string(number) + ": " + applied.error().message +
                   ". What waited there can't be sent; move the file away to go on without it"};
    }
    rest.remove_prefix(end + 1);
  }
  return success();
}

Result<Nothing> FileOutbox::apply(std::string_view line) {
  json::error_code failure;
  const json::value value = json::parse({line.data(), line.size()}, failure);
  const auto* object = failure ? nullptr : value.if_object();
  if (object == nullptr || object->size() != 1) return Error{"not a line of an outbox"};
  if (const auto version = number_field(*object, "parley_outbox")) {
    if (*version == format_version) return success();
    return Error{"written by a newer parley (format " + std::to_string(*version) + ", this one knows 1)"};
  }
  if (const auto* fields = object_field(*object, "session")) {
    session_.client = number_field(*fields, "client").value_or(0);
    session_.key = text_field(*fields, "key");
    session_.generation = number_field(*fields, "generation").value_or(0);
    session_.next = std::max<std::uint64_t>(1, number_field(*fields, "next").value_or(1));
    session_.account = text_field(*fields, "account");
    session_.token = text_field(*fields, "token");
    return success();
  }
  if (const auto* fields = object_field(*object, "add")) {
    StoredRequest request;
    request.sequence = number_field(*fields, "seq").value_or(0);
    request.method = text_field(*fields, "method");
    request.secret = flag_field(*fields, "secret");
    request.in_doubt = flag_field(*fields, "in_doubt");
    if (const auto* params = object_field(*fields, "params")) request.params = *params;
    if (request.sequence == 0 || request.method.empty()) return Error{"a request without number or method"};
    session_.next = std::max(session_.next, request.sequence + 1);
    requests_[request.sequence] = std::move(request);
    return success();
  }
  if (const auto sequence = number_field(*object, "done")) {
    requests_.erase(*sequence);
    return success();
  }
  return Error{"not a line of an outbox"};
}

StoredOutbox FileOutbox::current() const {
  StoredOutbox outbox;
  outbox.session = session_;
  for (const auto& [sequence, request] : requests_) outbox.requests.push_back(request);
  return outbox;
}

Result<Nothing> FileOutbox::rewrite() {
  broken_ = true;   // until it succeeds: no line may be added to what says something else
  std::string text(format_line);
  text += session_line(session_);
  for (const auto& [sequence, request] : requests_) text += add_line(request);
  const std::string fresh = file_.string() + ".new";
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, private_mode);
  if (descriptor < 0) return failure("can't be written");
  const bool written = write_all(descriptor, text) && ::fsync(descriptor) == 0;
  if (!written || ::rename(fresh.c_str(), file_.c_str()) != 0 || !sync_directory_of(file_)) {
    const auto error = failure("can't be written");
    ::close(descriptor);
    return error;
  }
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = descriptor;
  bytes_ = live_bytes_ = text.size();
  broken_ = false;
  return success();
}

Result<Nothing> FileOutbox::append(const std::string& line, bool sync) {
  if (broken_ || bytes_ > live_bytes_ + rewrite_bytes) return rewrite();   // holds what the line says already
  if (!write_all(descriptor_, line) || (sync && ::fdatasync(descriptor_) != 0)) {
    const auto error = failure("can't be written");
    broken_ = true;   // what a failed fsync left behind is anybody's guess: rewritten before the next line
    if (::ftruncate(descriptor_, static_cast<off_t>(bytes_)) != 0) return error;
    return error;
  }
  bytes_ += line.size();
  return success();
}

Result<Nothing> FileOutbox::add(const StoredRequest& request) {
  const std::string line = add_line(request);
  requests_[request.sequence] = request;
  const auto next = std::exchange(session_.next, std::max(session_.next, request.sequence + 1));
  auto written = append(line, true);
  if (!written) {
    requests_.erase(request.sequence);
    session_.next = next;
    return written;
  }
  live_bytes_ += line.size();
  return success();
}

// Not synced: if it is lost, the request is sent once more and answered with the first answer. One with a secret can't
// be sent again, so the next run would give its client session up: that must not happen once later numbers are sent.
void FileOutbox::remove(std::uint64_t sequence) {
  const auto at = requests_.find(sequence);
  if (at == requests_.end()) return;
  live_bytes_ -= std::min(live_bytes_, add_line(at->second).size());
  const bool sync = at->second.secret;
  requests_.erase(at);
  (void)append(line_of("done", sequence), sync);
}

Result<Nothing> FileOutbox::replace(const StoredOutbox& outbox) {
  session_ = outbox.session;
  requests_.clear();
  for (const auto& request : outbox.requests) requests_[request.sequence] = request;
  return rewrite();
}

}  // namespace parley::cli
