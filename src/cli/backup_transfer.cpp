#include "cli/backup_transfer.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "cli/ask.hpp"
#include "cli/json_fields.hpp"
#include "net/before.hpp"
#include "wire/binary_text.hpp"
#include "wire/rpc.hpp"

namespace parley::cli {
namespace {

constexpr Duration connect_patience = milliseconds(5000);
constexpr Duration page_patience = milliseconds(15'000);
constexpr Duration retry_pause = milliseconds(500);
constexpr unsigned failures_max = 8;   // in a row, of one piece; the node keeps the copy for 30 s

struct Reply {
  enum class Kind : std::uint8_t { done, refused, later, lost };
  Kind kind = Kind::lost;
  json::object result;
  std::string message = "the connection ended without an answer";
};

std::optional<Reply> reply_in(const std::string& text, std::int64_t id) {
  auto decoded = wire::decode_from_node(text);
  if (!decoded.ok()) return std::nullopt;
  auto* response = std::get_if<wire::RpcResponse>(&*decoded);
  if (response == nullptr || response->id != wire::RpcId(id)) return std::nullopt;
  Reply reply;
  if (const auto* error = std::get_if<wire::RpcError>(&response->outcome)) {
    const bool not_now = error->code == wire::RpcCode::later || error->code == wire::RpcCode::unknown;
    reply.kind = not_now ? Reply::Kind::later : Reply::Kind::refused;
    reply.message = error->message;
    return reply;
  }
  reply.kind = Reply::Kind::done;
  auto& value = std::get<json::value>(response->outcome);
  if (value.is_object()) reply.result = std::move(value.as_object());
  return reply;
}

awaitable<Reply> converse(std::shared_ptr<net::Connection> connection, std::int64_t id, std::string question) {
  const bool asked = co_await connection->write(std::move(question));
  if (!asked) co_return Reply();
  for (;;) {
    auto text = co_await connection->read();
    if (!text) co_return Reply();
    auto reply = reply_in(*text, id);
    if (reply) co_return std::move(*reply);
  }
}

// One connection to a node that takes us for an operator; made again where it is lost.
class Line {
 public:
  Line(ClientSeams seams, Door door) : seams_(seams), door_(std::move(door)) {}
  ~Line() { hang_up(); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  awaitable<Reply> ask(std::string method, json::object params, Duration patience) {
    if (!connection_) {
      auto introduced = co_await introduce();
      if (introduced.kind != Reply::Kind::done) {
        hang_up();
        co_return introduced;
      }
    }
    auto reply = co_await put(std::move(method), std::move(params), patience);
    if (reply.kind == Reply::Kind::lost) hang_up();
    co_return reply;
  }

 private:
  awaitable<Reply> introduce() {
    Reply failed;
    const TimePoint deadline = seams_.clock.now() + connect_patience;
    auto connected = co_await seams_.network.connect(net::Transport::client, door_.address, deadline);
    failed.message = door_.address + ": " + connected.detail;
    if (!connected.connection) co_return failed;
    connection_ = connected.connection;
    json::object hello;
    hello["protocol"] = 1;
    auto greeted = co_await put("hello", std::move(hello), connect_patience);
    if (greeted.kind != Reply::Kind::done) co_return greeted;
    json::object secret;
    secret["token"] = door_.token;
    auto taken = co_await put("operator", std::move(secret), connect_patience);
    co_return taken;
  }

  awaitable<Reply> put(std::string method, json::object params, Duration patience) {
    const std::int64_t id = ++last_id_;
    std::string question = encode_request(id, std::move(method), std::move(params));
    const TimePoint deadline = seams_.clock.now() + patience;
    auto conversation = converse(connection_, id, std::move(question));
    auto reply = co_await net::before(seams_.clock, deadline, std::move(conversation));
    Reply late;
    late.message = door_.address + " did not answer in time";
    if (!reply) co_return late;
    co_return std::move(*reply);
  }

  void hang_up() {
    if (connection_) connection_->close();
    connection_.reset();
  }

  ClientSeams seams_;
  Door door_;
  std::shared_ptr<net::Connection> connection_;
  std::int64_t last_id_ = 0;
};

std::optional<store::BackupAbout> about_in(const json::object& result) {
  const auto copy = wire::digest_from_hex(text_field(result, "backup"));
  const auto chain = wire::digest_from_hex(text_field(result, "chain"));
  const auto state = wire::digest_from_hex(text_field(result, "state"));
  const auto bytes = number_field(result, "bytes");
  if (!copy || !chain || !state || !bytes || *bytes == 0) return std::nullopt;
  store::BackupAbout about;
  about.node = NodeId(static_cast<std::uint32_t>(number_field(result, "node").value_or(0)));
  about.cluster = ClusterId(number_field(result, "cluster").value_or(0));
  about.generation = Generation(number_field(result, "generation").value_or(0));
  about.time = LogTime{static_cast<std::int64_t>(number_field(result, "time").value_or(0))};
  about.chain = *chain;
  about.state = *state;
  about.copy.applied.index = Index(number_field(result, "index").value_or(0));
  about.copy.applied.term = Term(number_field(result, "term").value_or(0));
  about.copy.digest = *copy;
  about.copy.bytes = *bytes;
  return about;
}

class Transfer {
 public:
  Transfer(ClientSeams seams, BackupPlan plan, store::Disk& disk)
      : seams_(seams), plan_(std::move(plan)), disk_(disk), alarm_(seams.clock.make_alarm()) {}

  awaitable<Result<BackupTaken>> run() {
    const auto begun = co_await begin();
    if (!begun.ok()) co_return begun.error();
    auto writer = store::BackupWriter::begin(disk_, plan_.name, taken_.about, plan_.replace);
    Result<Nothing> result = success();
    if (!writer.ok()) result = writer.error();
    while (result.ok() && !writer->complete()) {
      plan_.progress(writer->offset(), taken_.about.copy.bytes);
      result = co_await fetch(*writer);
    }
    co_await end();
    if (result.ok()) result = writer->finish();
    if (!result.ok()) co_return result.error();
    co_return taken_;
  }

 private:
  // The first node that has a copy for us. One that refuses is not asked again; the others are, until it is time.
  awaitable<Result<Nothing>> begin() {
    const TimePoint deadline = seams_.clock.now() + plan_.patience;
    std::string trouble = "no node to ask";
    while (!plan_.doors.empty() && seams_.clock.now() < deadline) {
      const Door door = plan_.doors.front();
      line_ = std::make_unique<Line>(seams_, door);
      json::object nothing;
      const Duration left = deadline - seams_.clock.now();
      auto reply = co_await line_->ask("backup.begin", std::move(nothing), left);
      if (reply.kind == Reply::Kind::done) {
        const auto about = about_in(reply.result);
        if (!about) co_return Error{door.address + " answered what is not the protocol"};
        taken_ = BackupTaken{*about, door.address, flag_field(reply.result, "stale")};
        co_return success();
      }
      trouble = reply.message;
      const bool refused = reply.kind == Reply::Kind::refused;
      std::rotate(plan_.doors.begin(), plan_.doors.begin() + 1, plan_.doors.end());
      if (refused) plan_.doors.pop_back();
      if (!refused) co_await pause();
    }
    co_return Error{trouble};
  }

  awaitable<Result<Nothing>> fetch(store::BackupWriter& writer) {
    Reply reply;
    for (unsigned failures = 0; failures < failures_max; ++failures) {
      json::object params;
      params["backup"] = taken_.about.copy.digest.hex();
      params["offset"] = writer.offset();
      reply = co_await line_->ask("backup.page", std::move(params), page_patience);
      if (reply.kind == Reply::Kind::refused) break;
      if (reply.kind != Reply::Kind::done) {
        co_await pause();
        continue;
      }
      const auto bytes = wire::from_base64(text_field(reply.result, "bytes"));
      const bool fits = bytes && !bytes->empty() && number_field(reply.result, "offset") == writer.offset();
      if (!fits) co_return Error{taken_.from + " answered what is not the protocol"};
      co_return writer.add(*bytes);
    }
    co_return Error{taken_.from + ", after " + std::to_string(writer.offset()) + " bytes: " + reply.message};
  }

  // Its copy may go; if it does not hear of it, it goes by itself.
  awaitable<void> end() {
    json::object params;
    params["backup"] = taken_.about.copy.digest.hex();
    co_await line_->ask("backup.end", std::move(params), connect_patience);
    line_.reset();
  }

  awaitable<void> pause() {
    const TimePoint again = seams_.clock.now() + retry_pause;
    while (seams_.clock.now() < again) co_await alarm_->wait_until(again);
  }

  ClientSeams seams_;
  BackupPlan plan_;
  store::Disk& disk_;
  std::unique_ptr<net::Alarm> alarm_;
  std::unique_ptr<Line> line_;
  BackupTaken taken_;
};

}  // namespace

awaitable<Result<BackupTaken>> take_backup(ClientSeams seams, BackupPlan plan, store::Disk& disk) {
  const auto transfer = std::make_unique<Transfer>(seams, std::move(plan), disk);
  auto result = co_await transfer->run();
  co_return result;
}

}  // namespace parley::cli
