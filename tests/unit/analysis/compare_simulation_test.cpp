// SPDX-License-Identifier: Apache-2.0
// Comparisons of many sessions made by chance: how often they flag what is not there, and miss what
// is.
#include <gtest/gtest.h>

#include "analysis/model/comparison.h"
#include "tests/support/compare_sessions.h"

namespace isolab {
namespace {

using test::compared;
using test::Sessions;

constexpr int kMetrics = 60;

std::vector<Findings> by_chance(Random& random, int sessions, double change = 1) {
  std::vector<Findings> out;
  for (int i = 0; i < sessions; ++i) out.push_back(test::random_session(random, kMetrics, change));
  return out;
}

TEST(ComparisonSimulation, PairsWithoutAChangeFlagAtMostOnePercent) {
  Random random(5);
  std::size_t flags = 0;
  std::size_t tests = 0;
  for (int pair = 0; pair < 40; ++pair) {
    Sessions sessions;
    const auto out = compared(
        {sessions.group("a", by_chance(random, 6)), sessions.group("b", by_chance(random, 6))});
    flags += flagged(out);
    tests += out.tests;
  }
  RecordProperty("flagged", static_cast<int>(flags));
  RecordProperty("tests", static_cast<int>(tests));
  EXPECT_GT(tests, 2000u);
  EXPECT_LE(flags * 100, tests);
}

TEST(ComparisonSimulation, AKnownShiftIsFound) {
  Random random(6);
  std::size_t found = 0;
  std::size_t wrong = 0;
  std::size_t shifted = 0;
  for (int pair = 0; pair < 10; ++pair) {
    Sessions sessions;
    const auto out = compared({sessions.group("a", by_chance(random, 10)),
                               sessions.group("b", by_chance(random, 10, 2))});
    for (const auto& metric : out.metrics) {
      if (!metric.changes[0].q) continue;
      const bool is_shifted =
          metric.key.labels.contains("workload") && metric.key.labels.at("workload").back() == '0';
      const bool flag = metric.changes[0].outcome == Outcome::changed ||
                        metric.changes[0].outcome == Outcome::worse ||
                        metric.changes[0].outcome == Outcome::better;
      shifted += is_shifted;
      found += is_shifted && flag;
      wrong += !is_shifted && flag;
    }
  }
  EXPECT_EQ(shifted, 60u);
  EXPECT_GE(found * 100, shifted * 95);
  // A tenth of the metrics changed: 5 % of what is flagged may be wrong, in clusters, since the
  // metrics of a session move together.
  EXPECT_LE(wrong * 100, (found + wrong) * 15);
}

}  // namespace
}  // namespace isolab
