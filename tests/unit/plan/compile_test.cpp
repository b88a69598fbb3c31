// SPDX-License-Identifier: Apache-2.0
// Profile + machine -> plan: CPUs chosen and refused, matrix expanded, windows ordered, time added
// up.
#include "plan/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "results/recording.h"

namespace isolab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

HostFacts machine(const std::string& online, const std::string& isolated) {
  HostFacts facts;
  facts.online = *CpuSet::parse(online);
  facts.isolated = *CpuSet::parse(isolated);
  return facts;
}

Profile profile_of(const std::string& extra, const std::string& cpus = "{measured: auto}") {
  auto profile = read_profile_text(
      "p.yaml", "name: p\nquestion: q\ncpus: " + cpus +
                    "\nprobe: busy_loop\narms:\n  idle: {}\n  a: {workloads: [direct_map]}\n"
                    "  b: {workloads: [hugepage_resize]}\n" +
                    extra);
  EXPECT_TRUE(profile) << (profile ? "" : profile.error().what);
  return *profile;
}

std::vector<std::string> window_names(const Plan& plan) {
  std::vector<std::string> out;
  for (const auto& window : plan.windows)
    out.push_back(plan.arms[static_cast<std::size_t>(window.arm)].name + "#" +
                  std::to_string(window.repeat));
  return out;
}

TEST(Compile, AutoMeasuresTheIsolatedCpus) {
  const auto plan = compile_plan(profile_of("design: {measure: 1s}"), machine("0-7", "4-7"));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->measured.list(), "4-7");
  EXPECT_EQ(plan->housekeeping.list(), "0-3");
  EXPECT_TRUE(plan->measured_isolated);
}

TEST(Compile, AutoWithoutIsolationTakesTheLastCpuAndSaysSo) {
  const auto plan = compile_plan(profile_of("design: {measure: 1s}"), machine("0-3", ""));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->measured.list(), "3");
  EXPECT_EQ(plan->housekeeping.list(), "0-2");
  EXPECT_FALSE(plan->measured_isolated);
}

TEST(Compile, AMachineWhoseCpusAreNotKnownIsAnError) {
  HostFacts facts;
  facts.online_unknown = "cannot open /sys/devices/system/cpu/online";
  for (const char* cpus : {"{measured: auto}", "{measured: isolated}", "{measured: 1}"}) {
    const auto plan = compile_plan(profile_of("design: {measure: 1s}", cpus), facts);
    ASSERT_FALSE(plan) << cpus;
    EXPECT_EQ(plan.error().kind, ErrorKind::unsupported);
    EXPECT_THAT(plan.error().what, HasSubstr("/sys/devices/system/cpu/online"));
    EXPECT_FALSE(plan.error().hint.empty());
  }
}

TEST(Compile, StaysInsideOurCpuset) {
  HostFacts facts = machine("0-3", "");
  facts.allowed = CpuSet{0, 1};
  const auto plan = compile_plan(profile_of("design: {measure: 1s}"), facts);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->measured.list(), "1");
  EXPECT_EQ(plan->housekeeping.list(), "0");
  const auto outside = compile_plan(profile_of("design: {measure: 1s}", "{measured: 3}"), facts);
  ASSERT_FALSE(outside);
  EXPECT_THAT(outside.error().what, HasSubstr("p.yaml:3"));
  EXPECT_THAT(outside.error().what, HasSubstr("not in the cpuset"));
  EXPECT_THAT(outside.error().hint, HasSubstr("0-1"));
  facts.allowed = CpuSet{0};
  const auto one = compile_plan(profile_of("design: {measure: 1s}"), facts);
  ASSERT_FALSE(one);
  EXPECT_THAT(one.error().what, HasSubstr("the cpuset allows CPU 0"));
}

TEST(Compile, SaysWhichKindOfCpuItMeasures) {
  HostFacts facts = machine("0-3", "");
  facts.kinds = {{"P-core", CpuSet{0, 1}}, {"E-core", CpuSet{2, 3}}};
  const auto plan = compile_plan(profile_of("design: {measure: 1s}"), facts);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->measured.list(), "1");
  EXPECT_EQ(plan->measured_why,
            "the last CPU of the fastest kind: this kernel isolates none; measured: "
            "P-core; housekeeping: P-core: 0; E-core: 2-3");
  const auto named = compile_plan(profile_of("design: {measure: 1s}", "{measured: 3}"), facts);
  ASSERT_TRUE(named);
  EXPECT_THAT(named->measured_why, HasSubstr("measured: E-core"));
}

TEST(Compile, RefusesCpusThatAreNotThereWithTheirPlace) {
  const auto offline =
      compile_plan(profile_of("design: {measure: 1s}", "{measured: 2-9}"), machine("0-3", ""));
  ASSERT_FALSE(offline);
  EXPECT_THAT(offline.error().what, HasSubstr("p.yaml:3:18: CPU 4-9 is not online"));
  EXPECT_FALSE(compile_plan(profile_of("design: {measure: 1s}", "{measured: isolated}"),
                            machine("0-3", "")));
  EXPECT_FALSE(
      compile_plan(profile_of("design: {measure: 1s}", "{measured: 0-3}"), machine("0-3", "")));
  EXPECT_FALSE(
      compile_plan(profile_of("design: {measure: 1s}", "{measured: '3', housekeeping: 2-3}"),
                   machine("0-3", "")));
  EXPECT_FALSE(compile_plan(profile_of("design: {measure: 1s}"), machine("0", "")));
}

TEST(Compile, MatrixMultipliesOnlyTheArmsThatUseTheWorkload) {
  const auto plan = compile_plan(
      profile_of("matrix: {direct_map.pages: [1, 16]}\ndesign: {measure: 1s}"), machine("0-3", ""));
  ASSERT_TRUE(plan);
  std::vector<std::string> names;
  for (const auto& arm : plan->arms) names.push_back(arm.name);
  EXPECT_THAT(names, ElementsAre("idle", "a pages=1", "a pages=16", "b"));
  EXPECT_EQ(plan->arms[2].workloads[0].params.at("pages"), ParamValue{"16"});
}

TEST(Compile, ArmsRunUntracedTooWhereTheProfileAsks) {
  const auto names = [](const std::string& design, const std::string& arm) {
    auto profile = read_profile_text(
        "p.yaml",
        "name: p\nquestion: q\nprobe: busy_loop\nobserve: [interrupts, ipi_trace]\narms:\n  idle: "
        "{}\n  a: {workloads: [direct_map]" +
            arm + "}\n  plain: {observe: [interrupts]}\ndesign: {measure: 1s" + design + "}\n");
    EXPECT_TRUE(profile) << (profile ? "" : profile.error().what);
    std::vector<std::string> out;
    const auto plan = compile_plan(*profile, machine("0-3", ""));
    for (const auto& planned : plan->arms) out.push_back(planned.name);
    return out;
  };
  EXPECT_THAT(names("", ""), ElementsAre("idle", "a", "plain"));
  EXPECT_THAT(names(", untraced_runs: true", ""),
              ElementsAre("idle", "idle untraced", "a", "a untraced", "plain"));
  EXPECT_THAT(names("", ", untraced_run: true"), ElementsAre("idle", "a", "a untraced", "plain"));
}

TEST(Compile, OrdersWindows) {
  const auto named = [](const char* order) {
    return window_names(*compile_plan(
        profile_of(std::string("design: {measure: 1s, repeats: 2, seed: 3, order: ") + order + "}"),
        machine("0-3", "")));
  };
  EXPECT_THAT(named("interleaved"), ElementsAre("idle#0", "a#0", "b#0", "idle#1", "a#1", "b#1"));
  EXPECT_THAT(named("sequential"), ElementsAre("idle#0", "idle#1", "a#0", "a#1", "b#0", "b#1"));
  const auto shuffled = named("shuffled");
  EXPECT_EQ(shuffled, named("shuffled")) << "the seed decides";
  EXPECT_THAT(shuffled,
              testing::UnorderedElementsAre("idle#0", "a#0", "b#0", "idle#1", "a#1", "b#1"));
}

TEST(Compile, ArmsThatCannotRunKeepTheirReasonAndLoseTheirWindows) {
  auto plan = compile_plan(profile_of("design: {measure: 1s}"), machine("0-3", ""));
  ASSERT_TRUE(plan);
  const auto before = plan->duration;
  apply_inability(*plan, {{"a/direct_map", "no secretmem"}});
  EXPECT_EQ(plan->arms[1].not_applicable, "direct_map: no secretmem");
  EXPECT_THAT(window_names(*plan), ElementsAre("idle#0", "b#0"));
  EXPECT_LT(plan->duration, before);
}

TEST(Compile, PlanSurvivesItsJson) {
  const auto plan =
      compile_plan(profile_of("matrix: {direct_map.pages: [1, 16]}\ndesign: {measure: 1s}"),
                   machine("0-3", "3"));
  ASSERT_TRUE(plan);
  const auto back = plan_from_json(plan_to_json(*plan));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(*back, *plan);
}

}  // namespace
}  // namespace isolab
