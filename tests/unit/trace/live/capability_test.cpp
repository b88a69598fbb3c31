// SPDX-License-Identifier: Apache-2.0
// Which level a kernel reaches, on event trees like those of real kernels.
#include "trace/live/capability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isolab {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class Machine {
 public:
  explicit Machine(std::string arch, const std::string& clocks) {
    facts.arch = std::move(arch);
    facts.root = true;
    facts.tsc_reliable = facts.arch == "x86_64";
    put("events/header_page", "");
    put("trace_clock", clocks);
    events("irq", {"irq_handler_entry", "irq_handler_exit", "softirq_entry", "softirq_exit"});
    events("sched", {"sched_switch", "sched_waking"});
    events("task", {"task_newtask", "task_rename"});
    if (facts.arch == "x86_64")
      events("irq_vectors", {"reschedule_entry", "reschedule_exit", "vector_config"});
  }
  Machine& events(const std::string& system, const std::vector<std::string>& names) {
    for (const auto& name : names) put("events/" + system + "/" + name + "/format", "");
    return *this;
  }
  Machine& put(const std::string& name, const std::string& text) {
    contents["/sys/kernel/tracing/" + name] = text;
    return *this;
  }
  TraceCapability capability() const { return find_trace_capability(MemoryFiles(contents), facts); }

  HostFacts facts;
  std::map<std::string, std::string> contents;
};

constexpr const char* kX86Clocks =
    "[local] global counter uptime perf mono mono_raw boot tai x86-tsc";
constexpr const char* kArmClocks = "[local] global counter uptime perf mono mono_raw boot tai";

std::vector<std::string> names(const TraceCapability& can) {
  std::vector<std::string> names;
  for (const auto& event : can.events) names.push_back(event.full_name());
  return names;
}

Machine x86_618() {
  Machine machine("x86_64", kX86Clocks);
  machine.events("csd", {"csd_queue_cpu", "csd_function_entry", "csd_function_exit"});
  machine.events("ipi", {"ipi_send_cpu", "ipi_send_cpumask"});
  machine.events("workqueue",
                 {"workqueue_queue_work", "workqueue_execute_start", "workqueue_execute_end"});
  machine.events("timer",
                 {"timer_start", "timer_expire_entry", "timer_expire_exit", "hrtimer_start"});
  return machine;
}

TEST(TraceCapability, OfX86With618IsA) {
  const auto can = x86_618().capability();
  EXPECT_EQ(can.level, TraceLevel::A);
  EXPECT_TRUE(can.reasons.empty());
  EXPECT_EQ(can.tracefs, "/sys/kernel/tracing");
  EXPECT_EQ(can.clock, "x86-tsc");
  EXPECT_TRUE(can.kprobes.empty());
  EXPECT_THAT(names(can), Contains("irq_vectors:reschedule_entry"));
  EXPECT_THAT(names(can), Not(Contains("irq_vectors:vector_config")));
  EXPECT_THAT(names(can), Contains("timer:hrtimer_start"));
  EXPECT_THAT(names(can), Contains("workqueue:workqueue_queue_work"));
  EXPECT_THAT(names(can), Not(Contains("nmi:nmi_handler")));  // not of this machine
  for (const auto& event : can.events) {
    EXPECT_EQ(event.stack, event.name == "csd_queue_cpu" || event.name == "ipi_send_cpu");
    // A function call has its stack at csd_queue_cpu, a reschedule IPI has none of these.
    EXPECT_EQ(event.stack_if, event.name == "ipi_send_cpu" ? "callback == 0" : "");
    EXPECT_EQ(event.role == TracedEvent::Role::sender, !event.target.empty());
  }
}

TEST(TraceCapability, SaysWhatIsMissingOfWorkAndTimersAtLevelAToo) {
  auto machine = x86_618();
  machine.contents.erase("/sys/kernel/tracing/events/timer/timer_start/format");
  machine.contents.erase("/sys/kernel/tracing/events/timer/hrtimer_start/format");
  const auto can = machine.capability();
  EXPECT_EQ(can.level, TraceLevel::A);
  EXPECT_THAT(can.reasons,
              testing::ElementsAre(HasSubstr("no event timer:timer_start, timer:hrtimer_start:")));
}

TEST(TraceCapability, OfX86WithUnstableTscUsesMonoRaw) {
  auto machine = x86_618();
  machine.facts.tsc_reliable = false;
  EXPECT_EQ(machine.capability().clock, "mono_raw");
}

TEST(TraceCapability, OfDebianX86With612IsAWithoutTheRaiseEventsNobodyFires) {
  auto machine = x86_618();
  machine.events("ipi", {"ipi_raise", "ipi_entry", "ipi_exit"}).put("kprobe_events", "");
  const auto can = machine.capability();
  EXPECT_EQ(can.level, TraceLevel::A);
  EXPECT_THAT(names(can), Not(Contains("ipi:ipi_raise")));
  EXPECT_THAT(names(can), Not(Contains("ipi:ipi_entry")));
}

TEST(TraceCapability, OfDebianX86With61IsC) {
  const auto can = Machine("x86_64", kX86Clocks).put("kprobe_events", "").capability();
  EXPECT_EQ(can.level, TraceLevel::C);
  ASSERT_EQ(can.kprobes.size(), 3u);
  EXPECT_EQ(can.kprobes[1].text("isolab_1"),
            "p:isolab_1/ges generic_exec_single cpu=$arg1:s32 func=+16($arg2):x64 csd=$arg2:x64");
  EXPECT_THAT(can.reasons.front(), HasSubstr("csd:csd_queue_cpu"));
}

TEST(TraceCapability, KprobesReadAsManyWordsOfAMaskAsTheMachineHas) {
  struct Case {
    const char* possible;
    int words;
  };
  for (const Case expected : {Case{"0-1", 1}, Case{"0-63", 1}, Case{"0-64", 2}, Case{"0-127", 2},
                              Case{"0-128", 3}, Case{"0-511", 8}}) {
    Machine machine("x86_64", kX86Clocks);
    machine.put("kprobe_events", "").contents["/sys/devices/system/cpu/possible"] =
        std::string(expected.possible) + "\n";
    const auto can = machine.capability();
    ASSERT_EQ(can.kprobes.size(), 3u);
    EXPECT_EQ(can.kprobes[0].mask_words, expected.words) << expected.possible;
    std::string masks;
    for (int i = 0; i < expected.words; ++i)
      masks += "m" + std::to_string(i) + "=+" + std::to_string(8 * i) + "($arg1):x64 ";
    EXPECT_EQ(can.kprobes[0].arguments, masks + "func=$arg2:x64 wait=$arg4:u32")
        << expected.possible;
    EXPECT_EQ(can.reasons.size(), 3u) << expected.possible;
  }
}

TEST(TraceCapability, SaysWhichCpusOfAMaskItCannotRead) {
  Machine machine("x86_64", kX86Clocks);
  machine.put("kprobe_events", "").contents["/sys/devices/system/cpu/possible"] = "0-1023";
  const auto can = machine.capability();
  EXPECT_EQ(can.kprobes.at(0).mask_words, kMostMaskWords);
  EXPECT_THAT(can.reasons, Contains(HasSubstr("CPUs 0-511 only")));
}

TEST(TraceCapability, WithoutThePossibleCpusTheOnlineOnesCount) {
  Machine machine("x86_64", kX86Clocks);
  machine.put("kprobe_events", "").facts.online = CpuSet{0, 1, 200};
  EXPECT_EQ(machine.capability().kprobes.at(0).mask_words, 4);
}

TEST(TraceCapability, OfArm64With61IsB) {
  const auto can = Machine("arm64", kArmClocks)
                       .events("ipi", {"ipi_raise", "ipi_entry", "ipi_exit"})
                       .put("kprobe_events", "")
                       .capability();
  EXPECT_EQ(can.level, TraceLevel::B);
  EXPECT_EQ(can.clock, "mono_raw");
  EXPECT_THAT(names(can), Contains("ipi:ipi_raise"));
  EXPECT_EQ(can.kprobes.size(), 3u);
}

TEST(TraceCapability, OfRhelWithOnlyTheMaskEventKeepsItButIsNoA) {
  Machine machine("x86_64", kX86Clocks);
  machine.events("ipi", {"ipi_send_cpumask"});
  auto can = machine.capability();
  EXPECT_EQ(can.level, TraceLevel::D);  // no kprobes
  EXPECT_THAT(names(can), Contains("ipi:ipi_send_cpumask"));
  EXPECT_THAT(can.reasons.front(), HasSubstr("ipi:ipi_send_cpu"));
  EXPECT_EQ(machine.put("kprobe_events", "").capability().level, TraceLevel::C);
}

TEST(TraceCapability, WithoutTracefsIsDAndSaysWhatIsLost) {
  auto machine = x86_618();
  machine.contents.clear();
  const auto can = machine.capability();
  EXPECT_EQ(can.level, TraceLevel::D);
  EXPECT_FALSE(can.can_trace());
  ASSERT_EQ(can.reasons.size(), 1u);
  EXPECT_THAT(can.reasons[0], HasSubstr("No tracefs"));
  EXPECT_THAT(can.reasons[0], HasSubstr("interrupt counters remain"));
}

TEST(TraceCapability, FindsTracefsBelowDebugfs) {
  auto machine = x86_618();
  std::map<std::string, std::string> moved;
  for (const auto& [path, text] : machine.contents)
    moved["/sys/kernel/debug/tracing" + path.substr(std::string("/sys/kernel/tracing").size())] =
        text;
  machine.contents = moved;
  EXPECT_EQ(machine.capability().level, TraceLevel::A);
  EXPECT_EQ(machine.capability().tracefs, "/sys/kernel/debug/tracing");
}

TEST(TraceCapability, WithoutRootIsD) {
  auto machine = x86_618();
  machine.facts.root = false;
  const auto can = machine.capability();
  EXPECT_EQ(can.level, TraceLevel::D);
  EXPECT_FALSE(can.can_trace());
  EXPECT_THAT(can.reasons.front(), HasSubstr("Not root"));
}

TEST(TraceCapability, FallsToDWhenKprobesAreRefused) {
  auto can = Machine("x86_64", kX86Clocks).put("kprobe_events", "").capability();
  can.fall_to_d("The kernel refused.");
  EXPECT_EQ(can.level, TraceLevel::D);
  EXPECT_TRUE(can.kprobes.empty());
  EXPECT_EQ(can.reasons.back(), "The kernel refused.");
  EXPECT_TRUE(can.can_trace());
}

}  // namespace
}  // namespace isolab
