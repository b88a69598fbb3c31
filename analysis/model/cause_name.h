// SPDX-License-Identifier: Apache-2.0
// What an interruption is called.
#pragma once

#include <cstdint>
#include <string>

namespace isolab {

enum class CauseKind : std::uint8_t {
  remote_call,  // a function that another CPU asked for
  reschedule,
  silent_ipi,  // a function-call IPI in which no function was seen
  tick,
  ipi,  // another kind of IPI, by name
  irq_work,
  nmi,
  device,
  softirq,
  page_fault,
  machine_check,
  vector,         // another x86 vector, by name
  timer,          // a high-resolution timer that is not the scheduler's tick, by its function
  other_task,     // a context switch away from the probe
  probe_stopped,  // the probe itself was not runnable: stopped, asleep
  late_delivery,  // time without events around an interrupt, beyond its usual delivery
};
const char* to_string(CauseKind kind);

struct CauseName {
  CauseKind kind = CauseKind::vector;
  std::string klass;  // of the rules, or "tick", "device", "softirq", "other_task" ...
  std::string subclass;
  std::string what;  // the callback, the device's name, the softirq, the task
  std::string deferrable = "no";
  std::string lpc_name = "-";
  std::string reason;
  bool by_ipi = false;    // another CPU caused it
  bool user_tlb = false;  // the TLB row of /proc/interrupts counts it
  bool operator==(const CauseName&) const = default;
};

}  // namespace isolab
