// SPDX-License-Identifier: Apache-2.0
// The observer cpu_time: records user, system, interrupt, steal and idle time of every CPU over the
// window, from /proc/stat. Its resolution is one clock tick (10 ms at USER_HZ 100); on CPUs without
// CONFIG_VIRT_CPU_ACCOUNTING_GEN the kernel samples, so a short burst may not show at all.
#include <unistd.h>

#include "probes/contract/observer.h"
#include "probes/formats/proc_stat.h"

namespace isolab {
namespace {

struct NoArgs {};

class CpuTimes final : public Observer {
 public:
  using Args = NoArgs;
  CpuTimes(Args, ObserverContext context) : context_(std::move(context)) {}

  Result<void> begin() override {
    before_ = TRY(context_.host.files.read("/proc/stat"));
    return {};
  }

  Result<void> end() override {
    after_ = TRY(context_.host.files.read("/proc/stat"));
    return {};
  }

  Result<void> finish(WindowRecord& record) override {
    if (before_.empty() || after_.empty()) return {};  // begin() or end() failed with an error
    const long hz = sysconf(_SC_CLK_TCK);
    record.cpu_times =
        cpu_time_between(TRY(parse_proc_stat(before_, hz)), TRY(parse_proc_stat(after_, hz)));
    return {};
  }

 private:
  const ObserverContext context_;
  std::string before_, after_;
};

}  // namespace

namespace probes {

const ObserverInfo cpu_time = describe_observer<CpuTimes>({
    .name = "cpu_time",
    .summary = "records user, system, interrupt, steal and idle time of every CPU",
    .needs = "nothing",
    .by_default = true,
});

}  // namespace probes
}  // namespace isolab
