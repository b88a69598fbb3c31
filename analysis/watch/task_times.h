// SPDX-License-Identifier: Apache-2.0
// Where the time of watched tasks went, from the events of the CPUs that they run on. Streaming, in
// memory that grows with the number of watched tasks only. Pure: events in, times out.
//
// A task runs, or an interrupt or softirq runs in its place, or it was preempted and another task
// runs, or it waits (woken, and not running yet), or it sleeps. Every tick from its first to its
// last is in one of these sums. CPU time at which a watched task was interrupted or preempted is a
// *stolen slice*: the slices of a CPU are what attribution takes as gaps.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "analysis/attribution/event_table.h"
#include "base/cpu_set.h"
#include "base/gap_list.h"
#include "results/watch_tasks.h"

namespace isolab {

/// Of one watched task, in ticks.
struct TaskTime {
  std::int32_t tid = 0;
  std::uint64_t first = 0, last = 0;  // that it was observed
  std::uint64_t ran = 0;
  std::uint64_t interrupted = 0;  // interrupts and softirqs while it had the CPU
  std::uint64_t preempted = 0;    // tasks that are not watched had its CPU, and it was runnable
  std::uint64_t waited = 0;       // runnable: from its wake-up on, or behind another watched task
  std::uint64_t slept = 0;
  std::uint64_t elsewhere = 0;  // on CPUs that are not watched, or not known
  std::uint64_t longest_wait = 0;
  std::uint64_t waits = 0, preemptions = 0, sleeps = 0, migrations = 0, faults = 0;
  std::uint64_t observed() const { return last - first; }
  std::uint64_t stolen() const { return interrupted + preempted; }
};

/// Of one watched CPU, in ticks. observed = ran + stolen + not_wanted.
struct CpuUse {
  int cpu = 0;
  std::uint64_t observed = 0;
  std::uint64_t ran = 0;              // watched tasks
  std::uint64_t stolen = 0;           // sum of the slices
  std::uint64_t not_wanted = 0;       // no watched task was interrupted or preempted there
  std::uint64_t own_switches = 0;     // tasks of isolab switched to
  std::uint64_t unseen_switches = 0;  // that had no event: the next event is another task's
  std::uint64_t events = 0;
};

struct WatchSpan {
  CpuSet cpus;
  std::uint64_t begin = 0, end = 0;  // trace clock; end 0: open
  std::set<std::int32_t> own;        // tasks of isolab
};

class TaskTimes {
 public:
  /// A stolen slice ended, in ticks.
  using OnSlice = std::function<void(int cpu, const Gap& slice)>;
  /// A task that was woken at `since` runs.
  using OnWait = std::function<void(std::int32_t tid, int cpu, const Gap& wait)>;

  /// `table` must outlive it. Tasks with `watched` set are watched, and all that they start.
  TaskTimes(const EventTable& table, const TraceClock& clock, WatchSpan span,
            const std::vector<WatchTask>& tasks);
  TaskTimes(const TaskTimes&) = delete;
  TaskTimes& operator=(const TaskTimes&) = delete;

  void on_slice(OnSlice use) { on_slice_ = std::move(use); }
  void on_wait(OnWait use) { on_wait_ = std::move(use); }

  /// The next event of the merged trace.
  void add(const TraceEvent& event);
  /// After the last event. `until`: in the trace clock; not before the last event.
  void finish(std::uint64_t until);

  std::vector<TaskTime> tasks() const;  // by tid
  std::vector<CpuUse> cpus() const;     // by CPU

 private:
  enum class State : std::uint8_t { unknown, running, preempted, waiting, asleep, away, ended };
  struct Task {
    TaskTime time;
    State state = State::unknown;
    std::uint64_t since = 0;  // nothing before it is still to be counted
    std::uint64_t woken = 0;  // when it began to wait
    std::uint64_t stolen_pending = 0, waited_pending = 0;  // since it was preempted
    int cpu = -1;  // that it runs on, or whose queue it is in
    bool stays = false;
    bool was_runnable = false;  // at the beginning, on `cpu`
  };
  struct Cpu {
    CpuUse use;
    std::int32_t current = -1;  // task; -1: not known yet
    Task* running = nullptr;    // the watched task that has it
    std::vector<Task*> queued;  // preempted or waiting here
    static constexpr std::size_t kDeepest = 8;
    std::array<bool, kDeepest> interrupts{};  // contexts: an interrupt, or a softirq
    std::size_t depth = 0;
    std::uint64_t since = 0;
    std::uint64_t slice = 0;  // start of the open slice
    bool stolen = false;      // it is open
  };

  Cpu* cpu_of(std::uint64_t cpu) const;
  Task* task_of(std::int32_t tid);
  Task& watch(std::int32_t tid, std::uint64_t now, bool stays);
  void learn_current(Cpu& cpu, std::int32_t tid);
  void settle(Cpu& cpu, std::uint64_t now);
  void settle_task(Task& task, const Cpu& cpu, std::uint64_t now) const;
  static void commit_pending(Task& task, bool known);
  static void leave_queue(Cpu& cpu, const Task& task);
  void look(Cpu& cpu, std::uint64_t now);
  void enter(Cpu& cpu, bool interrupt);
  void leave(Cpu& cpu, bool interrupt);
  void unseen_switch(Cpu& cpu, std::int32_t tid);
  void task_switch(Cpu& cpu, const TraceEvent& event, std::uint64_t now);
  void switched_out(Cpu& cpu, Task& task, std::int64_t state, std::uint64_t now);
  void switched_in(Cpu& cpu, Task& task, std::uint64_t now);
  void woken(const TraceEvent& event, std::uint64_t now);
  void moves(const TraceEvent& event, std::uint64_t now);
  void new_task(const TraceEvent& event, std::uint64_t now);
  void resolve_at_end(Task& task);
  void forget_counts();
  void finish_cpu(Cpu& cpu);

  const EventTable& table_;
  TraceClock clock_;
  WatchSpan span_;
  std::uint64_t begin_ = 0, end_ = 0;  // ticks
  bool begun_ = false;                 // an event was not before it
  std::map<std::int32_t, std::unique_ptr<Task>> tasks_;
  std::vector<std::unique_ptr<Cpu>> by_cpu_;  // empty: not watched
  OnSlice on_slice_;
  OnWait on_wait_;
};

}  // namespace isolab
