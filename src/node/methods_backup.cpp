#include <array>
#include <utility>

#include "node/backups.hpp"
#include "node/methods.hpp"
#include "wire/binary_text.hpp"

namespace parley::node {
namespace {

namespace json = boost::json;

// Backups, of the node that is asked: for operators and administrators. Nothing of it goes through the log.

constexpr std::size_t digest_digits = 64;

wire::RpcError gone(std::string message) { return refused("no_such_backup", std::move(message)); }

Digest backup_of(Params& params) {
  const auto digest = wire::digest_from_hex(params.text("backup", digest_digits, digest_digits));
  if (!digest) params.refuse("backup", "expected the digest that backup.begin named");
  return digest.value_or(Digest{});
}

json::object about_json(const store::BackupAbout& about) {
  json::object result;
  result["backup"] = about.copy.digest.hex();
  result["node"] = about.node.value;
  result["cluster"] = about.cluster.value;
  result["generation"] = about.generation.value;
  result["index"] = about.copy.applied.index.value;
  result["term"] = about.copy.applied.term.value;
  result["time"] = about.time.ms;
  result["chain"] = about.chain.hex();
  result["state"] = about.state.hex();
  result["bytes"] = about.copy.bytes;
  result["page_bytes"] = Backups::page_bytes_max;
  return result;
}

// Fresh: what was acknowledged before it was asked for is in it, or it says that it is stale.
net::awaitable<Answer> begin(Services& services, CallPtr call) {
  Params params(call->params);
  if (auto error = params.error()) co_return std::move(*error);
  if (!may_administer(services, *call)) co_return not_an_administrator();
  if (services.applier.applied() == Index(0)) co_return refused("backup_failed", "this node holds nothing yet");
  auto begun = co_await services.backups.begin(services.applier.applied());
  if (std::holds_alternative<Backups::Busy>(begun)) co_return later("busy", retry_after_backup);
  if (auto* error = std::get_if<Error>(&begun)) co_return refused("backup_failed", std::move(error->message));
  auto& about = std::get<store::BackupAbout>(begun);
  about.node = services.self.id;
  about.cluster = services.replication->identity().cluster;
  co_return about_json(about);
}

net::awaitable<Answer> page(Services& services, CallPtr call) {
  Params params(call->params);
  const Digest backup = backup_of(params);
  const std::uint64_t offset = params.number("offset");
  const std::size_t limit = params.limit(Backups::page_bytes_max, Backups::page_bytes_max);
  if (auto error = params.error()) co_return std::move(*error);
  if (!may_administer(services, *call)) co_return not_an_administrator();
  if (services.seams.workers.queued(net::Lane::search) >= search_queue_max) co_return later("busy", retry_after_backup);
  auto bytes = co_await services.backups.page(backup, offset, limit);
  if (!bytes.ok()) co_return gone(bytes.error().message);
  json::object result;
  result["offset"] = offset;
  result["bytes"] = wire::to_base64(*bytes);
  co_return result;
}

net::awaitable<Answer> end(Services& services, CallPtr call) {
  Params params(call->params);
  const Digest backup = backup_of(params);
  if (auto error = params.error()) co_return std::move(*error);
  if (!may_administer(services, *call)) co_return not_an_administrator();
  co_await services.backups.end(backup);
  co_return json::object();
}

const std::array<Method, 3> rows{{
    {.name = "backup.begin", .reading = begin, .fresh = true},
    {.name = "backup.page", .reading = page},
    {.name = "backup.end", .reading = end},
}};

}  // namespace

std::span<const Method> backup_methods() { return rows; }

}  // namespace parley::node
