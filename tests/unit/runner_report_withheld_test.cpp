// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "runner/report_page_cost.h"

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

}  // namespace
}  // namespace isolab
