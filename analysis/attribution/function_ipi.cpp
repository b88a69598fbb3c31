// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/function_ipi.h"

#include <utility>

#include "analysis/attribution/arm64_ipis.h"

namespace isolab {

void FunctionIpi::enter(const Moment& now, int irq) {
  settle();
  log_.counts.count_row(&RowCounts::function_ipis, now);
  inside_ = nameless_ = true;
  entry_ = now;
  irq_ = irq;
  log_.gap.enter(now, trace_.known.silent_ipi, true);
  cause_ = log_.gap.note(trace_.known.silent_ipi, now);
}

/// The last call queued for this CPU before the IPI came; nullptr: all of them ran in sight.
PendingCall* FunctionIpi::last_queued() {
  PendingCall* last = nullptr;
  for (auto& call : sent_.recent) {
    if (call.target < 0 || call.func == 0 || trace_.clock.ticks(call.sender.sent) > entry_.ticks)
      continue;
    if (call.cause == kNoCause) calls_.settle(call.sender.cpu, nullptr);
    if (call.cause == kNoCause) continue;
    if (trace_.table.has_function_events && trace_.names.is_wakeup_list(call.cause)) continue;
    if (last == nullptr || call.sender.sent > last->sender.sent) last = &call;
  }
  return last;
}

/// The IPI ended without csd_function_entry: an irq_work item, which the kernel does not bracket
/// (kernel/smp.c), or a kernel without these events. The last call queued here is it.
void FunctionIpi::join_by_order() {
  nameless_ = false;
  auto* call = last_queued();
  const auto id = call == nullptr ? trace_.known.silent_ipi : call->cause;
  log_.gap.rename(entry_, id);
  if (auto* cause = std::exchange(cause_, nullptr); cause != nullptr) {
    cause->id = id;
    cause->by_order = call != nullptr;
    if (call != nullptr) cause->sender = call->sender;
  }
  if (entry_.in_window) {
    auto& tally = log_.counts.tally(id, entry_.ticks);
    ++tally.ipis;
    if (call != nullptr) {
      ++tally.callbacks, ++tally.joined;
      ++log_.counts.callbacks, ++log_.counts.callbacks_joined;
    }
  }
  if (call == nullptr) return;
  if (trace_.names[id].user_tlb) log_.counts.count_row(&RowCounts::user_flushes, entry_);
  if (auto* pending = calls_.find(call->csd, call->func, call->target);
      call->csd != 0 && pending != nullptr)
    pending->csd = 0;
  call->target = -1;
}

/// The callback's place in the story: the IPI's own for its first, else a further one.
Cause* FunctionIpi::name_by(CauseId id, const Moment& now) {
  if (std::exchange(nameless_, false)) {
    if (irq_ >= 0 && trace_.ipi_base < 0) trace_.ipi_base = irq_ - arm64_ipi::kCall;
    log_.gap.rename(entry_, id);
    return std::exchange(cause_, nullptr);
  }
  if (inside_) log_.gap.become(now, id);
  auto* cause = log_.gap.note(id, now);
  if (cause != nullptr) cause->same_ipi = inside_;
  return cause;
}

void FunctionIpi::count(CauseId id, const Moment& now, bool first_of_ipi, bool joined) {
  if (trace_.names[id].user_tlb) log_.counts.count_row(&RowCounts::user_flushes, now);
  const bool counts_ipi = first_of_ipi && entry_.in_window;
  if (!now.in_window && !counts_ipi) return;
  auto& tally = log_.counts.tally(id, now.ticks);
  if (counts_ipi) ++tally.ipis;
  if (!now.in_window) return;
  ++tally.callbacks;
  ++log_.counts.callbacks;
  if (joined) ++tally.joined, ++log_.counts.callbacks_joined;
}

void FunctionIpi::callback(const TraceEvent& event, const Moment& now) {
  const auto func = trace_.table.begin_func(event), csd = trace_.table.begin_csd(event);
  if (csd == 0) {  // this CPU called itself
    if (now.in_window) ++log_.counts.local_calls;
    return;
  }
  auto* call = calls_.find(csd, func, log_.counts.cpu);
  if (call != nullptr && call->cause == kNoCause) {
    calls_.settle(call->sender.cpu, nullptr);
    if (call->cause == kNoCause)
      call->cause = trace_.names.call(func, call->sender.stack, call->sender.callsite);
  }
  const auto id = call != nullptr ? call->cause : trace_.names.call(func, 0, 0);
  const bool first_of_ipi = nameless_;
  if (auto* cause = name_by(id, now); cause != nullptr) {
    cause->id = id;
    if (call != nullptr) cause->sender = call->sender;
  }
  count(id, now, first_of_ipi, call != nullptr);
  call_ = id;
  caller_ = call != nullptr ? call->sender : Sender{};
  if (call == nullptr) return;
  for (auto& recent : sent_.recent)
    if (recent.csd == csd) recent.target = -1;
  call->csd = 0;
}

}  // namespace isolab
