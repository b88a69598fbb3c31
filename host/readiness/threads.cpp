// SPDX-License-Identifier: Apache-2.0
// Threads whose affinity has measured CPUs: user's, the kernel's that can be moved, and those that
// belong to their CPU.
#include <fmt/format.h>

#include <algorithm>

#include "host/readiness/checks.h"

namespace isolab {
namespace {

struct MayRun {
  const Process* process = nullptr;
  CpuSet where;             // measured CPUs of its threads
  std::size_t threads = 0;  // that may run there
  bool pinned = false;      // one of them may run nowhere else
  CpuSet was_there;         // measured CPUs where one of them ran last
};

/// The processes of one kind with threads that may run on measured CPUs, worst first.
template <typename Wanted>
std::vector<MayRun> may_run(const Readiness& on, Wanted wanted) {
  std::vector<MayRun> out;
  for (const Process& process : on.tasks.processes) {
    MayRun may{&process, {}, 0, false, {}};
    for (const Thread& thread : process.threads) {
      const CpuSet where = thread.allowed & on.measured;
      if (where.empty() || !wanted(thread)) continue;
      may.where = may.where | where;
      ++may.threads;
      may.pinned = may.pinned || (thread.allowed - on.measured).empty();
      if (on.measured.contains(thread.last_cpu)) may.was_there.add(thread.last_cpu);
    }
    if (may.threads > 0) out.push_back(std::move(may));
  }
  std::stable_sort(out.begin(), out.end(), [](const MayRun& a, const MayRun& b) {
    if (a.pinned != b.pinned) return a.pinned;
    return !a.was_there.empty() && b.was_there.empty();
  });
  return out;
}

std::string described(const MayRun& may) {
  std::string out = "may run on CPU " + may.where.list();
  if (may.pinned)
    out = "pinned to CPU " + may.where.list();
  else if (!may.was_there.empty())
    out = "ran last on CPU " + may.was_there.list();
  if (may.process->threads.size() > 1)
    out += fmt::format(" ({} of {} threads)", may.threads, may.process->threads.size());
  return out;
}

/// Adds the finding that nothing is known; whether it did.
bool threads_unknown(const Readiness& on, const char* id, const char* subject, bool kernel) {
  const bool none = on.tasks.processes.empty();
  if (none && on.facts.captured)
    on.not_applicable(id, subject, "captured machine, without /proc/PID/task/TID/status");
  else if (kernel && !on.tasks.kernel_threads)
    on.not_applicable(id, subject, "the kernel's threads are not visible in this PID namespace",
                      "run outside the container, or with the PID namespace of the host");
  else if (none)
    on.not_applicable(id, subject, "/proc shows no process but this one");
  else
    return false;
  return true;
}

void check_user_threads(const Readiness& on) {
  constexpr const char *kId = "user_tasks", *kSubject = "Other tasks on measured CPUs";
  if (threads_unknown(on, kId, kSubject, false)) return;
  const auto all = may_run(on, [](const Thread& thread) { return !thread.kernel; });
  std::vector<Interrupter> named;
  for (const MayRun& may : all)
    named.push_back({may.process->name, may.process->id, described(may),
                     fmt::format("taskset -apc {} {}", on.housekeeping().list(), may.process->id)});
  const std::string rest =
      on.tasks.kernel_threads ? "" : "; only processes of this PID namespace are visible";
  if (named.empty()) {
    on.ok(kId, kSubject, "none may run there" + rest);
    return;
  }
  const auto pinned =
      std::count_if(all.begin(), all.end(), [](const auto& may) { return may.pinned; });
  // Tasks inherit the housekeeping CPUs where isolcpus= is given: one that has others was moved.
  const bool isolated = (on.measured - on.facts.isolated).empty();
  const bool matters = pinned > 0 || isolated;
  on.name(matters ? ReadinessLevel::problem : ReadinessLevel::advice, kId, kSubject,
          fmt::format("{} process{} may run there, {} pinned{}", all.size(),
                      all.size() == 1 ? "" : "es", pinned, rest),
          "a task that runs there takes the CPU from the measured one, for a time slice or longer",
          isolated || pinned > 0
              ? "move them: taskset -apc HOUSEKEEPING PID, or the cpuset of their cgroup"
              : "isolate the CPUs, or move them: taskset -apc HOUSEKEEPING PID",
          std::move(named));
}

std::string how_to_move(const Readiness& on, const Thread& thread) {
  if (thread.name.starts_with("kworker/u"))
    return fmt::format("write the mask {} to /sys/devices/virtual/workqueue/cpumask",
                       on.housekeeping().mask());
  if (thread.name.starts_with("irq/")) {
    const std::string number = thread.name.substr(4, thread.name.find('-') - 4);
    return fmt::format("write {} to /proc/irq/{}/smp_affinity_list", on.housekeeping().list(),
                       number);
  }
  return fmt::format("taskset -pc {} {}", on.housekeeping().list(), thread.id);
}

bool movable(const Thread& thread) {
  return thread.kernel && (!thread.bound || thread.name.starts_with("kworker/u"));
}

void check_movable_kernel_threads(const Readiness& on) {
  constexpr const char *kId = "kernel_threads", *kSubject = "Kernel threads that can be moved";
  if (threads_unknown(on, kId, kSubject, true)) return;
  std::vector<Interrupter> named;
  for (const MayRun& may : may_run(on, movable))
    named.push_back({may.process->name, may.process->id, described(may),
                     how_to_move(on, may.process->threads.front())});
  if (named.empty()) {
    on.ok(kId, kSubject, "none may run on a measured CPU");
    return;
  }
  on.name(ReadinessLevel::advice, kId, kSubject,
          fmt::format("{} may run on measured CPUs", named.size()),
          "the kernel runs them there when they have work",
          "taskset -pc HOUSEKEEPING PID; isolcpus= and nohz_full= move them at boot",
          std::move(named));
}

void check_bound_kernel_threads(const Readiness& on) {
  constexpr const char *kId = "bound_kernel_threads", *kSubject = "Kernel threads of measured CPUs";
  if (threads_unknown(on, kId, kSubject, true)) return;
  std::vector<Interrupter> named;
  for (const MayRun& may :
       may_run(on, [](const Thread& thread) { return thread.kernel && !movable(thread); }))
    named.push_back({may.process->name, may.process->id, described(may),
                     "it cannot be moved; isolab run with ipi_trace names what queues its work"});
  if (named.empty()) {
    on.ok(kId, kSubject, "none");
    return;
  }
  on.name(ReadinessLevel::ok, kId, kSubject,
          fmt::format("{} belong to them and cannot be moved", named.size()), "", "",
          std::move(named));
}

}  // namespace

void check_threads(const Readiness& on) {
  check_user_threads(on);
  check_movable_kernel_threads(on);
  check_bound_kernel_threads(on);
}

}  // namespace isolab
