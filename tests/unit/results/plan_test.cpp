// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "results/json.h"
#include "tests/support/sample_recording.h"

namespace isolab {
namespace {

using ::testing::HasSubstr;

/// The sample plan's JSON with one member of the document replaced.
std::string plan_with(const std::string& key, Json value) {
  auto json = *parse_json(plan_to_json(test::sample_plan()));
  std::get<JsonObject>(json.value)[key] = std::move(value);
  return print_json(json);
}

TEST(PlanJson, EveryFieldComesBack) {
  const auto plan = test::sample_plan();
  const auto back = plan_from_json(plan_to_json(plan));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(*back, plan);
}

TEST(PlanJson, TheBootOfAnArmComesBackAndMayBeAbsent) {
  auto plan = test::sample_plan();
  const auto without = plan_to_json(plan);
  plan.arms.back().boot = PlannedBoot{"6.12-rt", "nmi_watchdog=0"};
  const auto with = plan_to_json(plan);
  EXPECT_EQ(plan_from_json(with).value(), plan);
  EXPECT_THAT(with, HasSubstr("\"kernel\": \"6.12-rt\""));
  EXPECT_FALSE(plan_from_json(without).value().arms.back().boot)
      << "as recorded before there was one";
}

TEST(PlanJson, RefusesWhatIsNotAPlan) {
  EXPECT_EQ(plan_from_json(plan_with("colour", "red")).error().what,
            "plan.json: /: unknown key \"colour\"");
  EXPECT_EQ(plan_from_json(plan_with("repeats", "two")).error().what,
            "plan.json: /repeats: expected a 64-bit integer, found a string");
  EXPECT_EQ(plan_from_json(plan_with("measured", "3-1")).error().what,
            "plan.json: /measured: CPU list \"3-1\": a range ends before it starts");
  EXPECT_EQ(plan_from_json(plan_with("arms", JsonArray{JsonObject{}})).error().what,
            "plan.json: /arms/0: \"name\" is missing");
  EXPECT_THAT(plan_from_json(plan_with("repeats", std::uint64_t{1} << 40)).error().what,
              HasSubstr("/repeats: the integer is out of range"));
  EXPECT_THAT(plan_from_json(plan_with("windows", JsonArray{JsonObject{{"arm", 3}, {"repeat", 0}}}))
                  .error()
                  .what,
              HasSubstr("arm 3 is not one of the 3 arms"));
  EXPECT_THAT(plan_from_json("[1]").error().what, HasSubstr("plan.json"));
  EXPECT_THAT(plan_from_json("{").error().what, HasSubstr("plan.json:1:"));
}

TEST(PlanJson, ANewerSchemaSaysSo) {
  const auto error = plan_from_json(plan_with("schema", 2)).error();
  EXPECT_EQ(error.kind, ErrorKind::parse);
  EXPECT_EQ(error.what, "plan.json: schema 2 is newer than schema 1 of this isolab");
}

}  // namespace
}  // namespace isolab
