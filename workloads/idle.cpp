// SPDX-License-Identifier: Apache-2.0
// The control: a process that sleeps, in the place of a load. The probe then measures the noise of
// the machine. Needs nothing, leaves nothing behind.
#include "workloads/contract/workload.h"

namespace isolab {
namespace {

constexpr Nanos kNap = std::chrono::milliseconds(100);  // the runner wants an answer within 1 s

class Idle final : public Workload {
 public:
  struct Args {};
  Idle(Args, const WorkloadContext& context) : context_(context) {}
  Result<void> dry_run() override { return {}; }
  Result<void> prepare() override { return {}; }
  Result<void> run() override {
    while (!context_.stop.requested()) {
      sleep_for(kNap);
      context_.counters.add(0);
    }
    return {};
  }

 private:
  WorkloadContext context_;
};

}  // namespace

const WorkloadInfo workloads::idle = describe<Idle>({
    .name = kIdleWorkload,
    .summary = "does nothing: the control",
    .disturbs = "Nothing; the probe measures the noise of the machine without workload.",
    .needs = "nothing",
    .counts = {{"naps", "one sleep of 100 ms on a housekeeping CPU is one operation"}},
});

}  // namespace isolab
