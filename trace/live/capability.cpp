// SPDX-License-Identifier: Apache-2.0
#include "trace/live/capability.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "host/tracefs.h"

namespace isolab {

namespace {

using Role = TracedEvent::Role;

// Sender side. csd_* since 6.5, ipi_send_* since 6.4, ipi_raise fires on arm64 only.
const std::vector<TracedEvent> kSenders{
    {"csd", "csd_queue_cpu", Role::sender, "cpu", true},
    // A reschedule IPI has no callback; the stack of any other is that of its csd_queue_cpu.
    {"ipi", "ipi_send_cpu", Role::sender, "cpu", true, "callback == 0"},
    {"ipi", "ipi_send_cpumask", Role::sender, "cpumask"},
};
const TracedEvent kIpiRaise{"ipi", "ipi_raise", Role::sender, "target_cpus"};

const std::vector<TracedEvent> kReceivers{
    {"csd", "csd_function_entry"},
    {"csd", "csd_function_exit"},
    {"irq", "irq_handler_entry"},
    {"irq", "irq_handler_exit"},
    // The tick raises TIMER, SCHED, HRTIMER and RCU (include/linux/interrupt.h).
    {.system = "irq",
     .name = "softirq_raise",
     .condition = "vec != 1 && vec != 7 && vec != 8 && vec != 9"},
    {"irq", "softirq_entry"},
    {"irq", "softirq_exit"},
    {"sched", "sched_switch"},
    {"sched", "sched_waking"},
    {"timer", "hrtimer_expire_entry"},
    {.system = "timer", .name = "hrtimer_start", .everywhere = true},
    {.system = "workqueue", .name = "workqueue_execute_start", .everywhere = true},
    {.system = "workqueue", .name = "workqueue_execute_end", .everywhere = true},
    {"nmi", "nmi_handler"},
    {"exceptions", "page_fault_user"},
    {"exceptions", "page_fault_kernel"},
    {"mce", "mce_record"},
};

// Who is woken by a reschedule IPI or a timer. sched_waking names the CPU that the task last ran
// on, so only these two tell where it goes.
const std::vector<TracedEvent> kWakeups{
    {"sched", "sched_wakeup", Role::wakeup, "target_cpu"},
    {"sched", "sched_wakeup_new", Role::wakeup, "target_cpu"},
};

// Who queued the work and armed the timers of measured CPUs. Neither the CPU that a timer will
// expire on nor the worker that will send an IPI is known when it is armed or queued, so all are
// kept.
const std::vector<TracedEvent> kDeferrals{
    {"workqueue", "workqueue_queue_work", Role::deferral},
    {"timer", "timer_start", Role::deferral},
    {"timer", "timer_expire_entry", Role::deferral},
    {"timer", "timer_expire_exit", Role::deferral},
};

const std::vector<TracedEvent> kTasks{
    {"task", "task_newtask", Role::tasks},
    {"task", "task_rename", Role::tasks},
};

// 6.1 inlines __smp_call_single_queue into generic_exec_single, so both are needed there. The
// functions and the offsets in struct __call_single_data are those of 5.14 to 6.12 (kernel/smp.c,
// include/linux/smp_types.h). A cpumask is an array of unsigned long; with CONFIG_CPUMASK_OFFSTACK
// it is allocated for nr_cpu_ids bits only, so no word beyond is read (include/linux/cpumask.h).
std::vector<KprobeDefinition> kprobes_for(int mask_words) {
  std::string masks;
  for (int word = 0; word < mask_words; ++word)
    masks += fmt::format("m{}=+{}($arg1):x64 ", word, 8 * word);
  return {
      {"many", "smp_call_function_many_cond", masks + "func=$arg2:x64 wait=$arg4:u32", mask_words},
      {"ges", "generic_exec_single", "cpu=$arg1:s32 func=+16($arg2):x64 csd=$arg2:x64"},
      {"csq", "__smp_call_single_queue",
       "cpu=$arg1:s32 flags=+8($arg2):x32 func=+16($arg2):x64 csd=$arg2:x64"},
  };
}

/// nr_cpu_ids of the kernel: one more than the highest possible CPU.
int possible_cpus(const Files& files, const HostFacts& facts) {
  const auto text = files.read("/sys/devices/system/cpu/possible");
  const auto possible = text ? CpuSet::parse(trimmed(*text)) : Result<CpuSet>(text.error());
  const CpuSet all = possible ? *possible | facts.online : facts.online;
  return all.last().value_or(0) + 1;
}

void add_kprobes(const Files& files, const HostFacts& facts, TraceCapability& can) {
  constexpr int kWord = 64;
  const int cpus = possible_cpus(files, facts);
  const int words = std::min((cpus + kWord - 1) / kWord, kMostMaskWords);
  can.kprobes = kprobes_for(words);
  if (cpus > words * kWord)
    can.reasons.push_back(
        fmt::format("Calls to several CPUs at once are recorded for CPUs 0-{} only: the kprobe "
                    "reads {} words of the kernel's mask of {} CPUs.",
                    words * kWord - 1, words, cpus));
}

class Tree {
 public:
  Tree(const Files& files, std::string root) : files_(files), root_(std::move(root)) {}
  bool has(const TracedEvent& event) const {
    return files_.exists(fmt::format("{}/events/{}/{}/format", root_, event.system, event.name));
  }
  bool has_file(const std::string& name) const { return files_.exists(root_ + "/" + name); }
  std::string text(const std::string& name) const {
    return files_.read(root_ + "/" + name).value_or(std::string());
  }
  std::vector<std::string> names(const std::string& system) const {
    return files_.list(root_ + "/events/" + system).value_or(std::vector<std::string>());
  }

 private:
  const Files& files_;
  std::string root_;
};

void add_present(const Tree& tree, const std::vector<TracedEvent>& wanted,
                 std::vector<TracedEvent>& found) {
  std::copy_if(wanted.begin(), wanted.end(), std::back_inserter(found),
               [&](const auto& event) { return tree.has(event); });
}

/// Handlers of x86 interrupt vectors; the directory's other events are about vector allocation.
void add_vectors(const Tree& tree, std::vector<TracedEvent>& found) {
  for (const auto& name : tree.names("irq_vectors"))
    if (name.ends_with("_entry") || name.ends_with("_exit"))
      add_present(tree, {{"irq_vectors", name}}, found);
}

/// What cannot be said of work and timers on this kernel.
void add_missing_deferrals(const Tree& tree, TraceCapability& can) {
  std::vector<std::string> missing;
  for (const auto& event : kDeferrals)
    if (!tree.has(event)) missing.push_back(event.full_name());
  for (const auto& event : kReceivers)
    if (event.everywhere && !tree.has(event)) missing.push_back(event.full_name());
  if (!missing.empty())
    can.reasons.push_back(
        fmt::format("This kernel has no event {}: of some work items or timers it is not known who "
                    "queued or armed them.",
                    fmt::join(missing, ", ")));
}

std::vector<std::string> missing_for_a(const Tree& tree) {
  std::vector<std::string> missing;
  for (const auto& event : kSenders)
    if (!tree.has(event)) missing.push_back(event.full_name());
  if (const TracedEvent entry{"csd", "csd_function_entry"}; !tree.has(entry))
    missing.push_back(entry.full_name());
  return missing;
}

/// Senders and functions of calls: csd and ipi events, else kprobes.
void find_level(const Tree& tree, const Files& files, const HostFacts& facts,
                TraceCapability& can) {
  const auto missing = missing_for_a(tree);
  if (missing.empty()) {
    can.level = TraceLevel::A;
    return;
  }
  can.reasons.push_back(fmt::format("This kernel has no event {}.", fmt::join(missing, ", ")));
  if (!tree.has_file("kprobe_events")) {
    can.fall_to_d("It has no kprobe events: the sender and function of an IPI are unknown.");
    return;
  }
  can.level = facts.arch == "arm64" && tree.has(kIpiRaise) ? TraceLevel::B : TraceLevel::C;
  add_kprobes(files, facts, can);
  can.reasons.push_back(
      "Senders and functions come from kprobes: it is unknown when a called function begins and "
      "ends on the receiver.");
}

}  // namespace

const char* to_string(TraceLevel level) {
  switch (level) {
    case TraceLevel::A: return "A";
    case TraceLevel::B: return "B";
    case TraceLevel::C: return "C";
    case TraceLevel::D: return "D";
  }
  return "unknown";
}

void TraceCapability::fall_to_d(const std::string& reason) {
  level = TraceLevel::D;
  kprobes.clear();
  reasons.push_back(reason);
}

TraceCapability find_trace_capability(const Files& files, const HostFacts& facts) {
  TraceCapability can;
  if (!facts.root) {
    can.reasons.push_back(
        "Not root: nothing is traced. Causes, senders and stacks of interruptions are missing; "
        "interrupt counters remain.");
    return can;
  }
  can.tracefs = find_tracefs(files);
  if (can.tracefs.empty()) {
    can.reasons.push_back(
        "No tracefs at /sys/kernel/tracing: nothing is traced. Causes, senders and stacks of "
        "interruptions are missing; interrupt counters remain.");
    return can;
  }
  const Tree tree(files, can.tracefs);
  const bool arm64 = facts.arch == "arm64";
  can.clock = facts.tsc_reliable && tree.text("trace_clock").find("x86-tsc") != std::string::npos
                  ? "x86-tsc"
                  : "mono_raw";

  add_present(tree, kSenders, can.events);
  // Debian's x86 kernels list ipi_raise, but nothing on x86 fires it.
  if (arm64) {
    add_present(tree, {kIpiRaise}, can.events);
    add_present(tree, {{"ipi", "ipi_entry"}, {"ipi", "ipi_exit"}}, can.events);
  }
  add_present(tree, kReceivers, can.events);
  add_vectors(tree, can.events);
  add_present(tree, kWakeups, can.events);
  add_present(tree, kDeferrals, can.events);
  add_present(tree, kTasks, can.events);

  find_level(tree, files, facts, can);
  add_missing_deferrals(tree, can);
  return can;
}

}  // namespace isolab
