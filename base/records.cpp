// SPDX-License-Identifier: Apache-2.0
#include "base/records.h"

namespace isolab {
namespace {
__extension__ using Wide = unsigned __int128;
}  // namespace

// A line that does not rise in both directions was never measured: the identity, as if all zero.
std::uint64_t TickLine::nanoseconds(std::uint64_t ticks) const {
  if (ticks1 <= ticks0 || ns1 <= ns0) return ticks;
  return static_cast<std::uint64_t>(Wide{ticks} * (ns1 - ns0) / (ticks1 - ticks0));
}

std::uint64_t TickLine::ticks(std::uint64_t nanoseconds) const {
  if (ticks1 <= ticks0 || ns1 <= ns0) return nanoseconds;
  const Wide product = Wide{nanoseconds} * (ticks1 - ticks0);
  const std::uint64_t span = ns1 - ns0;
  return static_cast<std::uint64_t>((product + span - 1) / span);
}

double TickLine::ticks_per_second() const {
  if (ticks1 <= ticks0 || ns1 <= ns0) return 1e9;
  return static_cast<double>(ticks1 - ticks0) * 1e9 / static_cast<double>(ns1 - ns0);
}

}  // namespace isolab
