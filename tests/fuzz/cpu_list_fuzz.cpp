// SPDX-License-Identifier: Apache-2.0
// Fuzz target: CPU lists and masks. What is accepted must survive being printed and read again.
#include "base/cpu_set.h"
#include "tests/fuzz/demand.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isolab;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto set = CpuSet::parse(text)) {
    fuzz::demand(set->empty() || (set->first() >= 0 && set->last() <= 8191));
    const auto again = CpuSet::parse(set->list());
    fuzz::demand(again && *again == *set);
  }
  if (const auto set = CpuSet::parse_mask(text)) {
    const auto again = CpuSet::parse_mask(set->mask());
    fuzz::demand(again && *again == *set);
  }
  return 0;
}
