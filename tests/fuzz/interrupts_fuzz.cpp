// SPDX-License-Identifier: Apache-2.0
// Fuzz target: /proc/interrupts and /proc/softirqs. The first byte chooses; a zero byte parts the
// text before a window from the text after it.
#include "base/interrupts.h"
#include "tests/fuzz/demand.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isolab;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto cut = std::min(text.find('\0'), text.size());
  const auto parse = (data[0] & 1) != 0 ? parse_softirqs : parse_interrupts;
  auto before = parse(text.substr(0, cut));
  const auto after = parse(text.substr(cut));
  if (before && after) (void)join_counters(*std::move(before), *after);
  return 0;
}
