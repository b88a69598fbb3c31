// SPDX-License-Identifier: Apache-2.0
#include "analysis/model/cause_name.h"

namespace isolab {

const char* to_string(CauseKind kind) {
  switch (kind) {
    case CauseKind::remote_call: return "remote call";
    case CauseKind::reschedule: return "reschedule";
    case CauseKind::silent_ipi: return "function-call IPI";
    case CauseKind::tick: return "tick";
    case CauseKind::ipi: return "IPI";
    case CauseKind::irq_work: return "irq work";
    case CauseKind::nmi: return "NMI";
    case CauseKind::device: return "device interrupt";
    case CauseKind::softirq: return "softirq";
    case CauseKind::page_fault: return "page fault";
    case CauseKind::machine_check: return "machine check";
    case CauseKind::vector: return "interrupt";
    case CauseKind::timer: return "timer";
    case CauseKind::other_task: return "context switch";
    case CauseKind::probe_stopped: return "probe stopped";
    case CauseKind::late_delivery: return "late delivery";
  }
  return "unknown";
}

}  // namespace isolab
