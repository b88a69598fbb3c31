// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "analysis/analyse.h"
#include "analysis/model/findings.h"
#include "report/text/page_cost.h"
#include "report/text/report.h"
#include "report/text/tables.h"
#include "tests/support/report_recordings.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/traced_recording.h"

namespace isolab {
namespace {

// A report of an emulated guest ended in map::at: its withheld times come without labels.
TEST(AttachedBenchmarks, ThatNobodyAttachedHaveNoLine) {
  Findings findings;
  Metric withheld;
  withheld.name = "benchmark_time";
  withheld.not_applicable = "times of an emulated guest mean nothing";
  findings.metrics.push_back(withheld);
  EXPECT_EQ(benchmarks_text(findings), "");
  findings.metrics[0].labels = {{"benchmark", "ipi"}, {"case", "1 CPU"}};
  EXPECT_NE(benchmarks_text(findings).find("mean nothing"), std::string::npos);
}

// The same fault in the table of CPU times, of every emulated recording.
TEST(Report, OfAnEmulatedCpuHasNoCpuTimes) {
  auto recording = test::cyclictest_recording();
  EXPECT_FALSE(time_table(analyse(recording)).table.empty());
  recording.facts["cpu.emulated"] = "yes: QEMU";
  const auto findings = analyse(recording);
  EXPECT_TRUE(time_table(findings).table.empty());
  const std::string text = render_report(findings, {}).value();
  EXPECT_NE(text.find("no times: emulated CPU"), std::string::npos) << text;
}

// Without times the causes were ordered by runs, which a reschedule has none of.
TEST(Causes, WithoutTimesAreOrderedByHowOftenTheyCame) {
  const test::TemporaryDirectory directory;
  test::TracedRecording made(directory.path());
  made.add_visits("visits", {"visitor"}, 40);
  made.recording().facts["cpu.emulated"] = "yes: QEMU";
  const auto findings = analyse(made.recording());
  ASSERT_EQ(findings.interruptions.cpus.size(), 1u);
  const auto& causes = findings.interruptions.cpus[0].causes;
  EXPECT_FALSE(findings.interruptions.cpus[0].heard);
  ASSERT_GE(causes.size(), 3u);
  EXPECT_TRUE(std::is_sorted(causes.begin(), causes.end(),
                             [](const auto& x, const auto& y) { return x.times() > y.times(); }));
  const auto of = [&](CauseKind kind) {
    return std::find_if(causes.begin(), causes.end(),
                        [&](const auto& one) { return one.name.kind == kind; });
  };
  ASSERT_NE(of(CauseKind::reschedule), causes.end());
  EXPECT_EQ(of(CauseKind::reschedule)->times(), 40u);
  EXPECT_LT(of(CauseKind::reschedule), of(CauseKind::tick));
}

}  // namespace
}  // namespace isolab
