// SPDX-License-Identifier: Apache-2.0
// The observer smi: how often firmware took each measured CPU (system management interrupts), by
// Intel's counter MSR_SMI_COUNT, 0x34 (Nehalem and later; tools/power/x86/turbostat reads it too).
// Reading an MSR of another CPU sends it an IPI, so the counter is read at set-up and tear-down,
// not at the window's edges: the count is that of a little more than the window. Needs root and
// /dev/cpu/N/msr. Leaves behind the notes smi.cpuN: a number, or why there is none.
#include <fmt/format.h>

#include <cstring>
#include <map>

#include "base/warnings.h"
#include "probes/contract/observer.h"

namespace isolab {
namespace {

struct NoArgs {};

constexpr std::size_t kSmiCount = 0x34;

class Smi final : public Observer {
 public:
  using Args = NoArgs;
  Smi(Args, ObserverContext context) : context_(std::move(context)) {}

  Result<void> prepare() override {
    for (const int cpu : context_.measured) before_.emplace(cpu, count(cpu));
    return {};
  }
  Result<void> begin() override { return {}; }
  Result<void> end() override { return {}; }

  Result<void> finish(WindowRecord& record) override {
    for (const auto& [cpu, before] : before_) {
      const auto after = before ? count(cpu) : before;
      auto& note = record.notes[kSmiNote + std::to_string(cpu)];
      if (!after) {
        note = "not applicable: " + after.error().what;
        continue;
      }
      const auto smis = *after - *before;  // 32 bits, wraps around
      note = std::to_string(smis);
      if (smis == 0) continue;
      record.warnings.push_back(make_warning(
          WarningId::smi, fmt::format("firmware interrupted CPU {} {} times (SMI)", cpu, smis)));
    }
    return {};
  }

 private:
  Result<std::uint32_t> count(int cpu) const {
    const auto& facts = context_.host.facts;
    const auto unsupported = [](std::string why) { return Error{ErrorKind::unsupported, why}; };
    if (facts.arch != "x86_64") return unsupported("only x86 counts SMIs");
    if (!facts.hypervisor.empty())
      return unsupported("the counter of a guest does not show SMIs of the host (" +
                         facts.hypervisor + ")");
    const auto cpuinfo = TRY(context_.host.files.read("/proc/cpuinfo"));
    if (cpuinfo.find(": GenuineIntel") == std::string::npos)
      return unsupported("only Intel's CPUs count SMIs in MSR 0x34");
    const auto bytes =
        TRY(context_.host.files.read_at(fmt::format("/dev/cpu/{}/msr", cpu), kSmiCount, 8));
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return static_cast<std::uint32_t>(value);
  }

  const ObserverContext context_;
  std::map<int, Result<std::uint32_t>> before_;
};

}  // namespace

namespace probes {

const ObserverInfo smi = describe_observer<Smi>({
    .name = "smi",
    .summary = "counts how often firmware interrupted the measured CPUs (SMI)",
    .needs = "an Intel CPU without hypervisor, root and /dev/cpu/N/msr (module msr)",
});

}  // namespace probes
}  // namespace isolab
