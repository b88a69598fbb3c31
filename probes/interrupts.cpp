// SPDX-License-Identifier: Apache-2.0
// The observer interrupts: every row of /proc/interrupts and /proc/softirqs, per CPU, at both edges
// of the window. Reading them touches per-CPU counters from afar and interrupts nobody.
#include "base/interrupts.h"

#include "probes/observer.h"

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
    if (before_.interrupts.empty()) return {};  // begin() failed and said so
    const Text& after = after_.interrupts.empty() ? before_ : after_;
    if (after_.interrupts.empty())
      record.notes["interrupts"] = "not read at the end of the window: all counts are zero";
    record.interrupts = join_counters(TRY(parse_interrupts(before_.interrupts)),
                                      TRY(parse_interrupts(after.interrupts)));
    record.softirqs =
        join_counters(TRY(parse_softirqs(before_.softirqs)), TRY(parse_softirqs(after.softirqs)));
    return {};
  }

 private:
  struct Text {
    std::string interrupts, softirqs;
  };

  Result<void> read_into(Text& text) const {
    text.interrupts = TRY(context_.host.files.read("/proc/interrupts"));
    text.softirqs = TRY(context_.host.files.read("/proc/softirqs"));
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
});

}  // namespace probes
}  // namespace isolab
