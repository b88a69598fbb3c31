// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/cause_names.h"

#include <fmt/format.h>

#include <array>

namespace isolab {

namespace {

struct Built {
  const char* klass;
  const char* reason;
};

/// Causes that no rule speaks of because no callback is involved.
Built built_in(CauseKind kind) {
  switch (kind) {
    case CauseKind::tick:
      return {"tick", "the scheduler's tick; nohz_full stops it while one task runs"};
    case CauseKind::device:
      return {"device", "an interrupt of a device; its affinity moves it away"};
    case CauseKind::softirq: return {"softirq", "raised on this CPU, usually by an interrupt"};
    case CauseKind::nmi: return {"nmi", "cannot be masked or deferred"};
    case CauseKind::page_fault: return {"page_fault", "the running task itself needs the page"};
    case CauseKind::other_task:
      return {"other_task", "the scheduler ran a task here; its affinity moves it away"};
    case CauseKind::timer:
      return {"timer", "a timer armed on this CPU; the task that armed it can run elsewhere"};
    case CauseKind::probe_stopped:
      return {"probe_stopped", "the probe was not runnable, so it did not lose the CPU"};
    case CauseKind::late_delivery:
      return {"late_delivery",
              "the CPU did not run or had its interrupts off: hypervisor, firmware or kernel"};
    case CauseKind::irq_work: return {"irq_work", "work this CPU or another one queued for it"};
    case CauseKind::machine_check: return {"machine_check", "the hardware reports an error"};
    case CauseKind::silent_ipi:
      return {"unknown", "the trace shows no function in this IPI and no call queued for it"};
    case CauseKind::ipi: return {"ipi", "an IPI of the architecture, without a callback"};
    default: return {"vector", "an interrupt of the CPU itself"};
  }
}

std::string without_offset(std::string symbol) { return symbol.substr(0, symbol.find('+')); }

}  // namespace

const char* softirq_name(std::uint32_t vec) {
  static constexpr std::array<const char*, kSoftirqs> kNames{
      "HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU"};
  return vec < kNames.size() ? kNames[vec] : "softirq";
}

CauseId CauseNames::add(CauseName name) {
  const auto text = fmt::format("{}\n{}\n{}\n{}", static_cast<int>(name.kind), name.klass,
                                name.subclass, name.what);
  const auto [found, is_new] = by_text_.emplace(text, static_cast<CauseId>(names_.size()));
  if (is_new) names_.push_back(std::move(name));
  return found->second;
}

std::vector<std::string> CauseNames::frames(StackId stack, std::uint64_t callsite) const {
  std::vector<std::string> out;
  for (const auto address : stacks_->frames(stack)) out.push_back(trace_->symbol(address));
  if (out.empty() && callsite != 0) out.push_back(trace_->symbol(callsite));
  return out;
}

CauseId CauseNames::call(std::uint64_t func, StackId stack, std::uint64_t callsite) {
  const Key key{func, stack != 0 ? stack : callsite};
  if (const auto found = calls_.find(key); found != calls_.end()) return found->second;
  auto callers = frames(stack, callsite);
  for (auto& caller : callers) caller = without_offset(std::move(caller));
  const bool reschedule = func == 0;
  const auto callback = reschedule ? std::string("NULL") : trace_->function(func);
  const auto& rule = rules_->classify(callback, callers);
  CauseName name;
  name.kind = reschedule ? CauseKind::reschedule : CauseKind::remote_call;
  name.klass = rule.klass;
  name.subclass = rule.subclass;
  name.what = reschedule ? "reschedule" : callback;
  name.deferrable = rule.deferrable;
  name.lpc_name = rule.lpc_name;
  name.reason = rule.reason;
  name.by_ipi = true;
  name.user_tlb = rule.klass == "user_tlb";
  const auto id = add(std::move(name));
  calls_.emplace(key, id);
  return id;
}

CauseId CauseNames::fixed(CauseKind kind, std::string_view what) {
  const auto built = built_in(kind);
  CauseName name;
  name.kind = kind;
  name.klass = built.klass;
  name.subclass = built.klass;
  name.what = std::string(what);
  name.reason = built.reason;
  name.by_ipi = kind == CauseKind::silent_ipi || kind == CauseKind::ipi;
  return add(std::move(name));
}

CauseId CauseNames::device(int irq, std::string_view device_name) {
  const auto number = std::uint64_t{1} << 32 | static_cast<std::uint32_t>(irq);
  if (const auto found = numbered_.find(number); found != numbered_.end()) return found->second;
  const auto id = fixed(CauseKind::device, fmt::format("{} (irq {})", device_name, irq));
  numbered_.emplace(number, id);
  return id;
}

CauseId CauseNames::softirq(std::uint32_t vec) {
  const auto number = std::uint64_t{2} << 32 | vec;
  if (const auto found = numbered_.find(number); found != numbered_.end()) return found->second;
  const auto id = fixed(CauseKind::softirq, softirq_name(vec));
  numbered_.emplace(number, id);
  return id;
}

CauseId CauseNames::nmi(std::uint64_t handler) {
  if (const auto found = numbered_.find(handler); found != numbered_.end()) return found->second;
  const auto id = fixed(CauseKind::nmi, trace_->function(handler));
  numbered_.emplace(handler, id);
  return id;
}

CauseId CauseNames::vector(std::uint16_t event, std::string_view vector_name) {
  const auto number = std::uint64_t{3} << 32 | event;
  if (const auto found = numbered_.find(number); found != numbered_.end()) return found->second;
  const auto id = fixed(CauseKind::vector, vector_name);
  numbered_.emplace(number, id);
  return id;
}

namespace {

/// "kworker/1:2-events" is the same thread pool as "kworker/1:0".
std::string_view pool_of(std::string_view comm) {
  return comm.starts_with("kworker/") ? comm.substr(0, comm.find(':')) : comm;
}

}  // namespace

CauseId CauseNames::task(std::string_view comm) {
  const std::string name(comm);
  if (const auto found = tasks_.find(name); found != tasks_.end()) return found->second;
  const auto id = fixed(CauseKind::other_task, pool_of(comm));
  tasks_.emplace(name, id);
  return id;
}

CauseId CauseNames::work(std::string_view comm, std::uint64_t func) {
  const Key key{func, task(comm)};
  if (const auto found = work_.find(key); found != work_.end()) return found->second;
  const auto id =
      fixed(CauseKind::other_task, fmt::format("{} {}", pool_of(comm), trace_->function(func)));
  work_.emplace(key, id);
  return id;
}

CauseId CauseNames::irq_work(std::uint64_t func) {
  if (const auto found = numbered_.find(func); found != numbered_.end()) return found->second;
  const auto id = fixed(CauseKind::irq_work, trace_->function(func));
  numbered_.emplace(func, id);
  return id;
}

CauseId CauseNames::timer(std::uint64_t func) {
  const Key key{func, ~std::uint64_t{0}};
  if (const auto found = work_.find(key); found != work_.end()) return found->second;
  const auto name = trace_->function(func);
  const bool tick = name.starts_with("tick_nohz_handler") || name.starts_with("tick_sched_timer");
  const auto id = tick ? kNoCause : fixed(CauseKind::timer, name);
  work_.emplace(key, id);
  return id;
}

}  // namespace isolab
