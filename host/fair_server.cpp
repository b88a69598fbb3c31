// SPDX-License-Identifier: Apache-2.0
#include "host/fair_server.h"

#include <atomic>
#include <charconv>
#include <utility>

namespace isolab {

std::optional<int> fair_server_cpu(std::string_view path) {
  constexpr std::string_view kDirectory = "/fair_server/cpu";
  const auto at = path.rfind(kDirectory);
  if (at == path.npos) return std::nullopt;
  const std::string_view rest = path.substr(at + kDirectory.size());
  int cpu = -1;
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), cpu);
  const std::string_view file(parsed.ptr, rest.data() + rest.size());
  if (parsed.ec != std::errc{} || cpu < 0 || (file != "/runtime" && file != "/period"))
    return std::nullopt;
  return cpu;
}

std::optional<Child> occupy_cpu(int cpu) {
  auto child = Child::fork_into("isolab-occupy", CpuSet{cpu}, [] {
    for (std::atomic<unsigned> turns{0};; turns.fetch_add(1, std::memory_order_relaxed)) {
    }
    return 0;
  });
  if (!child) return std::nullopt;
  return std::move(*child);
}

}  // namespace isolab
