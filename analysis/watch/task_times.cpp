// SPDX-License-Identifier: Apache-2.0
#include "analysis/watch/task_times.h"

#include <algorithm>
#include <utility>

namespace isolab {
namespace {

/// prev_state of sched_switch: the task is runnable (TASK_RUNNING, or TASK_REPORT_MAX where it was
/// preempted in the kernel), or it ended (EXIT_DEAD, EXIT_ZOMBIE; include/linux/sched.h).
bool is_runnable(std::int64_t state) { return (state & 0xff) == 0; }
bool has_ended(std::int64_t state) { return (state & 0x30) != 0; }

}  // namespace

TaskTimes::TaskTimes(const EventTable& table, const TraceClock& clock, WatchSpan span,
                     const std::vector<WatchTask>& tasks)
    : table_(table), clock_(clock), span_(std::move(span)) {
  begin_ = clock_.ticks(span_.begin);
  end_ = span_.end == 0 ? ~std::uint64_t{0} : clock_.ticks(span_.end);
  by_cpu_.resize(static_cast<std::size_t>(span_.cpus.last().value_or(-1) + 1));
  for (const int number : span_.cpus) {
    auto& cpu = by_cpu_[static_cast<std::size_t>(number)];
    cpu = std::make_unique<Cpu>();
    cpu->use.cpu = number;
    cpu->since = begin_;
  }
  for (const auto& known : tasks) {
    if (!known.watched) continue;
    auto& task = watch(known.tid, begin_, known.stays);
    task.cpu = known.cpu;
    task.was_runnable = known.runnable;
  }
}

TaskTimes::Cpu* TaskTimes::cpu_of(std::uint64_t cpu) const {
  return cpu < by_cpu_.size() ? by_cpu_[cpu].get() : nullptr;
}

TaskTimes::Task* TaskTimes::task_of(std::int32_t tid) {
  const auto found = tasks_.find(tid);
  return found == tasks_.end() ? nullptr : found->second.get();
}

TaskTimes::Task& TaskTimes::watch(std::int32_t tid, std::uint64_t now, bool stays) {
  auto& task = tasks_[tid];
  task = std::make_unique<Task>();
  task->time.tid = tid;
  task->time.first = task->time.last = task->since = now;
  task->stays = stays;
  return *task;
}

void TaskTimes::commit_pending(Task& task, bool known) {
  auto& time = task.time;
  const auto stolen = std::exchange(task.stolen_pending, 0);
  const auto waited = std::exchange(task.waited_pending, 0);
  (known ? time.preempted : time.elsewhere) += stolen;
  (known ? time.waited : time.elsewhere) += waited;
}

/// Counts the time since the last call, in which nothing changed on `cpu`.
void TaskTimes::settle_task(Task& task, const Cpu& cpu, std::uint64_t now) const {
  const auto span = now - std::exchange(task.since, now);
  switch (task.state) {
    case State::running: (cpu.depth > 0 ? task.time.interrupted : task.time.ran) += span; return;
    case State::preempted:
      // Behind a watched task, or about to run on an idle CPU, nothing is stolen.
      (cpu.running == nullptr && cpu.current > 0 ? task.stolen_pending : task.waited_pending) +=
          span;
      return;
    case State::waiting: task.time.waited += span; return;
    case State::asleep: task.time.slept += span; return;
    default: task.time.elsewhere += span; return;
  }
}

void TaskTimes::settle(Cpu& cpu, std::uint64_t now) {
  const auto span = now - std::exchange(cpu.since, now);
  if (cpu.running != nullptr) {
    settle_task(*cpu.running, cpu, now);
    if (cpu.depth == 0) cpu.use.ran += span;
  }
  for (auto* task : cpu.queued) settle_task(*task, cpu, now);
}

/// Opens or ends the stolen slice after a change at `now`.
void TaskTimes::look(Cpu& cpu, std::uint64_t now) {
  const bool preempted = std::any_of(cpu.queued.begin(), cpu.queued.end(), [](const Task* task) {
    return task->state == State::preempted;
  });
  const bool stolen = cpu.running != nullptr ? cpu.depth > 0 : cpu.current > 0 && preempted;
  if (stolen == cpu.stolen) return;
  cpu.stolen = stolen;
  if (stolen) {
    cpu.slice = now;
    return;
  }
  const Gap slice{cpu.slice, now - cpu.slice};
  cpu.use.stolen += slice.length;
  if (on_slice_ && slice.length != 0) on_slice_(cpu.use.cpu, slice);
}

/// No switch came before the CPU's first event, so its task has been there since the beginning.
void TaskTimes::learn_current(Cpu& cpu, std::int32_t tid) {
  cpu.current = tid;
  Task* task = task_of(tid);
  const bool seen_woken = task != nullptr && task->state == State::waiting;  // while it ran
  if (task == nullptr || (task->state != State::unknown && !seen_woken)) return;
  if (seen_woken) leave_queue(*cpu_of(static_cast<std::uint64_t>(task->cpu)), *task);
  task->state = State::running;
  task->cpu = cpu.use.cpu;
  cpu.running = task;
}

void TaskTimes::enter(Cpu& cpu, bool interrupt) {
  if (cpu.depth < Cpu::kDeepest) cpu.interrupts[cpu.depth] = interrupt;
  ++cpu.depth;
}

/// Ends the innermost context of the kind with all inside it; one that began before the trace has
/// no effect.
void TaskTimes::leave(Cpu& cpu, bool interrupt) {
  for (std::size_t depth = cpu.depth; depth > 0; --depth)
    if (depth <= Cpu::kDeepest && cpu.interrupts[depth - 1] == interrupt) {
      cpu.depth = depth - 1;
      return;
    }
}

void TaskTimes::leave_queue(Cpu& cpu, const Task& task) { std::erase(cpu.queued, &task); }

void TaskTimes::switched_out(Cpu& cpu, Task& task, std::int64_t state, std::uint64_t now) {
  leave_queue(cpu, task);
  task.time.elsewhere += now - std::exchange(task.since, now);  // 0 if it was known to run
  task.cpu = cpu.use.cpu;
  cpu.running = nullptr;
  if (is_runnable(state)) {
    task.state = State::preempted;
    ++task.time.preemptions;
    cpu.queued.push_back(&task);
  } else {
    task.state = has_ended(state) ? State::ended : State::asleep;
    task.time.sleeps += task.state == State::asleep ? 1 : 0;
    if (task.state == State::ended) task.time.last = now;
  }
}

void TaskTimes::switched_in(Cpu& cpu, Task& task, std::uint64_t now) {
  Cpu* const before = task.cpu < 0 ? nullptr : cpu_of(static_cast<std::uint64_t>(task.cpu));
  if (before != nullptr && before != &cpu &&
      (task.state == State::preempted || task.state == State::waiting)) {
    settle(*before, now);
    leave_queue(*before, task);
    look(*before, now);
  }
  if (task.cpu >= 0 && task.cpu != cpu.use.cpu) ++task.time.migrations;
  // Runnable from the beginning on, or it slept and its wake-up was on a CPU that is not watched.
  if (task.state == State::unknown)
    (task.was_runnable ? task.time.waited : task.time.elsewhere) += now - task.since;
  if (task.state == State::asleep || task.state == State::away)
    task.time.elsewhere += now - task.since;
  task.since = now;
  if (task.state == State::preempted) commit_pending(task, true);
  if (task.state == State::waiting) {
    ++task.time.waits;
    const Gap wait{task.woken, now - task.woken};
    task.time.longest_wait = std::max(task.time.longest_wait, wait.length);
    if (on_wait_) on_wait_(task.time.tid, cpu.use.cpu, wait);
  }
  leave_queue(cpu, task);
  task.state = State::running;
  task.cpu = cpu.use.cpu;
  task.since = now;
  cpu.running = &task;
}

/// An event is of another task than the one that had the CPU: a switch had no event, as seen of
/// those from the idle task to a real-time task (6.18). It came soon after what was seen last.
void TaskTimes::unseen_switch(Cpu& cpu, std::int32_t tid) {
  const auto at = cpu.since;
  ++cpu.use.unseen_switches;
  cpu.depth = 0;
  if (cpu.running != nullptr) cpu.running->state = State::away;
  cpu.running = nullptr;
  cpu.current = tid;
  if (Task* task = tid == 0 ? nullptr : task_of(tid); task != nullptr) switched_in(cpu, *task, at);
  look(cpu, at);
}

void TaskTimes::task_switch(Cpu& cpu, const TraceEvent& event, std::uint64_t now) {
  const auto prev = static_cast<std::int32_t>(table_.prev_pid.as_signed(event));
  const auto next = static_cast<std::int32_t>(table_.next_pid.as_signed(event));
  settle(cpu, now);
  // A context without an event at its end does not outlive the task.
  cpu.depth = 0;
  bool ended = false;
  if (Task* task = prev == 0 ? nullptr : task_of(prev); task != nullptr) {
    switched_out(cpu, *task, table_.prev_state.as_signed(event), now);
    ended = task->state == State::ended;
  }
  cpu.current = next;
  cpu.running = nullptr;
  if (Task* task = next == 0 ? nullptr : task_of(next); task != nullptr)
    switched_in(cpu, *task, now);
  if (span_.own.contains(next)) ++cpu.use.own_switches;
  look(cpu, now);
  if (ended && span_.end == 0) tasks_.erase(prev);  // without an end: memory stays flat
}

void TaskTimes::woken(const TraceEvent& event, std::uint64_t now) {
  const auto& fields = table_.wake_fields(event.id());
  Task* task = task_of(static_cast<std::int32_t>(fields.pid.as_signed(event)));
  Cpu* const cpu = cpu_of(fields.target_cpu(event));
  if (task == nullptr || cpu == nullptr) return;
  if (task->state == State::preempted && task->cpu != cpu->use.cpu) {
    // It ran and slept on a CPU that is not watched.
    Cpu* const before = cpu_of(static_cast<std::uint64_t>(task->cpu));
    settle(*before, now);
    leave_queue(*before, *task);
    look(*before, now);
    commit_pending(*task, false);
  } else if (task->state == State::unknown || task->state == State::asleep) {
    task->time.slept += now - task->since;
  } else if (task->state == State::away) {
    task->time.elsewhere += now - task->since;
  } else {
    return;  // it had not given the CPU up yet
  }
  task->since = task->woken = now;
  settle(*cpu, now);
  task->state = State::waiting;
  task->cpu = task->cpu < 0 ? cpu->use.cpu : task->cpu;
  if (task->cpu != cpu->use.cpu) {
    ++task->time.migrations;
    task->cpu = cpu->use.cpu;
  }
  cpu->queued.push_back(task);
}

/// A task that is not running is moved to another CPU, or wakes up there.
void TaskTimes::moves(const TraceEvent& event, std::uint64_t now) {
  Task* task = task_of(static_cast<std::int32_t>(table_.moved_pid.as_signed(event)));
  if (task == nullptr) return;
  Cpu* const to = cpu_of(table_.moved_to(event));
  const bool queued = task->state == State::preempted || task->state == State::waiting;
  if (queued) {
    Cpu* const from = cpu_of(static_cast<std::uint64_t>(task->cpu));
    settle(*from, now);
    commit_pending(*task, true);
    leave_queue(*from, *task);
    look(*from, now);
  }
  if (to == nullptr) {
    if (task->state == State::asleep) task->time.slept += now - task->since;
    if (queued || task->state == State::asleep) task->state = State::away, task->since = now;
    return;
  }
  if (!queued) return;  // its wake-up follows
  ++task->time.migrations;
  settle(*to, now);
  task->cpu = to->use.cpu;
  to->queued.push_back(task);
  look(*to, now);
}

void TaskTimes::new_task(const TraceEvent& event, std::uint64_t now) {
  const auto tid = static_cast<std::int32_t>(table_.new_pid.as_signed(event));
  Task* const known = task_of(tid);
  const Task* const parent = task_of(event.pid());
  if (tid <= 0 || (parent == nullptr && known == nullptr)) return;
  // A known one was found in /proc after it began; an id that is used again begins a new life.
  if (known != nullptr && known->state != State::unknown) return;
  auto& task = watch(tid, now, known != nullptr ? known->stays : parent->stays);
  task.state = State::asleep;  // until sched_wakeup_new
}

/// Events before the beginning say who has a CPU then; they are not counted.
void TaskTimes::forget_counts() {
  for (auto& [tid, task] : tasks_) {
    auto& time = task->time;
    time.waits = time.preemptions = time.sleeps = time.migrations = time.faults = 0;
  }
  for (auto& cpu : by_cpu_)
    if (cpu) cpu->use.own_switches = cpu->use.unseen_switches = cpu->use.events = 0;
}

void TaskTimes::add(const TraceEvent& event) {
  if (!begun_ && clock_.ticks(event.time) >= begin_) {
    begun_ = true;
    forget_counts();
  }
  const auto now = std::clamp(clock_.ticks(event.time), begin_, end_);
  const auto role = table_.role(event.id());
  if (Cpu* cpu = cpu_of(static_cast<std::uint64_t>(event.cpu)); cpu != nullptr) {
    ++cpu->use.events;
    if (cpu->current < 0)
      learn_current(*cpu, event.pid());
    else if (event.pid() != cpu->current)
      unseen_switch(*cpu, event.pid());
    switch (role) {
      case EventRole::call_ipi:
      case EventRole::reschedule_ipi:
      case EventRole::tick:
      case EventRole::vector:
      case EventRole::handler:
      case EventRole::softirq:
        settle(*cpu, now);
        enter(*cpu, role != EventRole::softirq);
        look(*cpu, now);
        break;
      case EventRole::call_ipi_end:
      case EventRole::vector_end:
      case EventRole::handler_end:
      case EventRole::softirq_end:
        settle(*cpu, now);
        leave(*cpu, role != EventRole::softirq_end);
        look(*cpu, now);
        break;
      case EventRole::task_switch: task_switch(*cpu, event, now); break;
      case EventRole::page_fault:
        if (cpu->running != nullptr) ++cpu->running->time.faults;
        break;
      default: break;
    }
  }
  if (role == EventRole::woken) woken(event, now);
  if (role == EventRole::moves) moves(event, now);
  if (role == EventRole::new_task) new_task(event, now);
}

/// Without an event, a task did all the time what it did at the beginning.
void TaskTimes::resolve_at_end(Task& task) {
  const auto span = end_ - task.since;
  Cpu* const cpu = task.cpu < 0 ? nullptr : cpu_of(static_cast<std::uint64_t>(task.cpu));
  if (cpu == nullptr) {
    task.time.elsewhere += span;
  } else if (!task.was_runnable) {
    task.time.slept += span;
  } else if (cpu->current < 0) {  // nothing at all happened on its CPU
    task.time.ran += span;
    cpu->use.ran += span;
    cpu->current = task.time.tid;
  } else {
    task.time.waited += span;
  }
  task.since = end_;
}

/// At the end a preempted task is on its CPU's queue still, unless it may have left without an
/// event.
void TaskTimes::finish_cpu(Cpu& cpu) {
  settle(cpu, end_);
  bool sure = cpu.running != nullptr;
  for (auto* task : cpu.queued) {
    if (task->state != State::preempted) continue;
    const bool is_there = task->stays || table_.moved_pid;
    commit_pending(*task, is_there);
    sure = sure || is_there;
  }
  cpu.queued.clear();
  cpu.running = nullptr;
  if (sure) look(cpu, end_);
  cpu.use.observed = end_ - begin_;
  cpu.use.not_wanted = cpu.use.observed - cpu.use.ran - cpu.use.stolen;
}

void TaskTimes::finish(std::uint64_t until) {
  if (end_ == ~std::uint64_t{0}) end_ = clock_.ticks(until);
  for (auto& [tid, task] : tasks_) {
    if (task->state == State::unknown) resolve_at_end(*task);
    if (task->state == State::asleep) task->time.slept += end_ - task->since;
    if (task->state == State::away) task->time.elsewhere += end_ - task->since;
    if (task->state != State::ended) task->time.last = end_;
  }
  for (auto& cpu : by_cpu_)
    if (cpu) finish_cpu(*cpu);
}

std::vector<TaskTime> TaskTimes::tasks() const {
  std::vector<TaskTime> out;
  for (const auto& [tid, task] : tasks_) out.push_back(task->time);
  return out;
}

std::vector<CpuUse> TaskTimes::cpus() const {
  std::vector<CpuUse> out;
  for (const auto& cpu : by_cpu_)
    if (cpu) out.push_back(cpu->use);
  return out;
}

}  // namespace isolab
