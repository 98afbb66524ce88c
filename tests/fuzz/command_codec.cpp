// Commands as the log and the peers carry them: any bytes decode or are refused, and the encoding is canonical.
#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "wire/command_codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley;
  const std::string_view bytes = fuzz::Input(data, size).rest();
  const auto command = wire::decode_command(bytes);
  if (!command.ok()) {
    PARLEY_ASSERT(!command.error().message.empty(), "a refusal has a text");
    return 0;
  }
  PARLEY_ASSERT(wire::encode(*command) == bytes, "what decodes encodes to the bytes it came from");
  return 0;
}
