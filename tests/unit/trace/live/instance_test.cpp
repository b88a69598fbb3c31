// SPDX-License-Identifier: Apache-2.0
// What the trace instance writes, in which order, and what it does when the kernel refuses.
#include "trace/live/instance.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/temporary_directory.h"
#include "trace/live/kernel_names.h"
#include "trace/live/kprobes.h"

namespace isolab {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// tracefs as the instance sees it: every file of a new directory is there and takes any text that
/// does not contain a refused word.
class FakeTracefs final : public Files {
 public:
  Result<std::string> read(const std::string& path) const override {
    if (path.ends_with("/stats"))
      return std::string(
          "entries: 5\noverrun: 1\ncommit overrun: 2\nbytes: 9\ndropped events: 3\n");
    if (const auto found = contents.find(path); found != contents.end()) return found->second;
    return Error{ErrorKind::unsupported, path};
  }
  Result<std::vector<std::string>> list(const std::string&) const override {
    return std::vector<std::string>{};
  }
  bool exists(const std::string&) const override { return false; }
  Result<void> write(const std::string& path, std::string_view text) override {
    const std::string line = path.substr(path.find("isolab_")) + " < " + std::string(text);
    for (const auto& word : refused)
      if (line.find(word) != std::string::npos) return Error{ErrorKind::io, "refused"};
    log.push_back(line.substr(line.find('/') + 1));
    return {};
  }
  Result<void> make_dir(const std::string& path) override {
    made.push_back(path);
    return {};
  }
  Result<void> remove_dir(const std::string&) override { return {}; }

  std::vector<std::string> refused, log, made;
  std::map<std::string, std::string> contents;
};

class Instance : public testing::Test {
 protected:
  Instance() {
    facts_.online = CpuSet{0, 1, 2, 3};
    facts_.memory_bytes = std::uint64_t{8} << 30;
    capability_.tracefs = "/sys/kernel/tracing";
    capability_.clock = "x86-tsc";
    capability_.events = {
        {"csd", "csd_queue_cpu", TracedEvent::Role::sender, "cpu", true},
        {"ipi", "ipi_send_cpumask", TracedEvent::Role::sender, "cpumask"},
        {"irq", "irq_handler_exit"},
        {"task", "task_rename", TracedEvent::Role::tasks},
    };
  }
  Result<TraceInstance> create() {
    StateGuard guard(files_, journal_);
    return TraceInstance::create(files_, facts_, guard, capability_, setup_);
  }

  FakeTracefs files_;
  HostFacts facts_;
  TraceCapability capability_;
  TraceSetup setup_{
      .measured = CpuSet{1, 3}, .measured_buffer = Bytes{16 << 20}, .other_buffer = Bytes{1 << 20}};
  const test::TemporaryDirectory scratch_;
  const std::filesystem::path journal_ = scratch_ / "journal";
};

TEST_F(Instance, SetsEverythingBeforeItSwitchesAnEventOn) {
  const auto instance = create();
  ASSERT_TRUE(instance) << instance.error().text();
  EXPECT_THAT(files_.made,
              ElementsAre("/sys/kernel/tracing/instances/isolab_" + std::to_string(::getpid())));
  EXPECT_THAT(
      files_.log,
      ElementsAre("tracing_on < 0", "trace_clock < x86-tsc", "per_cpu/cpu0/buffer_size_kb < 1024",
                  "per_cpu/cpu1/buffer_size_kb < 16384", "per_cpu/cpu2/buffer_size_kb < 1024",
                  "per_cpu/cpu3/buffer_size_kb < 16384", "options/overwrite < 0",
                  "events/csd/csd_queue_cpu/filter < cpu & CPUS{1,3}",
                  "events/csd/csd_queue_cpu/trigger < stacktrace if cpu & CPUS{1,3}",
                  "events/csd/csd_queue_cpu/enable < 1",
                  "events/ipi/ipi_send_cpumask/filter < cpumask & CPUS{1,3}",
                  "events/ipi/ipi_send_cpumask/enable < 1",
                  "events/irq/irq_handler_exit/filter < CPU & CPUS{1,3}",
                  "events/irq/irq_handler_exit/enable < 1", "events/task/task_rename/enable < 1"));
  EXPECT_THAT(instance->remarks(), IsEmpty());
}

TEST_F(Instance, RecordsWorkAndTimersOfAllCpusUnlessToldNotTo) {
  capability_.events = {
      {.system = "timer",
       .name = "hrtimer_start",
       .condition = "function != 0x10",
       .everywhere = true},
      {.system = "workqueue", .name = "workqueue_execute_start", .everywhere = true},
      {"timer", "timer_start", TracedEvent::Role::deferral},
  };
  ASSERT_TRUE(create());
  EXPECT_THAT(files_.log, Contains("events/timer/hrtimer_start/filter < function != 0x10"));
  EXPECT_THAT(files_.log, Contains("events/timer/timer_start/enable < 1"));
  EXPECT_THAT(files_.log, testing::Not(Contains(HasSubstr("CPUS{"))));
  files_.log.clear();
  setup_.deferrals = false;
  ASSERT_TRUE(create());
  EXPECT_THAT(
      files_.log,
      Contains("events/timer/hrtimer_start/filter < (CPU & CPUS{1,3}) && function != 0x10"));
  EXPECT_THAT(files_.log,
              Contains("events/workqueue/workqueue_execute_start/filter < CPU & CPUS{1,3}"));
  EXPECT_THAT(files_.log, testing::Not(Contains(HasSubstr("timer/timer_start"))));
}

TEST_F(Instance, ComparesCpusWhereTheKernelKnowsNoCpus) {
  files_.refused = {"CPUS{"};
  const auto instance = create();
  ASSERT_TRUE(instance);
  EXPECT_THAT(files_.log, Contains("events/csd/csd_queue_cpu/filter < cpu == 1 || cpu == 3"));
  EXPECT_THAT(files_.log,
              Contains("events/csd/csd_queue_cpu/trigger < stacktrace if cpu == 1 || cpu == 3"));
  EXPECT_THAT(files_.log, Contains("events/irq/irq_handler_exit/filter < CPU == 1 || CPU == 3"));
  EXPECT_THAT(instance->remarks(),
              ElementsAre(HasSubstr("ipi:ipi_send_cpumask is recorded for all")));
}

TEST_F(Instance, SaysWhatTheKernelRefused) {
  files_.refused = {"/filter", "/trigger", "irq_handler_exit/enable"};
  const auto instance = create();
  ASSERT_TRUE(instance);
  EXPECT_THAT(instance->remarks(),
              ElementsAre(HasSubstr("csd_queue_cpu is recorded"), HasSubstr("No stacks"),
                          HasSubstr("ipi_send_cpumask is recorded"),
                          HasSubstr("irq_handler_exit is recorded"),
                          HasSubstr("irq_handler_exit cannot be switched on")));
  EXPECT_EQ(instance->events().size(), 3u);
}

// An arm's setting took CPU 2 offline after the facts were read; CPU 4 never was online.
TEST_F(Instance, ReadsEveryPresentCpuAndSizesThoseThatAreOnline) {
  files_.contents = {{"/sys/devices/system/cpu/online", "0-1,3\n"},
                     {"/sys/devices/system/cpu/present", "0-4\n"}};
  const auto instance = create();
  ASSERT_TRUE(instance) << instance.error().text();
  EXPECT_EQ(instance->online(), (CpuSet{0, 1, 3}));
  EXPECT_EQ(instance->cpus(), (CpuSet{0, 1, 2, 3, 4}));
  EXPECT_THAT(files_.log, Contains(HasSubstr("cpu3/buffer_size_kb")));
  for (const char* cpu : {"cpu2/", "cpu4/"})
    EXPECT_THAT(files_.log, testing::Not(Contains(HasSubstr(cpu))));
}

TEST_F(Instance, WithoutItsSenderEventsIsAnError) {
  files_.refused = {"csd_queue_cpu/enable"};
  EXPECT_FALSE(create());
}

TEST_F(Instance, LeavesOutWhatIsNotAskedFor) {
  setup_.exits = false;
  setup_.stacks = false;
  const auto instance = create();
  ASSERT_TRUE(instance);
  for (const auto& line : files_.log) {
    EXPECT_THAT(line, testing::Not(HasSubstr("irq_handler_exit")));
    EXPECT_THAT(line, testing::Not(HasSubstr("trigger")));
  }
}

TEST_F(Instance, RefusesTooLargeBuffersBeforeAnyChange) {
  facts_.memory_bytes = 60 << 20;  // 2 * 16 + 2 * 1 MiB are more than half of it
  const auto instance = create();
  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().kind, ErrorKind::usage);
  EXPECT_THAT(files_.made, IsEmpty());
  EXPECT_THAT(files_.log, IsEmpty());
}

TEST_F(Instance, SwitchesOffEventsAndTriggers) {
  const auto instance = create();
  ASSERT_TRUE(instance);
  files_.log.clear();
  ASSERT_TRUE(instance->switch_off());
  EXPECT_THAT(
      files_.log,
      ElementsAre("events/csd/csd_queue_cpu/trigger < !stacktrace",
                  "events/csd/csd_queue_cpu/enable < 0", "events/ipi/ipi_send_cpumask/enable < 0",
                  "events/irq/irq_handler_exit/enable < 0", "events/task/task_rename/enable < 0"));
}

TEST_F(Instance, ReadsTheLossOfEachCpu) {
  const auto instance = create();
  ASSERT_TRUE(instance);
  const auto loss = instance->loss();
  ASSERT_TRUE(loss);
  EXPECT_EQ(loss->size(), 4u);
  EXPECT_EQ(loss->at(3), (TraceLoss{.overrun = 1, .dropped = 3, .commit_overrun = 2}));
}

TEST(CpuFilters, SayWhatCanBeSaid) {
  using Kind = CpuFieldKind;
  const CpuSet cpus{1, 2, 5};
  EXPECT_THAT(cpu_filters("cpu", cpus, Kind::number),
              ElementsAre("cpu & CPUS{1-2,5}", "cpu == 1 || cpu == 2 || cpu == 5"));
  EXPECT_THAT(cpu_filters("cpumask", cpus, Kind::mask), ElementsAre("cpumask & CPUS{1-2,5}"));
  EXPECT_THAT(mask_word_filters(cpus, 1), ElementsAre("m0 & 0x26"));
  EXPECT_THAT(mask_word_filters(CpuSet{64}, 1), IsEmpty());
  EXPECT_THAT(mask_word_filters(CpuSet{3, 63, 64, 511}, 8),
              ElementsAre("m0 & 0x8000000000000008 || m1 & 0x1 || m7 & 0x8000000000000000"));
  EXPECT_THAT(mask_word_filters(CpuSet{}, 8), IsEmpty());
  EXPECT_THAT(cpu_filters("cpu", CpuSet{}, Kind::number), IsEmpty());
}

TEST(Kprobes, AreJournalledInAGroupOfTheirOwnAndLeaveOthersAlone) {
  const std::string path = "/sys/kernel/tracing/kprobe_events";
  MemoryFiles files({{path, "p:isolab_1/old f a=$arg1\np:kprobes/foreign g\n"}});
  test::TemporaryDirectory scratch;
  const std::filesystem::path& journals = scratch.path();
  const std::string group = fmt::format("isolab_{}", getpid());
  {
    StateGuard guard(files, journals);
    auto probes = Kprobes::define(files, guard, "/sys/kernel/tracing",
                                  {{"many", "f", "m0=$arg1", 2}, {"csq", "g", "x=1"}});
    ASSERT_TRUE(probes) << probes.error().text();
    EXPECT_EQ(guard.entries().size(), 2u);
    const auto events = probes->events();
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].full_name(), group + ":many");
    EXPECT_EQ(events[0].mask_words, 2);
    EXPECT_EQ(events[1].target, "cpu");
    EXPECT_TRUE(probes->remove());
    // MemoryFiles keeps the last write; the kernel would say what is still defined.
    ASSERT_TRUE(files.write(path, "p:isolab_1/old f a=$arg1\n"));
    EXPECT_THAT(guard.restore(), IsEmpty());
  }
  std::vector<std::string> writes;
  for (const auto& line : files.log()) writes.push_back(line.substr(line.find(path) + path.size()));
  EXPECT_THAT(writes,
              ElementsAre(HasSubstr("p:" + group + "/many f m0=$arg1"),
                          HasSubstr("p:" + group + "/csq g x=1"), HasSubstr("-:" + group + "/csq"),
                          HasSubstr("-:" + group + "/many"), HasSubstr("isolab_1/old")));
}

TEST(KernelSymbols, ResolveAddressesLikeTheKernelPrintsThem) {
  const auto symbols = KernelSymbols::parse(
      "0000000000001000 D per_cpu\n"
      "ffffffff81000000 T _text\n"
      "ffffffff81000000 T startup\n"
      "ffffffff81000040 t ipi_mb\n"
      "ffffffff81000100 T next\n"
      "ffffffff81000180 D data\n"
      "ffffffffc0001000 t handler\t[virtio]\n"
      "garbage\n\nffffffff8200\n");
  ASSERT_TRUE(symbols) << symbols.error().text();
  EXPECT_EQ(symbols->resolve(0xffffffff81000010), "_text+0x10/0x40");
  EXPECT_EQ(symbols->resolve(0xffffffff81000040), "ipi_mb+0x0/0xc0");
  EXPECT_EQ(symbols->resolve(0xffffffffc0001008), "handler+0x8/0x100000 [virtio]");
  EXPECT_EQ(symbols->resolve(0x1000), "");
  EXPECT_EQ(symbols->resolve(0xffffffff90000000), "");  // far behind the last one
  EXPECT_EQ(symbols->resolve(0), "");
}

TEST(KernelSymbols, WithoutAddressesAreDenied) {
  const auto symbols = KernelSymbols::parse("0000000000000000 T _text\n0000000000000000 t x\n");
  ASSERT_FALSE(symbols);
  EXPECT_EQ(symbols.error().kind, ErrorKind::denied);
}

TEST(Comms, ComeFromEveryThread) {
  MemoryFiles files({{"/proc/1/task/1/comm", "init\n"},
                     {"/proc/20/task/20/comm", "main\n"},
                     {"/proc/20/task/21/comm", "a worker\n"},
                     {"/proc/interrupts", ""}});
  EXPECT_TRUE(read_comms(files).empty());  // a PID namespace: its numbers are not the trace's
  auto texts = files.contents();
  texts["/proc/2/comm"] = "kthreadd\n";
  files = MemoryFiles{texts};
  EXPECT_EQ(read_comms(files), (Comms{{1, "init"}, {20, "main"}, {21, "a worker"}}));
  EXPECT_EQ(parse_comms("1 init\n21 a worker\nx y\n"), (Comms{{1, "init"}, {21, "a worker"}}));
}

}  // namespace
}  // namespace isolab
