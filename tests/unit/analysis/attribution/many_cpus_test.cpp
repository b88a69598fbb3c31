// SPDX-License-Identifier: Apache-2.0
// A trace of 512 CPUs without csd events (level C): calls to CPUs beyond the first word of the mask
// are joined to their senders like all others.
#include <gtest/gtest.h>

#include "analysis/attribution/attribution.h"
#include "tests/support/trace_builder.h"

namespace isolab {
namespace {

constexpr std::uint64_t kFunction = 0x1000, kFrame = 0x2000;
constexpr int kCpus = 512;
constexpr int kSenderCpu = 300;  // none of the receivers
constexpr std::uint64_t kRound = 100'000, kWindow = 1'000'000;

class ManyCpus : public testing::TestWithParam<int> {};

TEST_P(ManyCpus, CallsAreJoinedToTheirSender) {
  const std::vector<int> measured{GetParam(), (GetParam() + 64) % kCpus};
  std::vector<int> everyone;
  for (int cpu = 0; cpu < kCpus; ++cpu) everyone.push_back(cpu);

  test::TraceBuilder make;
  make.pid = 77;
  const auto arrives = [&](int cpu, std::uint64_t time) {
    make.call_ipi(cpu, time);
    make.call_ipi_end(cpu, time + 50);
  };
  // Round 1 goes to everyone, round 2 to the first CPU alone.
  make.queue_many(kSenderCpu, kRound, everyone, kFunction);
  make.stack(kSenderCpu, kRound + 1, {kFrame});
  make.queue_many(kSenderCpu, 2 * kRound, {measured[0]}, kFunction);
  make.stack(kSenderCpu, 2 * kRound + 1, {kFrame});
  for (int cpu = 0; cpu < kCpus; ++cpu) {
    if (cpu != kSenderCpu) arrives(cpu, kRound + 500);
    if (cpu == measured[0]) arrives(cpu, 2 * kRound + 500);
  }

  TraceDirectory trace;
  trace.formats = test::made_formats(
      {"csd:csd_queue_cpu", "csd:csd_function_entry", "csd:csd_function_exit", "ipi:ipi_send_cpu"});
  auto many = EventFormat::parse(test::made_many().system, test::made_many().text());
  ASSERT_TRUE(many && trace.formats.add(*std::move(many)));
  trace.symbols = {{kFunction, "flush_tlb_func+0x0/0x40"}, {kFrame, "flush_tlb_mm+0x1/0x40"}};
  trace.comms = {{77, "sender"}};
  TraceMeta meta;
  meta.level = "C";
  meta.clock = "x86-tsc";
  meta.end = kWindow;

  const auto rules = Classifier::create(builtin_class_rules(), "x86_64", "6.1.0");
  ASSERT_TRUE(rules);
  const std::vector<Gap> gaps{{kRound + 400, 400}};
  std::vector<CpuGaps> heard;
  for (const int cpu : measured) heard.push_back({cpu, 0, kWindow, 1000, gaps});
  trace.pages[kCpus - 1] = std::filesystem::path();  // names the highest CPU
  Attribution attribution(trace, meta, *rules, heard);
  const auto pages = make.take();
  std::vector<CpuReader> readers;
  for (const auto& [cpu, bytes] : pages) readers.emplace_back(bytes, cpu, trace.formats.layout);
  merge_cpus(std::move(readers), [&](const TraceEvent& event) { attribution.add(event); });
  attribution.finish();

  for (std::size_t i = 0; i < measured.size(); ++i) {
    const auto& cpu = attribution.cpus()[i];
    const std::uint64_t calls = i == 0 ? 2 : 1;
    EXPECT_EQ(cpu.calls_queued, calls) << "CPU " << measured[i];
    EXPECT_EQ(cpu.counted.function_ipis, calls) << "CPU " << measured[i];
    EXPECT_EQ(cpu.callbacks_joined, calls) << "CPU " << measured[i];
    EXPECT_EQ(cpu.explained, 1U) << "CPU " << measured[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Places, ManyCpus, testing::Values(0, 63, 64, 127, 128, 447, 448, 511));

}  // namespace
}  // namespace isolab
