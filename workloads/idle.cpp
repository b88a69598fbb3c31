// SPDX-License-Identifier: Apache-2.0
// The control: a process that sleeps, in the place of a noise maker. What is heard beside it is the
// machine's own noise. Needs nothing, leaves nothing behind.
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
    .disturbs = "Nothing; what is heard is the noise that the machine makes by itself.",
    .needs = "nothing",
    .counts = {{"naps", "a sleep of 100 ms on a housekeeping CPU is one"}},
});

}  // namespace isolab
