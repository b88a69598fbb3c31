// SPDX-License-Identifier: Apache-2.0
// Processes, threads, devices and kernel features that interrupt measured CPUs: each is found in a
// machine that has it, by name and number, and not in one that has not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <stdexcept>

#include "host/facts/facts.h"
#include "host/readiness/readiness.h"
#include "host/readiness/tasks.h"
#include "tests/support/captured_machine.h"

namespace isolab {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Level = ReadinessLevel;

CapturedMachine agents() { return {ISOLAB_SOURCE_DIR "/tests/hosts", "agents_x86_4cpu"}; }

class Culprits {
 public:
  explicit Culprits(const Files& files, const CpuSet& measured = {2, 3})
      : findings_(check_readiness(files, read_kernel_facts(files), measured)) {}
  const ReadinessFinding& operator[](std::string_view id) const {
    for (const auto& finding : findings_)
      if (finding.id == id) return finding;
    throw std::logic_error("no finding " + std::string(id));
  }
  /// "NAME PID" of all that the finding names, in its order.
  std::vector<std::string> who(std::string_view id) const {
    std::vector<std::string> out;
    for (const Interrupter& named : (*this)[id].named)
      out.push_back(named.name + (named.pid > 0 ? " " + std::to_string(named.pid) : ""));
    return out;
  }
  const std::vector<ReadinessFinding>& all() const { return findings_; }

 private:
  std::vector<ReadinessFinding> findings_;
};

using Names = std::vector<std::string>;

TEST(Interrupters, EachIsNamedOnAMachineThatHasAll) {
  const Culprits found(agents().files());
  EXPECT_EQ(found.who("register_readers"), Names{"agent 400"});
  EXPECT_THAT(found["register_readers"].seen, HasSubstr("cpuid of CPU 3, msr of CPU 2-3"));
  EXPECT_EQ(found.who("perf_events"), (Names{"perf 401", "profiler 402"}));
  EXPECT_THAT(found["perf_events"].seen,
              HasSubstr("perf (pid 401): 4 perf events, enough for every CPU; profiler (pid 402): "
                        "1 perf event"));
  EXPECT_EQ(found.who("pollers"), (Names{"intel_lpmd 403", "meter 404"}));
  EXPECT_EQ(found.who("bpf_programs"), Names{"tracer 405"});
  EXPECT_THAT(found["bpf_programs"].seen,
              HasSubstr("1 kprobe_multi link, 1 program of type 2, 1 tracing link"));
  EXPECT_EQ(found.who("static_keys"),
            (Names{"kernel.bpf_stats_enabled", "tracer 405", "chronyd 406"}));
  EXPECT_EQ(found.who("armed_timers"), (Names{"hrtimer_wakeup", "timerfd_tmrproc", "player 408"}));
  EXPECT_THAT(found["armed_timers"].seen,
              AllOf(HasSubstr("3 on measured CPUs"), HasSubstr("2 timers, may run on CPU 2-3")));
  EXPECT_EQ(found.who("user_tasks"), (Names{"pinned 409", "player 408"}));
  EXPECT_EQ(found["kernel_threads"].named[1].seen, "ran last on CPU 2");
  EXPECT_EQ(found["irq_affinity"].named[0].advice,
            "boot with isolcpus=managed_irq,...: it cannot be moved at run time");
  EXPECT_THAT(found["pollers"].seen, testing::StartsWith("2 processes: "));
  EXPECT_THAT(found["user_tasks"].seen, HasSubstr("pinned to CPU 3 (1 of 2 threads)"));
  EXPECT_EQ(found.who("kernel_threads"),
            (Names{"irq/42-nvme0q3 34", "kworker/u8:1 33", "rcu_preempt 15"}));
  EXPECT_EQ(found["kernel_threads"].named[0].advice, "write 0-1 to /proc/irq/42/smp_affinity_list");
  EXPECT_THAT(found["kernel_threads"].named[1].advice, HasSubstr("workqueue/cpumask"));
  EXPECT_EQ(found["kernel_threads"].named[2].advice, "taskset -pc 0-1 15");
  EXPECT_EQ(found.who("bound_kernel_threads"), (Names{"migration/2 31", "ksoftirqd/3 32"}));
  EXPECT_EQ(found.who("irq_outside_mask"), Names{"41 eth0-TxRx-1"});
  EXPECT_THAT(found["irq_outside_mask"].seen, HasSubstr("asked for CPU 1, delivered to CPU 2"));
  EXPECT_EQ(found.who("managed_queues"), Names{"42 nvme0q3"});
  EXPECT_EQ(found.who("irq_affinity"), (Names{"42 nvme0q3", "41 eth0-TxRx-1"}));
  EXPECT_EQ(found.who("nx_huge_pages"), Names{"qemu 407"});
  EXPECT_EQ(found.who("sched_ext"), Names{"simple"});
  EXPECT_EQ(found["page_table_isolation"].seen, "on");
  EXPECT_THAT(found["tlb_flush"].seen, HasSubstr("an IPI to every CPU"));
  EXPECT_EQ(found["rseq_slice"].seen, "tasks may ask for 10 us");
}

TEST(Interrupters, LevelsAreWhatTheEvidenceCarries) {
  const Culprits found(agents().files());
  const std::map<std::string, Level> wanted = {{"register_readers", Level::problem},
                                               {"user_tasks", Level::problem},
                                               {"irq_outside_mask", Level::problem},
                                               {"managed_queues", Level::problem},
                                               {"perf_events", Level::advice},
                                               {"pollers", Level::advice},
                                               {"bpf_programs", Level::advice},
                                               {"static_keys", Level::advice},
                                               {"armed_timers", Level::advice},
                                               {"kernel_threads", Level::advice},
                                               {"bound_kernel_threads", Level::ok},
                                               {"nx_huge_pages", Level::advice},
                                               {"sched_ext", Level::advice},
                                               {"page_table_isolation", Level::advice},
                                               {"tlb_flush", Level::ok},
                                               {"rseq_slice", Level::advice}};
  for (const auto& [id, level] : wanted) EXPECT_EQ(found[id].level, level) << id;
}

/// The machine above without its processes but kthreadd and one that is harmless.
MemoryFiles quiet() {
  auto files = agents().files().contents();
  std::erase_if(files, [](const auto& file) {
    const std::string& path = file.first;
    return path.starts_with("/proc/") && path[6] >= '0' && path[6] <= '9' &&
           !path.starts_with("/proc/1/") && !path.starts_with("/proc/2/");
  });
  files["/proc/sys/kernel/bpf_stats_enabled"] = "0\n";
  files["/proc/irq/41/effective_affinity_list"] = "1\n";
  files["/proc/irq/42/effective_affinity_list"] = "1\n";
  files["/proc/irq/42/smp_affinity_list"] = "1\n";
  files["/proc/timer_list"] = "cpu: 3\n #0: <0>, tick_nohz_handler, S:01\n";
  files["/sys/kernel/sched_ext/state"] = "disabled\n";
  files["/proc/cpuinfo"] = "vendor_id : GenuineIntel\nflags : fpu tsc msr\n";
  files.erase("/proc/sys/kernel/rseq_slice_extension_nsec");
  return MemoryFiles{std::move(files)};
}

TEST(Interrupters, NoneIsFoundOnAMachineWithout) {
  const Culprits found(quiet());
  for (const char* id :
       {"register_readers", "perf_events", "pollers", "bpf_programs", "static_keys", "armed_timers",
        "user_tasks", "kernel_threads", "bound_kernel_threads", "irq_outside_mask",
        "managed_queues", "nx_huge_pages", "sched_ext", "page_table_isolation"}) {
    EXPECT_EQ(found[id].level, Level::ok) << id << ": " << found[id].seen;
    EXPECT_TRUE(found[id].named.empty()) << id;
  }
  EXPECT_EQ(found["rseq_slice"].level, Level::not_applicable);
  EXPECT_THAT(found["bpf_programs"].seen, HasSubstr("2 for sockets, cgroups or devices"));
  EXPECT_THAT(found["static_keys"].seen, HasSubstr("SO_TIMESTAMP"));
}

TEST(Interrupters, WhatCannotBeReadIsSaid) {
  const auto closed = agents().without("/proc/401/fd");
  const Culprits partly(closed);
  EXPECT_EQ(partly.who("perf_events"), Names{"profiler 402"});
  auto without_perf = closed.contents();
  std::erase_if(without_perf,
                [](const auto& file) { return file.first.starts_with("/proc/402/"); });
  EXPECT_THAT(Culprits(MemoryFiles{without_perf})["perf_events"].seen,
              HasSubstr("the descriptors of 1 of 10 processes cannot be read"));

  auto contents = agents().files().contents();
  std::erase_if(contents, [](const auto& file) {
    return file.first.find("/fd") != std::string::npos || file.first == "/proc/timer_list" ||
           file.first.starts_with("/proc/2/");
  });
  const Culprits none(MemoryFiles{contents});
  for (const char* id : {"register_readers", "perf_events", "bpf_programs", "static_keys"}) {
    EXPECT_EQ(none[id].level, Level::not_applicable) << id;
    EXPECT_EQ(none[id].advice, "run as root") << id;
  }
  EXPECT_EQ(none["armed_timers"].level, Level::not_applicable);
  EXPECT_THAT(none["kernel_threads"].seen, HasSubstr("not visible in this PID namespace"));
  EXPECT_THAT(none["user_tasks"].seen, HasSubstr("only processes of this PID namespace"));
}

TEST(Interrupters, TasksThatMayRunThereAreAdviceWhereNoCpuIsIsolated) {
  auto contents = agents().files().contents();
  contents["/sys/devices/system/cpu/isolated"] = "\n";
  std::erase_if(contents, [](const auto& file) { return file.first.starts_with("/proc/409/"); });
  EXPECT_EQ(Culprits(MemoryFiles{contents})["user_tasks"].level, Level::advice);
}

// A finding that asks for something says of all that it names who it is, why, and what to do.
TEST(Interrupters, EveryFindingIsWhole) {
  const Culprits found(agents().files());
  std::set<std::string> groups;
  for (const ReadinessFinding& finding : found.all()) {
    groups.insert(finding.group);
    EXPECT_FALSE(finding.group.empty()) << finding.id;
    for (const Interrupter& named : finding.named) {
      EXPECT_FALSE(named.name.empty()) << finding.id;
      EXPECT_FALSE(named.seen.empty()) << finding.id << " " << named.name;
      EXPECT_FALSE(named.advice.empty()) << finding.id << " " << named.name;
    }
    const bool acts = finding.level == Level::problem || finding.level == Level::advice;
    if (acts && (finding.group == "processes" || finding.group == "threads")) {
      EXPECT_FALSE(finding.named.empty()) << finding.id;
      EXPECT_FALSE(finding.matters.empty()) << finding.id;
      EXPECT_FALSE(finding.advice.empty()) << finding.id;
    }
  }
  EXPECT_EQ(groups, (std::set<std::string>{"CPUs", "rights", "interrupts", "processes", "threads",
                                           "scheduler", "time", "memory", "kernel"}));
}

TEST(Tasks, AreReadWithinBounds) {
  std::map<std::string, std::string> files = {{"/proc/self/status", "Pid:\t7\n"}};
  const auto add = [&](int pid, const std::string& name) {
    const std::string directory = "/proc/" + std::to_string(pid);
    files[directory + "/task/" + std::to_string(pid) + "/status"] =
        "Name:\t" + name + "\nCpus_allowed_list:\t0-3\n";
    return directory;
  };
  const std::string busy = add(5, "busy");
  for (int i = 0; i < 5000; ++i)
    files[busy + "/fd/" + std::to_string(i)] = "anon_inode:[perf_event]";
  files[busy + "/fd/9999"] = "/home/user/secret";
  add(7, "isolab");  // itself
  files["/proc/8/task/8/status"] = "Name:\todd\nCpus_allowed_list:\tx\n";
  const Tasks tasks = read_tasks(MemoryFiles{files});
  ASSERT_EQ(tasks.processes.size(), 1U);
  EXPECT_EQ(tasks.processes[0].name, "busy");
  EXPECT_EQ(tasks.processes[0].descriptors.size(), 4096U);
  EXPECT_EQ(tasks.processes[0].threads[0].last_cpu, -1);
  EXPECT_FALSE(tasks.kernel_threads);

  for (int pid = 100; pid < 120; ++pid) add(pid, "x");
  EXPECT_EQ(read_tasks(MemoryFiles{files}, 10).left_out, 12U);  // 8 and 110 to 119 among them
}

}  // namespace
}  // namespace isolab
