// SPDX-License-Identifier: Apache-2.0
#include "analysis/metrics/benchmarks.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "analysis/analyse.h"
#include "tests/support/recording_builder.h"

namespace isolab {
namespace {

BenchmarkFile file_of(std::vector<double> times, double misses = 5) {
  BenchmarkFile out;
  BenchmarkRun run;
  run.name = "tlb_refill";
  run.parameters = "after:ipi pages:64";
  run.counters["dtlb_load_misses"].assign(times.size(), misses);
  run.times_ns = std::move(times);
  run.seconds = 2;
  out.runs = {run};
  return out;
}

TEST(BenchmarkMetrics, RepetitionsOfOneFileAreTheReplicates) {
  test::RecordingBuilder builder;
  builder.window(builder.arm("idle"), {});
  builder.recording().benchmarks = {file_of({6, 1, 5, 2, 4, 3})};
  const auto findings = analyse(builder.recording());
  const auto* time = find_metric(findings, "benchmark_time",
                                 {{"benchmark", "tlb_refill"}, {"case", "after:ipi pages:64"}});
  ASSERT_NE(time, nullptr);
  EXPECT_EQ(*time->value, 3.5);
  EXPECT_EQ(*time->lower95, 1);
  EXPECT_EQ(*time->upper95, 6);
  EXPECT_EQ(time->repeats, 6);
  EXPECT_EQ(time->exposure_s, 2);
  EXPECT_EQ(*find_metric(findings, "benchmark_counter", {{"counter", "dtlb_load_misses"}})->value,
            5);
}

TEST(BenchmarkMetrics, ADebugBuildIsWarnedOf) {
  test::RecordingBuilder builder;
  builder.window(builder.arm("idle"), {});
  auto file = file_of({1, 2, 3});
  file.file = "ladder.json";
  file.debug_build = true;
  builder.recording().benchmarks = {file_of({1, 2, 3}), file};
  const auto findings = analyse(builder.recording());
  const auto found =
      std::find_if(findings.warnings.begin(), findings.warnings.end(),
                   [](const auto& one) { return one.warning.id == "benchmark_debug_build"; });
  ASSERT_NE(found, findings.warnings.end());
  EXPECT_THAT(found->warning.seen, testing::HasSubstr("ladder.json"));
  EXPECT_TRUE(benchmark_warnings({file_of({1})}).empty());
}

TEST(BenchmarkMetrics, SeveralFilesAreSessions) {
  std::vector<Metric> out;
  add_benchmark_metrics({file_of({1, 2, 3}), file_of({10, 20, 30}), file_of({4, 5, 6})}, out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(*out.front().value, 5);  // the median of 2, 20 and 5
  EXPECT_EQ(out.front().repeats, 3);
  EXPECT_FALSE(out.front().lower95);
}

TEST(BenchmarkMetrics, ASkippedOneIsNotApplicableWithItsReason) {
  BenchmarkFile file;
  file.runs = {{.name = "mprotect_ceiling", .error = "not applicable: no debugfs"}};
  std::vector<Metric> out;
  add_benchmark_metrics({file}, out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_FALSE(out.front().value);
  EXPECT_EQ(out.front().not_applicable, "no debugfs");
}

}  // namespace
}  // namespace isolab
