// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "analysis/attribution/calls_in_flight.h"
#include "analysis/attribution/cpu_log.h"
#include "analysis/attribution/trace_context.h"

namespace isolab {

/// The function-call IPI that a measured CPU handles. It is nameless from its entry to its first
/// callback or its end, whichever comes first, and is counted then, once, under that name.
class FunctionIpi {
 public:
  /// All of them must outlive it.
  FunctionIpi(TraceContext& trace, CallsInFlight& calls, SentCalls& sent, CpuLog& log)
      : trace_(trace), calls_(calls), sent_(sent), log_(log) {}

  /// `irq`: on arm64 the number of its interrupt, else -1.
  void enter(const Moment& now, int irq);
  void leave() {
    settle();
    inside_ = false;
  }
  /// csd_function_entry, in an IPI or not.
  void callback(const TraceEvent& event, const Moment& now);
  /// No callback comes any more, or the gap is closed.
  void settle() {
    if (nameless_) join_by_order();
  }

  /// Who queued the callback that runs in an IPI; nullptr: none does, or that is not known.
  const Sender* caller() const { return inside_ && caller_.known() ? &caller_ : nullptr; }
  /// The cause of that callback.
  CauseId call() const { return call_; }

 private:
  void join_by_order();
  PendingCall* last_queued();
  Cause* name_by(CauseId id, const Moment& now);
  void count(CauseId id, const Moment& now, bool first_of_ipi, bool joined);

  TraceContext& trace_;
  CallsInFlight& calls_;
  SentCalls& sent_;
  CpuLog& log_;
  bool inside_ = false, nameless_ = false;
  Moment entry_;
  Cause* cause_ = nullptr;  // its place in the open gap's story, while nameless
  int irq_ = -1;
  Sender caller_;
  CauseId call_ = kNoCause;
};

}  // namespace isolab
