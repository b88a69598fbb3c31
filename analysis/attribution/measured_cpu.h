// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "analysis/attribution/calls_in_flight.h"
#include "analysis/attribution/cpu_log.h"
#include "analysis/attribution/cpu_tasks.h"
#include "analysis/attribution/function_ipi.h"
#include "analysis/attribution/gap_book.h"
#include "analysis/attribution/timer_interrupt.h"
#include "analysis/attribution/trace_context.h"

namespace isolab {

/// What a measured CPU does inside and outside its gaps. Before it handles an event, every gap that
/// ended earlier is closed. Stays where it is: its parts refer to each other.
class MeasuredCpu {
 public:
  /// All but `gaps` must outlive it, and so must the list in `gaps`.
  MeasuredCpu(TraceContext& trace, CallsInFlight& calls, CpuAttribution& counts,
              const CpuGaps& gaps, std::string probe);
  MeasuredCpu(const MeasuredCpu&) = delete;
  MeasuredCpu& operator=(const MeasuredCpu&) = delete;

  int cpu() const { return log_.counts.cpu; }
  /// An event of this CPU.
  void receive(const TraceEvent& event, EventRole role);
  /// This CPU sends itself an IPI for an irq_work item, whose function is `function`.
  void raises_irq_work(std::uint64_t function) { irq_work_ = function; }
  /// An event of any CPU: a task is put on this CPU's queue.
  void woken(const TraceEvent& event);
  /// A remote call is queued for this CPU, an IPI is sent to it.
  SentCalls& sent() { return sent_; }
  CpuAttribution& counts() { return log_.counts; }
  /// After the last event: closes all gaps.
  void finish();

 private:
  Moment see(const TraceEvent& event);
  void close_gap();
  void interrupt(const TraceEvent& event, EventRole role, const Moment& now);
  void interrupted(CauseId id, const Moment& now);
  void interrupt_ends(const Moment& now);
  void softirq(const TraceEvent& event, const Moment& now);
  void fault(CauseId id, const Moment& now);
  void reschedule(const Moment& now);
  void vector(const TraceEvent& event, const Moment& now);
  void handler(const TraceEvent& event, const Moment& now);
  void device(CauseId id, const Moment& now);
  void handler_ends(const Moment& now);
  void nmi(const TraceEvent& event, const Moment& now);
  void wakes(const TraceEvent& event, const Moment& now);
  void irq_work(const Moment& now);
  void jiffy_timer(const TraceEvent& event, const Moment& now);
  void jiffy_timer_ends(const Moment& now);
  void softirq_raised(const TraceEvent& event);
  void softirq_ends(const Moment& now);

  TraceContext& trace_;
  CallsInFlight& calls_;
  const std::uint64_t start_, end_, microsecond_;  // of CpuGaps
  CpuLog log_;
  GapBook book_;
  SentCalls sent_;
  FunctionIpi ipi_;
  TimerInterrupt timer_;
  CpuTasks tasks_;
  std::array<Sender, kSoftirqs> raised_;  // and not entered; not known: none is
  std::uint64_t irq_work_ = 0;            // raised here and not arrived; 0: none, or not known
};

}  // namespace isolab
