// SPDX-License-Identifier: Apache-2.0
// The arms that a matrix made of two are compared value by value.
#include "analysis/compare/arm_family.h"
#include "analysis/compare.h"
#include "analysis/model/comparison.h"

#include <gmock/gmock.h>

namespace isolab {
namespace {

Metric lost(const char* arm, double value) {
  Metric out;
  out.name = "time_lost";
  out.labels = {{"arm", arm}, {"cpu", "all"}};
  out.value = value;
  out.exposure_s = 10;
  return out;
}

/// `secret` loses `factor` times what `plain` does, times the pages.
Findings session(double factor) {
  Findings out;
  for (const char* name : {"idle", "plain pages=1", "plain pages=16", "secret pages=1",
                           "secret pages=16", "secret kind"}) {
    ArmSummary arm;
    arm.name = name;
    arm.workloads = {"direct_map"};
    arm.windows = 1;
    out.arms.push_back(arm);
  }
  out.metrics = {lost("idle", 1), lost("plain pages=1", 2), lost("plain pages=16", 32),
                 lost("secret pages=1", 2 * factor), lost("secret pages=16", 32 * factor * 2)};
  return out;
}

TEST(ArmFamily, IsWhatAMatrixMadeOfAnArm) {
  const Findings one = session(3);
  EXPECT_TRUE(is_family(one, "secret"));
  EXPECT_FALSE(is_family(one, "idle"));         // is an arm itself
  EXPECT_FALSE(is_family(one, "secret kind"));  // likewise
  EXPECT_FALSE(is_family(one, "sec"));
  EXPECT_FALSE(is_family(one, ""));
  const Findings family = only_family(one, "secret");
  ASSERT_EQ(family.arms.size(), 2u);
  EXPECT_EQ(family.arms[1].name, "pages=16");
  ASSERT_EQ(family.metrics.size(), 2u);
  EXPECT_EQ(family.metrics[0].labels.at("arm"), "pages=1");
}

TEST(ArmFamily, FamiliesAreComparedValueByValueAndGiveALine) {
  std::vector<Findings> kept;
  for (int i = 0; i < 6; ++i) kept.push_back(session(3 + i / 10.0));
  SessionGroup base{"plain", "plain", {}, {}};
  SessionGroup other{"secret", "secret", {}, {}};
  for (auto* group : {&base, &other})
    for (const auto& row : kept) {
      group->sessions.push_back(&row);
      group->places.push_back("here");
    }
  const auto compared = compare({base, other}, {});
  ASSERT_TRUE(compared) << compared.error().what;
  ASSERT_EQ(compared->metrics.size(), 2u);
  EXPECT_EQ(compared->metrics[0].key.labels.at("arm"), "pages=1");
  EXPECT_NEAR(*compared->metrics[0].changes[0].ratio, 3.25, 0.2);
  EXPECT_NEAR(*compared->metrics[1].changes[0].ratio, 6.5, 0.4);
  ASSERT_EQ(compared->scaling.size(), 1u);
  EXPECT_EQ(compared->scaling[0].axis, "pages");
  EXPECT_EQ(compared->scaling[0].points.size(), 2u);
  // Both sides' loads, not the idle arm's.
  EXPECT_EQ(compared->loads.size(), 4u);
  EXPECT_FALSE(compared->loads.contains("idle"));
}

TEST(ArmFamily, AnArmThatNobodyHasIsRefused) {
  const Findings one = session(3);
  const auto refused =
      compare({{"plain", "plain", {&one}, {"here"}}, {"secrt", "secrt", {&one}, {"here"}}}, {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().hint, testing::HasSubstr("secret pages=16"));
}

}  // namespace
}  // namespace isolab
