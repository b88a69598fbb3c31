// SPDX-License-Identifier: Apache-2.0
// The observer faults: notes how many page faults the whole machine took in the window, with the
// page migrations and compactions that cause those of a probe (/proc/vmstat). The probe's own are
// in the footprints of every window, and the analysis warns of them.
#include <array>

#include "base/counters.h"
#include "probes/contract/observer.h"
#include "probes/formats/proc_stat.h"

namespace isolab {
namespace {

struct NoArgs {};

constexpr std::array kCounters = {"pgfault",           "pgmajfault",      "numa_hint_faults",
                                  "pgmigrate_success", "compact_success", "thp_collapse_alloc"};

class Faults final : public Observer {
 public:
  using Args = NoArgs;
  Faults(Args, ObserverContext context) : context_(std::move(context)) {}

  Result<void> begin() override {
    before_ = TRY(context_.host.files.read("/proc/vmstat"));
    return {};
  }

  Result<void> end() override {
    after_ = TRY(context_.host.files.read("/proc/vmstat"));
    return {};
  }

  Result<void> finish(WindowRecord& record) override {
    if (before_.empty() || after_.empty()) return {};  // begin() or end() failed with an error
    const auto before = TRY(parse_counters(before_));
    const auto after = TRY(parse_counters(after_));
    for (const char* name : kCounters) {
      const auto from = before.find(name);
      const auto to = after.find(name);
      auto& note = record.notes[std::string("faults.") + name];
      if (from == before.end() || to == after.end()) {
        note = "not applicable: this kernel does not count it";
        continue;
      }
      const auto gain = counter_gain(from->second, to->second);
      note = gain ? std::to_string(*gain) : "unknown: the counter decreased in the window";
    }
    return {};
  }

 private:
  const ObserverContext context_;
  std::string before_, after_;
};

}  // namespace

namespace probes {

const ObserverInfo faults = describe_observer<Faults>({
    .name = "faults",
    .summary = "counts page faults, migrations and compactions of the whole machine",
    .needs = "nothing",
    .by_default = true,
});

}  // namespace probes
}  // namespace isolab
