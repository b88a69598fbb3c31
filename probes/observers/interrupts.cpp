// SPDX-License-Identifier: Apache-2.0
// The observer interrupts: every row of /proc/interrupts and /proc/softirqs, per CPU, at both edges
// of the window, and how many large pages of the direct map were split in it. Reading them touches
// per-CPU counters of other CPUs without interrupting them.
#include "base/interrupts.h"

#include <fmt/format.h>

#include "base/counters.h"
#include "host/os.h"
#include "probes/contract/observer.h"
#include "probes/formats/proc_stat.h"

namespace isolab {
namespace {

struct NoArgs {};

class Interrupts final : public Observer {
 public:
  using Args = NoArgs;
  Interrupts(Args, ObserverContext context) : context_(std::move(context)) {}

  // The texts are read at the edge and parsed after the window.
  Result<void> begin() override { return read_into(before_); }
  Result<void> end() override { return read_into(after_); }

  Result<void> finish(WindowRecord& record) override {
    if (before_.interrupts.empty()) return {};  // begin() failed with an error
    const Text& after = after_.interrupts.empty() ? before_ : after_;
    if (after_.interrupts.empty())
      record.notes["interrupts"] = "not read at the end of the window: all counts are zero";
    auto first = TRY(parse_interrupts(before_.interrupts));
    const auto last = TRY(parse_interrupts(after.interrupts));
    if (const CpuSet moved = cpus_of_one_reading(first, last); !moved.empty())
      record.notes["interrupts"] =
          "CPU " + moved.list() + " was offline at one end of the window: its counts are unknown";
    record.interrupts = join_counters(std::move(first), last);
    if (!after_.interrupts.empty())
      record.notes[kCounterReadsNote] = fmt::format(
          "{} {} {} {}", before_.from_ns, before_.until_ns, after_.from_ns, after_.until_ns);
    note_splits(after, record);
    record.softirqs =
        join_counters(TRY(parse_softirqs(before_.softirqs)), TRY(parse_softirqs(after.softirqs)));
    return {};
  }

 private:
  struct Text {
    std::string interrupts, softirqs, vmstat;
    std::uint64_t from_ns = 0, until_ns = 0;  // CLOCK_MONOTONIC_RAW around reading `interrupts`
  };

  /// A large page of the direct map that is split flushes every CPU once (__split_large_page,
  /// arch/x86/mm/pat/set_memory.c), so the splits of the window belong to its function calls.
  void note_splits(const Text& after, WindowRecord& record) const {
    const auto from = parse_counters(before_.vmstat);
    const auto to = parse_counters(after.vmstat);
    if (!from || !to) return;
    for (const char* level : {"level2", "level3"}) {
      const std::string counter = std::string("direct_map_") + level + "_splits";
      if (!from->contains(counter) || !to->contains(counter)) continue;
      if (const auto gain = counter_gain(from->at(counter), to->at(counter)))
        record.notes[std::string("direct_map.") + level + "_splits"] = std::to_string(*gain);
    }
  }

  Result<void> read_into(Text& text) const {
    text.from_ns = mono_raw_ns();
    text.interrupts = TRY(context_.host.files.read("/proc/interrupts"));
    text.until_ns = mono_raw_ns();
    text.softirqs = TRY(context_.host.files.read("/proc/softirqs"));
    if (auto vmstat = context_.host.files.read("/proc/vmstat")) text.vmstat = std::move(*vmstat);
    return {};
  }

  const ObserverContext context_;
  Text before_, after_;
};

}  // namespace

namespace probes {

const ObserverInfo interrupts = describe_observer<Interrupts>({
    .name = "interrupts",
    .summary = "counts every row of /proc/interrupts and /proc/softirqs per CPU",
    .needs = "nothing",
    .by_default = true,
});

}  // namespace probes
}  // namespace isolab
