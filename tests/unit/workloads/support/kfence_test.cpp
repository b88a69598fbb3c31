// SPDX-License-Identifier: Apache-2.0
// KFENCE on machines made of text: none, without static keys (Debian), with them.
#include "workloads/support/kfence.h"

#include <gmock/gmock.h>

#include "workloads/contract/workload.h"

namespace isolab {
namespace {

using ::testing::HasSubstr;

constexpr const char* kStats =
    "enabled: 1\n"
    "currently allocated: 12\n"
    "total allocations: 4711\n"
    "total frees: 4699\n"
    "zombie allocations: 0\n"
    "total bugs: 0\n"
    "skipped allocations (incompatible): 900\n"
    "skipped allocations (capacity): 5\n"
    "skipped allocations (covered): 84\n";

struct Machine {
  Machine(std::map<std::string, std::string> text, std::map<std::string, std::string> config)
      : files(std::move(text)) {
    facts.kernel_config = std::move(config);
    facts.root = true;
  }
  Host host() { return {files, facts}; }
  MemoryFiles files;
  HostFacts facts;
};

Machine debian() {
  return {{{kKfenceInterval, "0\n"},
           {"/sys/module/kfence/parameters/burst", "0\n"},
           {kKfenceStats, kStats}},
          {{"CONFIG_KFENCE", "y"}}};
}
Machine patching() {
  return {{{kKfenceInterval, "100\n"}, {kKfenceStats, kStats}},
          {{"CONFIG_KFENCE", "y"}, {"CONFIG_KFENCE_STATIC_KEYS", "y"}}};
}

std::vector<Claim> claims(Machine& machine) {
  return *workloads::kfence_sampling.claims({}, machine.host());
}
std::optional<ExpectedIpis> expected(Machine& machine, Arch arch) {
  return workloads::kfence_sampling.expected({}, machine.host(), arch);
}

TEST(Kfence, KernelBuiltWithoutItIsUnsupportedWithTheReason) {
  Machine machine({}, {{"CONFIG_SLUB", "y"}});
  const auto state = read_kfence(machine.host());
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(state.error().what, HasSubstr("built without KFENCE"));
  EXPECT_TRUE(claims(machine).empty());
  EXPECT_FALSE(expected(machine, Arch::x86_64));
}

TEST(Kfence, WithoutReadableConfigurationTheMissingParameterIsTheReason) {
  Machine machine({}, {});
  const auto state = read_kfence(machine.host());
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(state.error().what, HasSubstr(kKfenceInterval));
}

TEST(Kfence, WithoutStaticKeysSamplesSendNoIpi) {
  Machine machine = debian();
  const auto state = read_kfence(machine.host());
  ASSERT_TRUE(state);
  EXPECT_EQ(state->static_keys, "n");
  EXPECT_THAT(kfence_disturbs(*state, Arch::x86_64), HasSubstr("no IPI"));
  ASSERT_TRUE(expected(machine, Arch::x86_64));
  EXPECT_EQ(expected(machine, Arch::x86_64)->per_op, 0);
  ASSERT_EQ(claims(machine).size(), 1u);
  EXPECT_EQ(claims(machine)[0].path, kKfenceInterval);
  EXPECT_EQ(claims(machine)[0].kind, Claim::Kind::value);
}

TEST(Kfence, WithStaticKeysASampleIsSixIpisOnX86) {
  Machine machine = patching();
  const auto state = read_kfence(machine.host());
  ASSERT_TRUE(state);
  EXPECT_EQ(state->static_keys, "y");
  EXPECT_THAT(kfence_disturbs(*state, Arch::x86_64), HasSubstr("6 IPIs"));
  ASSERT_TRUE(expected(machine, Arch::x86_64));
  EXPECT_EQ(expected(machine, Arch::x86_64)->per_op, 6);
  EXPECT_EQ(expected(machine, Arch::x86_64)->row, "function_call");
  EXPECT_EQ(expected(machine, Arch::arm64)->per_op, 2);
}

TEST(Kfence, UnreadableConfigurationIsSaidAndNothingIsExpected) {
  Machine machine({{kKfenceInterval, "100\n"}}, {});
  const auto state = read_kfence(machine.host());
  ASSERT_TRUE(state);
  EXPECT_EQ(state->static_keys, "unknown");
  EXPECT_THAT(kfence_disturbs(*state, Arch::x86_64), HasSubstr("unknown"));
  EXPECT_FALSE(expected(machine, Arch::x86_64)->per_op);
}

TEST(KfenceStats, SamplesAreAllocationsAndThoseSkippedBehindTheGate) {
  EXPECT_EQ(*kfence_samples(kStats, 1), 4711u + 5u + 84u);
  EXPECT_EQ(*kfence_samples(kStats, 4), 4800u / 4u);
}

TEST(KfenceStats, OlderKernelsHaveNoSkipCounters) {
  EXPECT_EQ(*kfence_samples("enabled: 1\ntotal allocations: 7\n", 1), 7u);
}

TEST(KfenceStats, GarbageIsAParseError) {
  for (const char* text :
       {"", "enabled: 1\n", "total allocations: many\n", "total allocations:\n"}) {
    const auto samples = kfence_samples(text, 1);
    ASSERT_FALSE(samples) << text;
    EXPECT_EQ(samples.error().kind, ErrorKind::parse) << text;
  }
}

TEST(KfenceInterval, IsWholeMilliseconds) {
  EXPECT_EQ(*kfence_interval_text(std::chrono::milliseconds(100)), "100");
  EXPECT_EQ(*kfence_interval_text(std::chrono::seconds(2)), "2000");
  EXPECT_EQ(*kfence_interval_text(Nanos{0}), "0");
  EXPECT_EQ(kfence_interval_text(std::chrono::microseconds(1500)).error().kind, ErrorKind::usage);
}

class KfenceWorkload : public ::testing::Test {
 protected:
  WorkloadContext context(Machine& machine) {
    auto note = [this](const std::string& key, const std::string& value) { notes_[key] = value; };
    return {.host = machine.host(),
            .cpus = {0},
            .measured = {1},
            .counters = WorkCounters(slots_),
            .stop = StopFlag(stop_),
            .note = note};
  }
  WorkCounters::Slots slots_{};
  std::atomic<std::uint32_t> stop_{0};
  std::map<std::string, std::string> notes_;
};

TEST_F(KfenceWorkload, DryRunWithoutKfenceIsUnsupported) {
  Machine machine({}, {{"CONFIG_SLUB", "y"}});
  auto workload = workloads::kfence_sampling.make({}, context(machine));
  ASSERT_TRUE(workload);
  const auto tried = (*workload)->dry_run();
  ASSERT_FALSE(tried);
  EXPECT_EQ(tried.error().kind, ErrorKind::unsupported);
}

TEST_F(KfenceWorkload, PrepareWritesTheIntervalAndSaysWhatItDisturbs) {
  Machine machine = debian();
  auto in = context(machine);
  in.knobs.emplace(kKfenceInterval, Knob(machine.files, kKfenceInterval, "0"));
  auto workload = workloads::kfence_sampling.make({{"sample_interval", {"10ms"}}}, in);
  ASSERT_TRUE(workload);
  ASSERT_TRUE((*workload)->prepare());
  EXPECT_EQ(trimmed(machine.files.contents().at(kKfenceInterval)), "10");
  EXPECT_THAT(notes_["disturbs"], HasSubstr("no IPI"));
  EXPECT_EQ(notes_["sample_interval_before_ms"], "0");
}

TEST_F(KfenceWorkload, CountsOnlyItsOwnSamples) {
  Machine machine = debian();
  auto in = context(machine);
  in.knobs.emplace(kKfenceInterval, Knob(machine.files, kKfenceInterval, "0"));
  auto workload = workloads::kfence_sampling.make({}, in);
  ASSERT_TRUE(workload);
  ASSERT_TRUE((*workload)->dry_run());
  EXPECT_EQ(slots_[0].load(), 0u);  // 4800 were taken before
  EXPECT_EQ(slots_[1].load(), 1u);
}

TEST_F(KfenceWorkload, WithoutStatisticsItRefusesToCountZero) {
  Machine machine({{kKfenceInterval, "0\n"}}, {{"CONFIG_KFENCE", "y"}});
  auto in = context(machine);
  in.knobs.emplace(kKfenceInterval, Knob(machine.files, kKfenceInterval, "0"));
  const auto tried = (*workloads::kfence_sampling.make({}, in))->prepare();
  ASSERT_FALSE(tried);
  EXPECT_EQ(tried.error().kind, ErrorKind::unsupported);
}

}  // namespace
}  // namespace isolab
