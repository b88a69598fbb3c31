// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/kfence.h"

#include <fmt/format.h>

#include <charconv>

#include "workloads/support/expectations.h"

namespace isolab {
namespace {

std::optional<std::uint64_t> counter(std::string_view stats, std::string_view name) {
  while (!stats.empty()) {
    const auto end = std::min(stats.find('\n'), stats.size());
    std::string_view line = stats.substr(0, end);
    stats.remove_prefix(std::min(end + 1, stats.size()));
    if (!line.starts_with(name) || !line.substr(name.size()).starts_with(": ")) continue;
    line.remove_prefix(name.size() + 2);
    std::uint64_t value = 0;
    const auto [last, error] = std::from_chars(line.data(), line.data() + line.size(), value);
    if (error == std::errc{} && last == line.data() + line.size()) return value;
  }
  return std::nullopt;
}

}  // namespace

Result<KfenceState> read_kfence(const Host& host) {
  const std::string built = host.facts.config("CONFIG_KFENCE");
  if (built == "n")
    return Error{ErrorKind::unsupported, "this kernel is built without KFENCE",
                 "use a kernel with CONFIG_KFENCE=y, such as Debian's"};
  if (!host.files.exists(kKfenceInterval))
    return Error{ErrorKind::unsupported,
                 fmt::format("this kernel has no {} (CONFIG_KFENCE is {})", kKfenceInterval, built),
                 "use a kernel with CONFIG_KFENCE=y"};
  KfenceState state;
  state.static_keys = host.facts.config("CONFIG_KFENCE_STATIC_KEYS");
  if (state.static_keys != "y" && state.static_keys != "n") state.static_keys = "unknown";
  const auto burst = read_number(host.files, "/sys/module/kfence/parameters/burst");
  if (burst && *burst > 0) state.allocations_per_sample += static_cast<std::uint64_t>(*burst);
  return state;
}

std::optional<double> kfence_ipis_per_sample(const KfenceState& state, Arch arch) {
  if (state.static_keys == "unknown") return std::nullopt;
  return state.static_keys == "y" ? 2 * function_calls_per_key_flip(arch) : 0;
}

std::string kfence_disturbs(const KfenceState& state, Arch arch) {
  const auto ipis = kfence_ipis_per_sample(state, arch);
  if (!ipis)
    return "kernel configuration not readable: whether a sample patches code on every CPU "
           "(KFENCE_STATIC_KEYS) is unknown";
  if (*ipis == 0)
    return "KFENCE_STATIC_KEYS off: a sample sends no IPI; this measures the cost of sampling only";
  return fmt::format(
      "KFENCE_STATIC_KEYS on: each sample switches a static key on and off, {:.0f} IPIs to every "
      "CPU",
      *ipis);
}

Result<std::uint64_t> kfence_samples(std::string_view stats, std::uint64_t allocations_per_sample) {
  const auto taken = counter(stats, "total allocations");
  if (!taken)
    return Error{ErrorKind::parse,
                 fmt::format("{} has no counter 'total allocations'", kKfenceStats)};
  const std::uint64_t skipped = counter(stats, "skipped allocations (capacity)").value_or(0) +
                                counter(stats, "skipped allocations (covered)").value_or(0);
  return (*taken + skipped) / allocations_per_sample;
}

Result<std::string> kfence_interval_text(Nanos interval) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(interval);
  if (ms != interval)
    return Error{
        ErrorKind::usage,
        fmt::format("sample_interval: {} is not a whole number of milliseconds", print(interval)),
        "the kernel's parameter is in milliseconds; 0 switches KFENCE off"};
  return std::to_string(ms.count());
}

}  // namespace isolab
