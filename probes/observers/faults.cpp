// SPDX-License-Identifier: Apache-2.0
// The observer faults: checks that the probe's threads took no page fault inside the window (the
// footprints, which the runner has put into the record before finish()), and notes how many the
// whole machine took, with the page migrations and compactions that could have caused ours
// (/proc/vmstat).
#include <fmt/format.h>

#include <array>

#include "base/counters.h"
#include "probes/contract/observer.h"
#include "probes/observers/proc_stat.h"

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
    for (const Footprint& one : record.footprints) check(one, record.warnings);
    if (before_.empty() || after_.empty()) return {};  // begin() or end() failed and said so
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
      note = gain ? std::to_string(*gain) : "unknown: the counter fell inside the window";
    }
    return {};
  }

 private:
  static void check(const Footprint& one, std::vector<Warning>& warnings) {
    if (one.minor_faults == 0 && one.major_faults == 0) return;
    warnings.push_back(
        {"probe_faults",
         fmt::format(
             "the probe's thread on CPU {} took {} minor and {} major page faults inside the "
             "window",
             one.cpu, one.minor_faults, one.major_faults),
         "each one is a gap that we caused ourselves",
         "look for page migration: vm.compact_unevictable_allowed, kernel.numa_balancing"});
  }

  const ObserverContext context_;
  std::string before_, after_;
};

}  // namespace

namespace probes {

const ObserverInfo faults = describe_observer<Faults>({
    .name = "faults",
    .summary = "checks that the probe took no page fault; counts the machine's",
    .needs = "nothing",
});

}  // namespace probes
}  // namespace isolab
