#include "wire/command_codec.hpp"

#include <type_traits>
#include <utility>

#include "base/codec.hpp"

namespace parley::wire {
namespace {

// The fields of a command are listed once, in `fields` below, for both directions: Out writes them, In reads them.

class Out {
 public:
  static constexpr bool reading = false;
  explicit Out(std::string& bytes) : out_(bytes) {}

  void operator()(std::uint64_t v) { out_.u64(v); }
  void operator()(bool v) { out_.boolean(v); }
  void operator()(chat::RoomKind v) { out_.u8(static_cast<std::uint8_t>(v)); }
  void operator()(const std::string& v) { out_.string(v); }
  void operator()(const Digest& v) { out_.raw(v.view()); }
  void operator()(LogTime v) { out_.i64(v.ms); }
  template <class Tag>
  void operator()(const Strong<Tag>& v) {
    out_.u64(v.value);
  }
  template <class T>
  void operator()(const std::optional<T>& v) {
    out_.boolean(v.has_value());
    if (v) (*this)(*v);
  }
  template <class T, class Each>
  void list(const std::vector<T>& items, std::size_t, Each each) {
    out_.u32(static_cast<std::uint32_t>(items.size()));
    for (const auto& item : items) each(item);
  }
  void tag(std::uint8_t v) { out_.u8(v); }

 private:
  Writer out_;
};

class In {
 public:
  static constexpr bool reading = true;
  explicit In(std::string_view bytes) : in_(bytes) {}

  void operator()(std::uint64_t& v) { v = in_.u64(); }
  void operator()(bool& v) { v = in_.boolean(); }
  void operator()(chat::RoomKind& v) {
    const auto kind = in_.u8();
    if (kind > static_cast<std::uint8_t>(chat::RoomKind::invite_only)) return in_.fail();
    v = static_cast<chat::RoomKind>(kind);
  }
  void operator()(std::string& v) { v = in_.string(command_string_max); }
  void operator()(Digest& v) {
    const auto bytes = in_.raw(v.bytes.size());
    if (in_.ok()) v = Digest::from_view(bytes);
  }
  void operator()(LogTime& v) { v.ms = in_.i64(); }
  template <class Tag>
  void operator()(Strong<Tag>& v) {
    v.value = in_.u64();
  }
  template <class T>
  void operator()(std::optional<T>& v) {
    if (in_.boolean()) (*this)(v.emplace());
  }
  template <class T, class Each>
  void list(std::vector<T>& items, std::size_t max, Each each) {
    const auto count = in_.u32();
    if (count > max) return in_.fail();
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) each(items.emplace_back());
  }
  std::uint8_t tag() { return in_.u8(); }
  Reader& reader() { return in_; }

 private:
  Reader in_;
};

template <class T, class Io>
using Of = std::conditional_t<Io::reading, T, const T>;

using namespace chat;   // the commands of the next page

template <class Io>
void fields(Io& io, Of<Register, Io>& v) { io(v.name), io(v.phc), io(v.invitation); }
template <class Io>
void fields(Io& io, Of<Login, Io>& v) { io(v.account), io(v.credential_version), io(v.login); }
template <class Io>
void fields(Io& io, Of<Logout, Io>& v) { io(v.everywhere); }
template <class Io>
void fields(Io& io, Of<ChangePassword, Io>& v) { io(v.credential_version), io(v.phc); }
template <class Io>
void fields(Io& io, Of<DeleteAccount, Io>& v) { io(v.credential_version); }
template <class Io>
void fields(Io& io, Of<SendDirect, Io>& v) { io(v.to), io(v.text); }
template <class Io>
void fields(Io& io, Of<SendRoom, Io>& v) { io(v.room), io(v.text); }
template <class Io>
void fields(Io& io, Of<MessageFacts, Io>& v) {
  io(v.id), io(v.conversation), io(v.number), io(v.author), io(v.deleted), io(v.edited), io(v.author_name);
  io(v.time), io(v.client), io(v.sequence);
}
template <class Io>
void fields(Io& io, Of<EditMessage, Io>& v) { fields(io, v.facts), io(v.seen_at), io(v.text); }
template <class Io>
void fields(Io& io, Of<DeleteMessages, Io>& v) {
  io.list(v.facts, command_facts_max, [&io](auto& facts) { fields(io, facts); });
  io(v.seen_at);
}
template <class Io>
void fields(Io& io, Of<CreateRoom, Io>& v) { io(v.room), io(v.kind), io(v.topic); }
template <class Io>
void fields(Io& io, Of<JoinRoom, Io>& v) { io(v.room); }
template <class Io>
void fields(Io& io, Of<LeaveRoom, Io>& v) { io(v.room); }
template <class Io>
void fields(Io& io, Of<InviteToRoom, Io>& v) { io(v.room), io(v.account); }
template <class Io>
void fields(Io& io, Of<RemoveFromRoom, Io>& v) { io(v.room), io(v.account); }
template <class Io>
void fields(Io& io, Of<SetTopic, Io>& v) { io(v.room), io(v.topic); }
template <class Io>
void fields(Io& io, Of<CreateInvitation, Io>& v) { io(v.code); }
template <class Io>
void fields(Io& io, Of<ChangeSetting, Io>& v) { io(v.name), io(v.value); }
template <class Io>
void fields(Io& io, Of<SetAdministrator, Io>& v) { io(v.account), io(v.administrator); }
template <class Io>
void fields(Io& io, Of<ResetPassword, Io>& v) { io(v.account), io(v.phc); }
template <class Io>
void fields(Io& io, Of<SetBanned, Io>& v) { io(v.account), io(v.banned); }

// Which command it is, for ever: numbers are never reused, and the order of the variants does not matter.
template <class T>
inline constexpr std::uint8_t tag_of = 0;
template <> inline constexpr std::uint8_t tag_of<Register> = 1;
template <> inline constexpr std::uint8_t tag_of<Login> = 2;
template <> inline constexpr std::uint8_t tag_of<Logout> = 3;
template <> inline constexpr std::uint8_t tag_of<ChangePassword> = 4;
template <> inline constexpr std::uint8_t tag_of<DeleteAccount> = 5;
template <> inline constexpr std::uint8_t tag_of<SendDirect> = 6;
template <> inline constexpr std::uint8_t tag_of<SendRoom> = 7;
template <> inline constexpr std::uint8_t tag_of<EditMessage> = 8;
template <> inline constexpr std::uint8_t tag_of<DeleteMessages> = 9;
template <> inline constexpr std::uint8_t tag_of<CreateRoom> = 10;
template <> inline constexpr std::uint8_t tag_of<JoinRoom> = 11;
template <> inline constexpr std::uint8_t tag_of<LeaveRoom> = 12;
template <> inline constexpr std::uint8_t tag_of<InviteToRoom> = 13;
template <> inline constexpr std::uint8_t tag_of<RemoveFromRoom> = 14;
template <> inline constexpr std::uint8_t tag_of<SetTopic> = 15;
template <> inline constexpr std::uint8_t tag_of<CreateInvitation> = 16;
template <> inline constexpr std::uint8_t tag_of<ChangeSetting> = 17;
template <> inline constexpr std::uint8_t tag_of<SetAdministrator> = 18;
template <> inline constexpr std::uint8_t tag_of<ResetPassword> = 19;
template <> inline constexpr std::uint8_t tag_of<SetBanned> = 20;
template <> inline constexpr std::uint8_t tag_of<OpenClient> = 1;
template <> inline constexpr std::uint8_t tag_of<Sequenced> = 2;
template <> inline constexpr std::uint8_t tag_of<Markers> = 3;

template <class... Ts>
constexpr bool tags_differ(const std::variant<Ts...>*) {
  const std::uint8_t tags[] = {tag_of<Ts>...};
  for (std::size_t i = 0; i < sizeof...(Ts); ++i) {
    if (tags[i] == 0) return false;
    for (std::size_t j = 0; j < i; ++j) {
      if (tags[i] == tags[j]) return false;
    }
  }
  return true;
}
static_assert(tags_differ(static_cast<const Request*>(nullptr)), "every request needs a tag of its own");
static_assert(tags_differ(static_cast<const Command*>(nullptr)), "every command needs a tag of its own");

template <class Io, class... Ts>
void alternatives(Io& io, std::variant<Ts...>& held) {
  const auto tag = io.tag();
  const bool known = ((tag == tag_of<Ts> && (fields(io, held.template emplace<Ts>()), true)) || ...);
  if (!known) io.reader().fail();
}
template <class Io, class... Ts>
void alternatives(Io& io, const std::variant<Ts...>& held) {
  std::visit([&io]<class T>(const T& v) { io.tag(tag_of<T>), fields(io, v); }, held);
}

template <class Io>
void fields(Io& io, Of<OpenClient, Io>& v) { io(v.key); }
template <class Io>
void fields(Io& io, Of<Sequenced, Io>& v) {
  io(v.client), io(v.sequence), io(v.first_outstanding), io(v.payload), io(v.login), io(v.by_operator);
  alternatives(io, v.request);
}
template <class Io>
void fields(Io& io, Of<Markers, Io>& v) {
  io.list(v.reads, markers_max, [&io](auto& read) { io(read.account), io(read.conversation), io(read.number); });
  io.list(v.clients_alive, markers_max, [&io](auto& client) { io(client); });
  io.list(v.logins_alive, markers_max, [&io](auto& login) { io(login); });
}

}  // namespace

std::string encode(const chat::Command& command) {
  std::string bytes;
  Out out(bytes);
  out.tag(command_version);
  alternatives(out, command);
  return bytes;
}

Result<chat::Command> decode_command(std::string_view bytes) {
  In in(bytes);
  const auto version = in.tag();
  if (!in.reader().ok() || version == 0) return Error{"not a command: no version byte"};
  if (version > command_version) {
    return Error{"a command of version " + std::to_string(version) + ", but this program knows versions up to " +
                 std::to_string(command_version) + ": upgrade this node"};
  }
  chat::Command command;
  alternatives(in, command);
  if (!in.reader().done()) return Error{"a damaged command of version " + std::to_string(version)};
  return command;
}

}  // namespace parley::wire
