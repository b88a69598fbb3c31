// SPDX-License-Identifier: Apache-2.0
// What one CPU did in one gap, as slices of time that sum to the gap exactly. The events of the gap
// open and close contexts (interrupt, softirq, another task); a slice belongs to the innermost one.
// Time in no context, before the first event, between two interrupts and after the last event, is
// separate: it belongs to a cause only up to the usual time of delivering an interrupt or returning
// from it. The rest is late delivery: the CPU did not run, or had its interrupts off.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "analysis/attribution/tables.h"

namespace isolab {

/// A stretch of a gap. Times are counter ticks.
struct Slice {
  CauseId id = kNoCause;  // kNoCause: in no context
  std::uint64_t start = 0;
  std::uint64_t length = 0;
  bool interrupt = false;  // begins with an interrupt
  bool operator==(const Slice&) const = default;
};

/// How long delivery and return usually take on one CPU, in ticks: the medians of its first gaps,
/// or the shortest of them where there are fewer than kFew.
class UsualDelay {
 public:
  static constexpr std::size_t kEnough = 64;
  static constexpr std::size_t kFew = 8;

  /// Time before the first event of a gap that began with an interrupt of unknown sending time.
  void add_before(std::uint64_t ticks) { add(before_seen_, ticks); }
  /// Time after the last event of a gap that ended in no context.
  void add_after(std::uint64_t ticks) { add(after_seen_, ticks); }
  bool is_enough() const { return before_seen_.size() >= kEnough; }
  /// Takes what was seen as the usual; nothing is late before.
  void settle();

  /// Of `ticks` before an interrupt's first event: what is more than its delivery. Zero unless they
  /// are more than three times the usual and more than the usual and `least`.
  std::uint64_t late_before(std::uint64_t ticks, std::uint64_t least) const {
    return excess(before_, ticks, least);
  }
  std::uint64_t late_after(std::uint64_t ticks, std::uint64_t least) const {
    return excess(after_, ticks, least);
  }
  /// Between two interrupts: return from the first and delivery of the second.
  std::uint64_t late_between(std::uint64_t ticks, std::uint64_t least) const;
  std::uint64_t before() const { return before_ == kUnknown ? 0 : before_; }
  std::uint64_t after() const { return after_ == kUnknown ? 0 : after_; }

 private:
  static constexpr std::uint64_t kUnknown = ~std::uint64_t{0};
  static void add(std::vector<std::uint64_t>& seen, std::uint64_t ticks) {
    if (seen.size() < kEnough) seen.push_back(ticks);
  }
  static std::uint64_t usual(std::vector<std::uint64_t> seen);
  static std::uint64_t excess(std::uint64_t usual, std::uint64_t ticks, std::uint64_t least);

  std::vector<std::uint64_t> before_seen_, after_seen_;
  std::uint64_t before_ = kUnknown, after_ = kUnknown;
};

class GapTimeline {
 public:
  static constexpr std::size_t kMostSlices = 256;

  /// `ends`: the trace has events at the end of handlers. Without them a handler lasts until the
  /// next event.
  explicit GapTimeline(bool ends = true) : ends_(ends) {}

  /// A gap that starts at `start`. The probe is in user space then, in no context.
  void open(std::uint64_t start);
  void enter(std::uint64_t at, CauseId id, bool interrupt);
  /// The innermost context, which began at `since`, gets its name; later than it began.
  void rename(CauseId id, std::uint64_t since);
  /// From `at` on the innermost context does something else.
  void become(std::uint64_t at, CauseId id);
  /// The innermost interrupt or softirq ends, with all contexts inside it. One that began before
  /// the gap has no effect.
  void leave(std::uint64_t at, bool interrupt);
  /// A context of the running task itself, without an event at its end: a page fault.
  void stay(std::uint64_t at, CauseId id);
  /// An event that is recorded when what it names is over.
  void ended(std::uint64_t at, std::uint64_t length, CauseId id);
  /// Another task runs from `at` on; kNoCause: the probe.
  void run(std::uint64_t at, CauseId task);
  /// No event of this gap showed so far that `task` ran in place of the probe.
  void ran(std::uint64_t at, CauseId task);
  bool in_context() const { return depth_ > 0; }
  CauseId innermost() const;

  /// The gap ends. The slices sum to its length; valid until the next open().
  const std::vector<Slice>& close(std::uint64_t end);

 private:
  struct Context {
    CauseId id = kNoCause;
    enum Kind : std::uint8_t { interrupt, softirq, stays } kind = stays;
  };
  static constexpr std::size_t kDeepest = 8;

  void cut(std::uint64_t at);
  void append(CauseId id, std::uint64_t start, std::uint64_t length, bool interrupt);
  void push(CauseId id, Context::Kind kind);

  bool ends_ = true;
  std::array<Context, kDeepest> contexts_;
  std::size_t depth_ = 0;
  CauseId task_ = kNoCause;
  std::uint64_t since_ = 0;
  bool interrupt_ = false;  // the open slice begins with one
  std::vector<Slice> slices_;
};

/// Who owns the time that is in no context.
struct DeliveryRules {
  const UsualDelay* usual = nullptr;
  std::uint64_t least = 0;  // ticks; less is never late delivery
  CauseId late_before = kNoCause, late_between = kNoCause, late_after = kNoCause;
  CauseId unnamed = kNoCause;  // of gaps with events but without any context
};

/// Writes the slices of a gap to `out` with every tick booked on a cause. `sent`: when the call or
/// IPI that opened the gap's first interrupt was sent, 0 if that is not known: time before it is
/// not the interrupt's, exactly. Otherwise, and between and after contexts, UsualDelay decides.
void book_slices(const std::vector<Slice>& slices, std::uint64_t sent, const DeliveryRules& rules,
                 std::vector<Slice>& out);

}  // namespace isolab
