// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/event_table.h"

namespace isolab {

namespace {

/// Which event plays which role; irq_vectors and "_exit" events are found by pattern.
const std::map<std::string, EventRole, std::less<>>& known_roles() {
  static const std::map<std::string, EventRole, std::less<>> roles{
      {"ftrace:kernel_stack", EventRole::stack},
      {"csd:csd_queue_cpu", EventRole::queue_call},
      {"csd:csd_function_entry", EventRole::call_begin},
      {"ipi:ipi_send_cpu", EventRole::send_one},
      {"ipi:ipi_send_cpumask", EventRole::send_mask},
      {"isolab:many", EventRole::probe_many},
      {"isolab:ges", EventRole::probe_one},
      {"isolab:csq", EventRole::probe_one},
      {"irq_vectors:call_function_entry", EventRole::call_ipi},
      {"irq_vectors:call_function_single_entry", EventRole::call_ipi},
      {"irq_vectors:call_function_exit", EventRole::call_ipi_end},
      {"irq_vectors:call_function_single_exit", EventRole::call_ipi_end},
      {"irq_vectors:reschedule_entry", EventRole::reschedule_ipi},
      {"irq_vectors:local_timer_entry", EventRole::tick},
      {"irq:irq_handler_entry", EventRole::handler},
      {"irq:irq_handler_exit", EventRole::handler_end},
      {"irq:softirq_entry", EventRole::softirq},
      {"irq:softirq_exit", EventRole::softirq_end},
      {"irq:softirq_raise", EventRole::softirq_raised},
      {"timer:hrtimer_expire_entry", EventRole::timer_expires},
      {"timer:hrtimer_start", EventRole::timer_starts},
      {"timer:timer_start", EventRole::jiffy_timer_starts},
      {"timer:timer_expire_entry", EventRole::jiffy_timer_expires},
      {"timer:timer_expire_exit", EventRole::jiffy_timer_ends},
      {"sched:sched_switch", EventRole::task_switch},
      {"sched:sched_waking", EventRole::wakes},
      {"sched:sched_wakeup", EventRole::woken},
      {"sched:sched_wakeup_new", EventRole::woken},
      {"workqueue:workqueue_queue_work", EventRole::work_queued},
      {"sched:sched_migrate_task", EventRole::moves},
      {"workqueue:workqueue_execute_start", EventRole::work_begin},
      {"workqueue:workqueue_execute_end", EventRole::work_end},
      {"nmi:nmi_handler", EventRole::nmi},
      {"exceptions:page_fault_user", EventRole::page_fault},
      {"exceptions:page_fault_kernel", EventRole::page_fault},
      {"mce:mce_record", EventRole::machine_check},
      {"task:task_newtask", EventRole::new_task},
      {"task:task_rename", EventRole::rename_task},
  };
  return roles;
}

/// Kprobes of levels B and C: each run has its own group, "isolab_PID" (trace/live/kprobes.h).
bool is_probe_group(std::string_view system) {
  return system == "isolab" || system.starts_with("isolab_");
}

EventRole role_of(const EventFormat& format) {
  if (format.system == "irq_vectors") {
    const auto found = known_roles().find(format.system + ":" + format.name);
    if (found != known_roles().end()) return found->second;
    if (format.name.ends_with("_entry")) return EventRole::vector;
    return format.name.ends_with("_exit") ? EventRole::vector_end : EventRole::none;
  }
  const std::string system = is_probe_group(format.system) ? "isolab" : format.system;
  const auto found = known_roles().find(system + ":" + format.name);
  if (found != known_roles().end()) return found->second;
  if (format.system == "csd" || format.system == "irq" || format.system == "ipi")
    return EventRole::noted;
  return EventRole::none;
}

NumberField number(const TraceFormats& formats, std::string_view event, std::string_view field) {
  return NumberField::resolve(formats, event, field).value_or(NumberField());
}

BytesField bytes(const TraceFormats& formats, std::string_view event, std::string_view field) {
  return BytesField::resolve(formats, event, field).value_or(BytesField());
}

}  // namespace

EventTable::EventTable(const TraceFormats& formats) {
  for (const auto* format : formats.all()) add(formats, *format);
  resolve_fields(formats);
}

void EventTable::add(const TraceFormats& formats, const EventFormat& format) {
  const auto role = role_of(format);
  if (role == EventRole::none) return;
  if (roles.size() <= format.id) roles.resize(format.id + std::size_t{1}, EventRole::none);
  roles[format.id] = role;
  if (role == EventRole::vector)
    vectors_[format.id] = format.name.substr(0, format.name.size() - 6);
  if (role == EventRole::call_begin) has_function_events = true;
  if (role == EventRole::queue_call || role == EventRole::probe_one) has_queue_events = true;
  if (role == EventRole::call_ipi) has_vectors = true;
  if (role == EventRole::vector_end || role == EventRole::handler_end) has_ends = true;
  if (role == EventRole::jiffy_timer_ends) has_timer_ends = true;
  const auto name = format.system + ":" + format.name;
  if (role == EventRole::probe_many) {
    while (const auto word = number(formats, name, "m" + std::to_string(many_masks.size())))
      many_masks.push_back(word);
    many_func = number(formats, name, "func");
  }
  if (role == EventRole::probe_one)
    call_probes[format.id] = {number(formats, name, "cpu"), number(formats, name, "func"),
                              number(formats, name, "csd"), number(formats, name, "flags")};
}

void EventTable::resolve_fields(const TraceFormats& formats) {
  stack = StackField::resolve(formats).value_or(StackField());
  queue_cpu = number(formats, "csd:csd_queue_cpu", "cpu");
  queue_callsite = number(formats, "csd:csd_queue_cpu", "callsite");
  queue_func = number(formats, "csd:csd_queue_cpu", "func");
  queue_csd = number(formats, "csd:csd_queue_cpu", "csd");
  send_cpu = number(formats, "ipi:ipi_send_cpu", "cpu");
  send_callsite = number(formats, "ipi:ipi_send_cpu", "callsite");
  send_callback = number(formats, "ipi:ipi_send_cpu", "callback");
  mask_cpus = bytes(formats, "ipi:ipi_send_cpumask", "cpumask");
  mask_callsite = number(formats, "ipi:ipi_send_cpumask", "callsite");
  mask_callback = number(formats, "ipi:ipi_send_cpumask", "callback");
  begin_func = number(formats, "csd:csd_function_entry", "func");
  begin_csd = number(formats, "csd:csd_function_entry", "csd");
  handler_irq = number(formats, "irq:irq_handler_entry", "irq");
  handler_name = bytes(formats, "irq:irq_handler_entry", "name");
  softirq_vec = number(formats, "irq:softirq_entry", "vec");
  raised_vec = number(formats, "irq:softirq_raise", "vec");
  prev_pid = number(formats, "sched:sched_switch", "prev_pid");
  next_pid = number(formats, "sched:sched_switch", "next_pid");
  prev_state = number(formats, "sched:sched_switch", "prev_state");
  next_prio = number(formats, "sched:sched_switch", "next_prio");
  prev_comm = bytes(formats, "sched:sched_switch", "prev_comm");
  next_comm = bytes(formats, "sched:sched_switch", "next_comm");
  const auto item = [&](const char* event, const char* pointer) {
    return ItemFields{number(formats, event, pointer), number(formats, event, "function")};
  };
  timer = item("timer:hrtimer_expire_entry", "hrtimer");
  started_timer = item("timer:hrtimer_start", "hrtimer");
  jiffy_timer = item("timer:timer_expire_entry", "timer");
  started_jiffy_timer = item("timer:timer_start", "timer");
  queued_work = item("workqueue:workqueue_queue_work", "work");
  begun_work = item("workqueue:workqueue_execute_start", "work");
  const auto wake_fields = [&](const char* event) {
    return WakeFields{number(formats, event, "pid"), number(formats, event, "target_cpu"),
                      bytes(formats, event, "comm")};
  };
  wakes = wake_fields("sched:sched_waking");
  woken = wake_fields("sched:sched_wakeup");
  woken_new = wake_fields("sched:sched_wakeup_new");
  wakes_id = formats.id_of("sched:sched_waking");
  woken_new_id = formats.id_of("sched:sched_wakeup_new");
  moved_pid = number(formats, "sched:sched_migrate_task", "pid");
  moved_to = number(formats, "sched:sched_migrate_task", "dest_cpu");
  nmi_handler = number(formats, "nmi:nmi_handler", "handler");
  nmi_delta = number(formats, "nmi:nmi_handler", "delta_ns");
  new_pid = number(formats, "task:task_newtask", "pid");
  new_comm = bytes(formats, "task:task_newtask", "comm");
  rename_pid = number(formats, "task:task_rename", "pid");
  rename_comm = bytes(formats, "task:task_rename", "newcomm");
}

const std::string& EventTable::vector_name(std::uint16_t id) const {
  static const std::string unnamed = "vector";
  const auto found = vectors_.find(id);
  return found == vectors_.end() ? unnamed : found->second;
}

TraceClock::TraceClock(const TraceMeta& meta) {
  if (meta.clock != "mono_raw" || meta.line.ns1 <= meta.line.ns0) return;
  using Wide = unsigned __int128;
  const Wide ticks = meta.line.ticks1 - meta.line.ticks0;
  const Wide ns = meta.line.ns1 - meta.line.ns0;
  factor_ = static_cast<std::uint64_t>((ticks << kShift) / ns);
  ticks0_ = meta.line.ticks0;
  ns0_ = meta.line.ns0;
}

}  // namespace isolab
