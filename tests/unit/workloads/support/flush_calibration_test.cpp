// SPDX-License-Identifier: Apache-2.0
// What a kernel flush sends: the workloads' expectations on captured machines of three kinds, and
// the measurement that takes the place of what cannot be read.
#include <gmock/gmock.h>

#include "tests/support/captured_machine.h"
#include "tests/support/workload_bench.h"
#include "workloads/support/expectations.h"
#include "workloads/support/flush_calibration.h"

namespace isolab {
namespace {

using By = KernelFlush::By;
using testing::HasSubstr;

constexpr const char* kConfig = "/boot/config-6.18.12-amd64";

/// A captured machine, and what is changed of it.
struct Variant {
  const char* name;
  const char* machine;
  Arch arch;
  std::optional<bool> invlpgb;  // what CPUID says; absent: not asked, as of every captured machine
  const char* option;  // CONFIG_BROADCAST_TLB_FLUSH, where the machine has it: "y", "n", "?"
  std::optional<double> calls;  // a kernel flush sends to each CPU
  std::optional<double> user_calls;
  const char* source;  // a part of what the expectation says of itself
};

class FlushExpectations : public testing::TestWithParam<Variant> {
 protected:
  FlushExpectations() {
    const auto& variant = GetParam();
    auto text =
        CapturedMachine(ISOLAB_SOURCE_DIR "/tests/hosts", variant.machine).files().contents();
    text["/proc/sys/vm/hugetlb_optimize_vmemmap"] = "0\n";
    if (std::string_view(variant.option) == "?") text.erase(kConfig);
    if (std::string_view(variant.option) == "n") text[kConfig] = "CONFIG_64BIT=y\n";
    files_ = MemoryFiles(std::move(text));
    facts_ = read_kernel_facts(files_);
    if (variant.invlpgb)
      facts_.kernel_flush =
          x86_kernel_flush({variant.invlpgb, files_.read("/proc/cpuinfo").value(),
                            files_.read("/proc/cmdline").value(), facts_.kernel_release,
                            facts_.config("CONFIG_BROADCAST_TLB_FLUSH")});
  }

  ExpectedIpis expected(const WorkloadInfo& info, const ParamValues& values) {
    const auto out = info.expected(values, Host{files_, facts_}, GetParam().arch);
    EXPECT_TRUE(out) << info.name;
    return out.value_or(ExpectedIpis{});
  }
  static std::optional<double> times(std::optional<double> calls, double flushes) {
    return calls ? std::optional(*calls * flushes) : std::nullopt;
  }

  MemoryFiles files_;
  HostFacts facts_;
};

TEST_P(FlushExpectations, OfEveryWorkloadThatFlushesKernelMappings) {
  const auto calls = GetParam().calls;
  const auto resize = expected(workloads::hugepage_resize, {{"pages", {"7"}}});
  EXPECT_EQ(resize.per_op, times(calls, 2));
  EXPECT_THAT(resize.source, HasSubstr(GetParam().source));
  const auto touch = expected(workloads::direct_map, {{"pages", {"7"}}});
  EXPECT_EQ(touch.per_op, times(calls, 7));
  EXPECT_EQ(touch.per_split, calls.value_or(0));
  const auto build = expected(workloads::kernel_build, {{"heap", {"secret"}}});
  EXPECT_EQ(build.per_op, calls);
  EXPECT_EQ(build.count, "pages");
  const auto churn = expected(workloads::vmalloc_churn, {});
  EXPECT_EQ(churn.per_op.has_value(), calls.has_value());
  EXPECT_EQ(churn.per_op.value_or(0) > 0, calls.value_or(0) > 0);
  for (const auto& footprint : {resize, touch, build, churn})
    EXPECT_EQ(footprint.row, "function_call");
}

TEST_P(FlushExpectations, OfUserMappings) {
  const auto change = expected(workloads::mprotect_shootdown, {});
  // A hypervisor may flush in place of the kernel.
  const bool guest = facts_.hypervisor == "KVM";
  EXPECT_EQ(change.per_op, guest ? std::nullopt : times(GetParam().user_calls, 2));
  EXPECT_EQ(change.row, "tlb");
  EXPECT_FALSE(change.source.empty());
}

const Variant kVariants[] = {
    {"Intel", "server_x86_smt", Arch::x86_64, {}, "", 1, 1, "vendor GenuineIntel"},
    {"IntelGuest", "guest_x86_2cpu", Arch::x86_64, false, "", 1, 1, "no INVLPGB"},
    {"AmdWithout", "server_amd_8cpu", Arch::x86_64, false, "y", 1, 1, "no INVLPGB"},
    {"AmdWithoutUnreadable", "server_amd_8cpu", Arch::x86_64, false, "?", 1, 1, "no INVLPGB"},
    {"AmdWith", "server_amd_8cpu", Arch::x86_64, true, "y", 0, {}, "broadcast by hardware, 0 IPIs"},
    {"AmdWithOptionOff", "server_amd_8cpu", Arch::x86_64, true, "n", 1, 1, "CONFIG_BROADCAST"},
    {"AmdWithUnreadable", "server_amd_8cpu", Arch::x86_64, true, "?", {}, {}, "cannot be read"},
    {"AmdCaptured", "server_amd_8cpu", Arch::x86_64, {}, "y", {}, {}, "was not read"},
    {"Arm", "emag_arm64_32cpu", Arch::arm64, {}, "", 0, 0, "TLBI"},
};

INSTANTIATE_TEST_SUITE_P(All, FlushExpectations, testing::ValuesIn(kVariants),
                         [](const auto& test) { return test.param.name; });

TEST(UserFlushes, OnFewCpusAreInterruptsAlsoWhereTheHardwareBroadcasts) {
  MemoryFiles files;
  HostFacts facts;
  facts.kernel_flush = {By::broadcast, "of the test"};
  facts.online = {0, 1, 2};
  EXPECT_EQ(expected_of_user_flushes({files, facts}, Arch::x86_64, 2).per_op, 2);
  facts.online = {0, 1, 2, 3};
  EXPECT_FALSE(expected_of_user_flushes({files, facts}, Arch::x86_64, 2).per_op);
}

TEST(UserFlushes, MayBeTheHypervisors) {
  MemoryFiles files;
  HostFacts facts;
  facts.kernel_flush = {By::interrupt, "of the test"};
  EXPECT_EQ(expected_of_user_flushes({files, facts}, Arch::x86_64, 2).per_op, 2);
  for (const char* hypervisor : {"Hyper-V", "Xen", "KVM"}) {
    facts.hypervisor = hypervisor;
    EXPECT_FALSE(expected_of_user_flushes({files, facts}, Arch::x86_64, 2).per_op);
  }
}

TEST(FlushCounts, TheMedianDecides) {
  EXPECT_EQ(judge_flush_counts({0, 0, 0, 0, 0}, 2).by, By::broadcast);
  EXPECT_EQ(judge_flush_counts({0, 1, 0, 0, 0}, 2).by, By::broadcast);
  // Flushes that are put off show as some: that is no broadcast.
  EXPECT_EQ(judge_flush_counts({1, 1, 0, 0, 0}, 2).by, By::unknown);
  EXPECT_EQ(judge_flush_counts({2, 2, 2, 2, 2}, 2).by, By::interrupt);
  EXPECT_EQ(judge_flush_counts({2, 0, 3, 2, 2}, 2).by, By::interrupt);
  EXPECT_EQ(judge_flush_counts({16, 17, 16, 16, 16}, 16).by, By::interrupt);
  EXPECT_EQ(judge_flush_counts({1, 1, 1, 1, 1}, 16).by, By::unknown);
  EXPECT_EQ(judge_flush_counts({}, 2).by, By::unknown);
  EXPECT_THAT(judge_flush_counts({0, 0, 0, 2, 0}, 2).source,
              HasSubstr("0, 0, 0, 2, 0 function-call IPIs on another CPU around 2 kernel flushes"));
}

/// A machine made of text, on which each operation sends `calls` IPIs to every CPU.
class Calibration : public testing::Test {
 protected:
  Calibration() {
    bench_.setup().measured = cpus_ - CpuSet{here_};
    bench_.setup().cpus = {here_};
    sent(0);
  }

  void sent(int calls) {
    calls_ += calls;
    std::string header = "     ", row = "CAL: ";
    for (int cpu = 0; cpu <= cpus_.last(); ++cpu) {
      header += " CPU" + std::to_string(cpu);
      row += " " + std::to_string(calls_);
    }
    ASSERT_TRUE(
        files_.write("/proc/interrupts", header + "\n" + row + "  Function call interrupts\n"));
  }
  Result<void> calibrate(int calls, double flushes) {
    operations_ = 0;
    return run_and_calibrate(bench_.context(), flushes, [&]() -> Result<void> {
      ++operations_;
      sent(calls);
      return {};
    });
  }
  std::string note() { return bench_.block().notes()[kKernelFlushNote]; }

  const CpuSet cpus_ = this_thread_cpus();
  const int here_ = cpus_.first().value();
  int operations_ = 0, calls_ = 0;
  MemoryFiles files_{{{"/proc/interrupts", ""}}};
  WorkloadBench bench_{files_};
};

TEST_F(Calibration, CountsWhatTheOperationSends) {
  if (cpus_.count() < 2) GTEST_SKIP() << "a second CPU has to be kept busy";
  ASSERT_TRUE(calibrate(2, 2));
  EXPECT_EQ(operations_, 5);
  EXPECT_THAT(note(), HasSubstr("interrupt: measured: 2, 2, 2, 2, 2 function-call IPIs"));
}

TEST_F(Calibration, NoneIsABroadcast) {
  if (cpus_.count() < 2) GTEST_SKIP() << "a second CPU has to be kept busy";
  ASSERT_TRUE(calibrate(0, 1));
  EXPECT_EQ(operations_, 10);  // two flushes each time
  EXPECT_THAT(note(), HasSubstr("broadcast: measured: 0, 0, 0, 0, 0"));
}

TEST_F(Calibration, WithoutASecondCpuTheReasonIsNotedAndTheOperationIsTried) {
  bench_.setup().measured = {};
  ASSERT_TRUE(calibrate(2, 2));
  EXPECT_EQ(operations_, 1);
  EXPECT_THAT(note(), HasSubstr("not measured: cannot count on another CPU"));
}

TEST_F(Calibration, OfAKnownMachineOrWithoutFlushesIsOneOperation) {
  ASSERT_TRUE(calibrate(2, 0));
  EXPECT_EQ(operations_, 1);
  EXPECT_EQ(note(), "");
  HostFacts known;
  known.kernel_flush.by = By::interrupt;
  WorkloadBench bench(files_, known);
  int operations = 0;
  ASSERT_TRUE(run_and_calibrate(bench.context(), 2, [&]() -> Result<void> {
    ++operations;
    return {};
  }));
  EXPECT_EQ(operations, 1);
  EXPECT_TRUE(bench.block().notes().empty());
}

TEST_F(Calibration, AnErrorOfTheOperationIsTheOutcome) {
  const auto outcome = run_and_calibrate(bench_.context(), 2, []() -> Result<void> {
    return Error{ErrorKind::unsupported, "no free huge page"};
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().what, "no free huge page");
}

}  // namespace
}  // namespace isolab
