// SPDX-License-Identifier: Apache-2.0
#include "base/records.h"

namespace isolab {
namespace {
__extension__ using Wide = unsigned __int128;
}  // namespace

std::uint64_t TickLine::nanoseconds(std::uint64_t ticks) const {
  if (ticks1 == ticks0) return ticks;
  return static_cast<std::uint64_t>(Wide{ticks} * (ns1 - ns0) / (ticks1 - ticks0));
}

std::uint64_t TickLine::ticks(std::uint64_t nanoseconds) const {
  if (ticks1 == ticks0) return nanoseconds;
  const Wide product = Wide{nanoseconds} * (ticks1 - ticks0);
  const std::uint64_t span = ns1 - ns0;
  return static_cast<std::uint64_t>((product + span - 1) / span);
}

double TickLine::ticks_per_second() const {
  if (ticks1 == ticks0) return 1e9;
  return static_cast<double>(ticks1 - ticks0) * 1e9 / static_cast<double>(ns1 - ns0);
}

std::uint64_t CounterRow::gained(int cpu) const {
  const auto first = before.find(cpu);
  const auto last = after.find(cpu);
  if (last == after.end()) return 0;
  const std::uint64_t old = first == before.end() ? 0 : first->second;
  if (last->second >= old) return last->second - old;
  // The kernel counts in 32 bits (unsigned int of irq_cpustat_t and kstat_irqs): a wrap is a small
  // step modulo 2^32; anything else is a row that began again from zero.
  const std::uint64_t wrapped = (last->second - old) & 0xffff'ffffU;
  return wrapped < 0x1000'0000U ? wrapped : last->second;
}

}  // namespace isolab
