// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/attribution.h"

#include <algorithm>

namespace isolab {

namespace {

constexpr std::size_t kCommLength = 15;  // TASK_COMM_LEN without the NUL

int highest_cpu(const TraceDirectory& trace, const std::vector<CpuGaps>& cpus) {
  int highest = 0;
  for (const auto& [cpu, path] : trace.pages) highest = std::max(highest, cpu);
  for (const auto& gaps : cpus) highest = std::max(highest, gaps.cpu);
  return highest;
}

/// The name of the probe's thread as events have it; empty if no task has it.
std::string probe_task(const TraceDirectory& trace, const std::string& probe) {
  const std::string cut = probe.substr(0, kCommLength);
  const auto is_there = [&](const auto& task) { return task.second == cut; };
  return std::any_of(trace.comms.begin(), trace.comms.end(), is_there) ? cut : std::string();
}

}  // namespace

Attribution::Attribution(const TraceDirectory& trace, const TraceMeta& meta,
                         const Classifier& rules, const std::vector<CpuGaps>& cpus)
    : trace_(trace, meta, rules),
      calls_(trace_, highest_cpu(trace, cpus)),
      counts_(cpus.size()),
      by_cpu_(static_cast<std::size_t>(highest_cpu(trace, cpus)) + 1) {
  for (std::size_t i = 0; i < cpus.size(); ++i)
    by_cpu_[static_cast<std::size_t>(cpus[i].cpu)] = &measured_.emplace_back(
        trace_, calls_, counts_[i], cpus[i], probe_task(trace, cpus[i].probe));
}

void Attribution::add(const TraceEvent& event) {
  ++events_;
  const auto& table = trace_.table;
  const auto role = table.role(event.id());
  if (!calls_.is_known(event.cpu) || role == EventRole::none) return;
  if (calls_.is_open(event.cpu)) {
    calls_.settle(event.cpu, role == EventRole::stack ? &event : nullptr);
    if (role == EventRole::stack) return;
  }
  defer(event, role);
  if (auto* cpu = by_cpu_[static_cast<std::size_t>(event.cpu)]; cpu != nullptr)
    cpu->receive(event, role);
  switch (role) {
    case EventRole::queue_call:
    case EventRole::send_one:
    case EventRole::probe_one: return send_one(event, role);
    case EventRole::send_mask:
    case EventRole::probe_many: return send_many(event, role);
    case EventRole::woken:
      if (auto* cpu = measured(table.wake_fields(event.id()).target_cpu(event)); cpu != nullptr)
        cpu->woken(event);
      return;
    case EventRole::new_task:
      return trace_.comms.set(static_cast<std::int32_t>(table.new_pid.as_signed(event)),
                              table.new_comm.text(event));
    case EventRole::rename_task:
      return trace_.comms.set(static_cast<std::int32_t>(table.rename_pid.as_signed(event)),
                              table.rename_comm.text(event));
    default: return;
  }
}

/// Work and timers of all CPUs: those of housekeeping CPUs are the origins of what these send.
void Attribution::defer(const TraceEvent& event, EventRole role) {
  auto& deferred = trace_.deferred;
  switch (role) {
    case EventRole::work_queued: return deferred.queue(event);
    case EventRole::work_begin: return deferred.begin(event);
    case EventRole::work_end: return deferred.end(event);
    case EventRole::jiffy_timer_starts: return deferred.arm(event);
    case EventRole::jiffy_timer_expires: return deferred.expire(event);
    case EventRole::jiffy_timer_ends: return deferred.expired(event);
    case EventRole::timer_starts:
      if (by_cpu_[static_cast<std::size_t>(event.cpu)] == nullptr)
        deferred.arm_hrtimer(event, nullptr);
      return;
    default: return;
  }
}

void Attribution::finish() {
  calls_.settle_all();
  for (auto& cpu : measured_) cpu.finish();
}

void Attribution::send(const TraceEvent& event, MeasuredCpu& to, std::uint64_t callback,
                       std::uint64_t callsite) {
  if (event.cpu == to.cpu()) return to.raises_irq_work(callback);
  if (callback == 0) return calls_.send_reschedule(event, to.sent(), callsite);
  // 6.4 only: no csd events, and the function is named here, once more beside the IPI proper.
  if (!trace_.table.has_queue_events && callback != trace_.generic_call)
    return calls_.queue(event, to.sent(), 0, callback, callsite);
  if (trace_.in_window(event.time)) ++to.counts().ipis_sent;
}

/// Events that name one receiver.
void Attribution::send_one(const TraceEvent& event, EventRole role) {
  const auto& table = trace_.table;
  if (role == EventRole::probe_one) {
    const auto& fields = table.call_probes.at(event.id());
    auto* to = measured(fields.cpu(event));
    if (to == nullptr || to->cpu() == event.cpu) return;
    // CSD_TYPE_TTWU (include/linux/smp_types.h): the node is a task's, `func` is not one.
    constexpr std::uint64_t kTypeMask = 0x30;
    const bool wakeup = (fields.flags(event) & kTypeMask) == kTypeMask;
    return calls_.queue(event, to->sent(), fields.csd(event),
                        wakeup ? trace_.wakeup_call : fields.func(event), 0);
  }
  if (role == EventRole::send_one) {
    if (auto* to = measured(table.send_cpu(event)); to != nullptr)
      send(event, *to, table.send_callback(event), table.send_callsite(event));
  } else if (auto* to = measured(table.queue_cpu(event)); to != nullptr) {
    calls_.queue(event, to->sent(), table.queue_csd(event), table.queue_func(event),
                 table.queue_callsite(event));
  }
}

/// Events that name receivers by a mask.
void Attribution::send_many(const TraceEvent& event, EventRole role) {
  const auto& table = trace_.table;
  for (auto& to : measured_) {
    if (role == EventRole::send_mask) {
      if (table.mask_cpus.has_cpu(event, to.cpu()))
        send(event, to, table.mask_callback(event), table.mask_callsite(event));
    } else if (to.cpu() != event.cpu && table.many_has(event, to.cpu())) {
      calls_.queue(event, to.sent(), 0, table.many_func(event), 0);
    }
  }
}

Result<std::vector<WalkSummary>> attribute_trace(const TraceDirectory& trace, Attribution& out) {
  auto readers = TRY(trace.open_all());
  auto summaries = merge_cpus(std::move(readers), [&](const TraceEvent& event) { out.add(event); });
  out.finish();
  return summaries;
}

}  // namespace isolab
