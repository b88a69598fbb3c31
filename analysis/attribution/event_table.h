// SPDX-License-Identifier: Apache-2.0
// The events attribution understands and their fields, resolved once for a trace. What a trace does
// not have resolves to "absent" and never matches; nothing is decided by kernel version.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "trace/read/event.h"
#include "trace/read/meta.h"

namespace isolab {

enum class EventRole : std::uint8_t {
  none,        // not ours
  noted,       // known, says only that the kernel ran: *_exit and the like
  stack,       // of the event before it on the same CPU
  queue_call,  // csd:csd_queue_cpu: one call for one CPU
  send_one,    // ipi:ipi_send_cpu
  send_mask,   // ipi:ipi_send_cpumask
  probe_many,  // kprobes of levels B and C: the calls, as csd_queue_cpu would tell them
  probe_one,
  call_begin,  // csd:csd_function_entry
  call_ipi,    // irq_vectors:call_function(_single)_entry
  call_ipi_end,
  reschedule_ipi,  // irq_vectors:reschedule_entry
  tick,            // irq_vectors:local_timer_entry
  vector,          // any other irq_vectors:*_entry, by name
  vector_end,      // any irq_vectors:*_exit but those of function calls
  handler,         // irq:irq_handler_entry: devices; on arm64 also IPIs and the timer
  handler_end,
  softirq,
  softirq_end,
  softirq_raised,
  timer_expires,       // timer:hrtimer_expire_entry
  timer_starts,        // timer:hrtimer_start
  jiffy_timer_starts,  // timer:timer_start
  jiffy_timer_expires,
  jiffy_timer_ends,
  task_switch,
  wakes,        // sched:sched_waking: this CPU wakes a task
  woken,        // sched:sched_wakeup(_new): a task is put on the queue of target_cpu
  moves,        // sched:sched_migrate_task: a task leaves the queue of a CPU for another
  work_queued,  // workqueue:workqueue_queue_work
  work_begin,   // workqueue:workqueue_execute_start
  work_end,
  nmi,
  page_fault,
  machine_check,
  new_task,
  rename_task,
};

struct EventTable {
  explicit EventTable(const TraceFormats& formats);

  EventRole role(std::uint16_t id) const { return id < roles.size() ? roles[id] : EventRole::none; }
  /// "thermal_apic" of irq_vectors:thermal_apic_entry.
  const std::string& vector_name(std::uint16_t id) const;

  std::vector<EventRole> roles;
  bool has_function_events = false;  // csd_function_entry: callbacks name themselves
  bool has_queue_events = false;     // csd_queue_cpu, or the kprobes in its place
  bool has_vectors = false;          // x86 receiver events
  bool has_ends = false;             // of handlers and softirqs
  bool has_timer_ends = false;       // timer_expire_exit

  StackField stack;
  NumberField queue_cpu, queue_callsite, queue_func, queue_csd;
  NumberField send_cpu, send_callsite, send_callback;
  NumberField mask_callsite, mask_callback;
  BytesField mask_cpus;
  std::vector<NumberField> many_masks;  // words of 64 CPUs: m0, m1, ...
  NumberField many_func;
  /// Whether the mask of a probe_many event names `cpu`.
  bool many_has(const TraceEvent& event, int cpu) const {
    const auto word = static_cast<std::size_t>(cpu) / 64;
    return word < many_masks.size() && (many_masks[word](event) >> (cpu % 64) & 1) != 0;
  }
  struct CallProbe {
    NumberField cpu, func, csd, flags;
  };
  std::map<std::uint16_t, CallProbe> call_probes;
  NumberField begin_func, begin_csd;
  NumberField handler_irq;
  BytesField handler_name;
  NumberField softirq_vec, raised_vec;
  NumberField prev_pid, prev_state, next_pid, next_prio;
  BytesField next_comm, prev_comm;
  /// Of an event that names a timer or a work item.
  struct ItemFields {
    NumberField pointer, function;
  };
  ItemFields timer, started_timer;  // hrtimer_expire_entry, hrtimer_start
  ItemFields jiffy_timer, started_jiffy_timer;
  ItemFields queued_work, begun_work;
  struct WakeFields {
    NumberField pid, target_cpu;
    BytesField comm;
  };
  const WakeFields& wake_fields(std::uint16_t id) const {
    return id == wakes_id ? wakes : id == woken_new_id ? woken_new : woken;
  }
  std::uint16_t wakes_id = 0, woken_new_id = 0;
  WakeFields wakes, woken, woken_new;
  NumberField moved_pid, moved_to;
  NumberField nmi_handler, nmi_delta;
  NumberField new_pid, rename_pid;
  BytesField new_comm, rename_comm;

 private:
  void add(const TraceFormats& formats, const EventFormat& format);
  void resolve_fields(const TraceFormats& formats);

  std::map<std::uint16_t, std::string> vectors_;
};

/// Times of the trace as counter ticks, exactly and without division: for x86-tsc they are the same
/// number, mono_raw goes through the window's two points (fixed point, 128-bit products; less than
/// one tick off over days).
class TraceClock {
 public:
  explicit TraceClock(const TraceMeta& meta);
  std::uint64_t ticks(std::uint64_t time) const {
    if (factor_ == 0) return time;
    using Wide = unsigned __int128;
    if (time >= ns0_)
      return ticks0_ + static_cast<std::uint64_t>(Wide{time - ns0_} * factor_ >> kShift);
    return ticks0_ - static_cast<std::uint64_t>(Wide{ns0_ - time} * factor_ >> kShift);
  }
  /// How far apart the probe's reading and the trace's can be for the same moment.
  std::uint64_t slack() const { return factor_ == 0 ? 0 : 2; }

 private:
  static constexpr int kShift = 56;
  std::uint64_t factor_ = 0, ticks0_ = 0, ns0_ = 0;
};

}  // namespace isolab
