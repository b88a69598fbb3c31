// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/classes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <fstream>
#include <regex>

namespace isolab {
namespace {

using testing::HasSubstr;

constexpr const char* kHead =
    "class,subclass,callback_regex,caller_regex,arch,kernels,deferrable,lpc_name,reason\n";

Classifier builtin(const std::string& arch = "x86_64", const std::string& release = "6.18.44") {
  auto made = Classifier::create(builtin_class_rules(), arch, release);
  EXPECT_TRUE(made);
  return *std::move(made);
}

std::string named(const Classifier& rules, const std::string& callback,
                  const std::vector<std::string>& frames = {}) {
  const auto& rule = rules.classify(callback, frames);
  return rule.klass + "/" + rule.subclass;
}

TEST(Classes, TheBuiltInTableIsTheFileInTheSources) {
  std::ifstream in(ISOLAB_SOURCE_DIR "/analysis/attribution/classes.csv");
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const auto rules = parse_class_rules("classes.csv", text);
  ASSERT_TRUE(rules) << rules.error().what;
  EXPECT_EQ(*rules, builtin_class_rules());
  EXPECT_GE(rules->size(), 100u);
}

TEST(Classes, EveryRuleCompilesAndSaysWhy) {
  for (const auto& rule : builtin_class_rules()) {
    EXPECT_NO_THROW(std::regex{rule.callback}) << rule.subclass;
    EXPECT_NO_THROW(std::regex{rule.caller}) << rule.subclass;
    EXPECT_FALSE(rule.reason.empty()) << rule.subclass;
  }
}

TEST(Classes, TheFirstRuleThatMatchesWins) {
  const auto rules = builtin();
  EXPECT_EQ(
      named(rules, "do_sync_core", {"arch_jump_label_transform_apply", "tracepoint_add_func"}),
      "text_patch/jump_label");
  EXPECT_EQ(named(rules, "do_sync_core", {"smp_text_poke_batch_finish", "__static_call_transform"}),
            "text_patch/static_call");
  EXPECT_EQ(named(rules, "do_sync_core", {"smp_text_poke_sync_each_cpu", "bpf_arch_text_poke"}),
            "text_patch/bpf");
  EXPECT_EQ(named(rules, "do_sync_core"), "text_patch/any");
  EXPECT_EQ(named(rules, "do_flush_tlb_all", {"__purge_vmap_area_lazy"}), "kernel_tlb/all");
  EXPECT_EQ(named(rules, "do_flush_tlb_all", {"pcpu_depopulate_chunk"}), "kernel_tlb/all_percpu");
  EXPECT_EQ(named(rules, "__rdmsr_on_cpu", {"rdmsr_on_cpus"}), "remote_read/msr_many");
  EXPECT_EQ(named(rules, "__rdmsr_on_cpu", {"rdmsrq_on_cpu"}), "remote_read/msr");
}

TEST(Classes, CallbacksThatProveThemselvesNeedNoStack) {
  const auto rules = builtin();
  EXPECT_EQ(named(rules, "ipi_mb"), "task_sync/membarrier");
  EXPECT_EQ(named(rules, "cpuid_smp_cpuid"), "remote_read/cpuid");
  EXPECT_EQ(named(rules, "do_kernel_range_flush"), "kernel_tlb/range");
  EXPECT_EQ(named(rules, "flush_tlb_func"), "user_tlb/user_tlb");
  EXPECT_EQ(named(rules, "flush_tlb_func.isra.0"), "user_tlb/user_tlb");
  EXPECT_EQ(named(rules, "NULL"), "scheduler/resched");
  EXPECT_EQ(named(rules, "NULL", {"task_work_add"}), "task_sync/kick_process");
}

TEST(Classes, ArchitectureAndKernelDecide) {
  EXPECT_EQ(named(builtin("x86_64"), "do_nothing", {"arch_jump_label_transform_apply"}),
            "unknown/unknown");
  EXPECT_EQ(named(builtin("arm64", "6.12.1"), "do_nothing", {"arch_jump_label_transform_apply"}),
            "text_patch/jump_label");
  EXPECT_EQ(named(builtin("arm64", "6.1.0-30-arm64"), "do_drain"), "other/slab");
  EXPECT_EQ(named(builtin("arm64", "6.12.1"), "do_drain"), "unknown/unknown");
}

TEST(Classes, OnlyTextPatchingAndKernelTlbCanWait) {
  const auto rules = builtin();
  EXPECT_EQ(rules.classify("do_sync_core", {}).deferrable, "yes");
  EXPECT_EQ(rules.classify("do_kernel_range_flush", {}).deferrable, "yes");
  EXPECT_EQ(rules.classify("do_sync_core", {}).lpc_name, "system-wide synchronisation");
  EXPECT_EQ(rules.classify("cpuid_smp_cpuid", {}).lpc_name, "remote data fetch");
  EXPECT_EQ(rules.classify("ipi_mb", {}).lpc_name, "running task synchronisation");
  EXPECT_EQ(rules.classify("ipi_mb", {}).deferrable, "no");
  EXPECT_EQ(rules.classify("flush_tlb_func", {}).deferrable, "no");
}

TEST(Classes, RangesOfKernels) {
  EXPECT_TRUE(kernel_in_range("*", "6.18.44-lab"));
  EXPECT_TRUE(kernel_in_range("6.11-", "6.11.0"));
  EXPECT_FALSE(kernel_in_range("6.11-", "6.9.9"));
  EXPECT_TRUE(kernel_in_range("-6.6", "6.6.30"));
  EXPECT_FALSE(kernel_in_range("-6.6", "6.12.0"));
  EXPECT_TRUE(kernel_in_range("5.14-6.10", "5.14"));
  EXPECT_FALSE(kernel_in_range("6.4", "6.5.0"));
  EXPECT_TRUE(kernel_in_range("6.4", "of unknown origin"));
}

TEST(Classes, UsersRulesComeFirst) {
  auto own = parse_class_rules(
      "own.csv",
      std::string(kHead) + "lab,\"two, one\",^ipi_mb$,.*,*,*,no,-,\"say \"\"why\"\"\"\n");
  ASSERT_TRUE(own) << own.error().what;
  EXPECT_EQ(own->at(0).subclass, "two, one");
  EXPECT_EQ(own->at(0).reason, "say \"why\"");
  auto all = *own;
  all.insert(all.end(), builtin_class_rules().begin(), builtin_class_rules().end());
  const auto rules = Classifier::create(all, "x86_64", "6.18");
  ASSERT_TRUE(rules);
  EXPECT_EQ(named(*rules, "ipi_mb"), "lab/two, one");
}

// The rule, tried on the longest names that a recording may hold.
bool finds(const std::string& expression, const std::string& name) {
  const auto made = Classifier::create({{"own", "own", expression, ".*", "*", "*", "no", "-", "x"}},
                                       "x86_64", "6.18");
  EXPECT_TRUE(made) << expression << ": " << made.error().text();
  return made && made->classify(name, {}).klass == "own";
}

TEST(Classes, AnExpressionOfOnesOwnTakesNoTime) {
  const std::string name(640, 'a');
  std::string nested, many;
  for (int i = 0; i < 120; ++i) nested = "(" + nested + "a*)*";
  for (int i = 0; i < 200; ++i) many += "a?";
  const std::clock_t begin = std::clock();
  for (const auto& expression : {std::string("(a*)*b"), std::string("(a+)+$"), nested + "b",
                                 std::string("(a|a|aa)*b"), many + "b", std::string("(a?){50}b")})
    EXPECT_EQ(finds(expression, name + "c"), false) << expression;
  // Each alone takes for ever where alternatives are tried one after the other.
  EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 10);
}

TEST(Classes, AnExpressionOfOnesOwnFindsWhatItShould) {
  EXPECT_TRUE(finds("sync_core", "do_sync_core"));
  EXPECT_TRUE(finds("^do_|none", "do_sync_core"));
  EXPECT_FALSE(finds("^sync|none", "do_sync_core"));
  EXPECT_TRUE(finds("core$", "do_sync_core"));
  EXPECT_FALSE(finds("sync$", "do_sync_core"));
  EXPECT_TRUE(finds("^(do_)?sync_[a-z]{4}$", "do_sync_core"));
  for (const char* refused : {"(a{99}){99}", "(a?){500}", "a{1,99999999999999999999}"})
    EXPECT_THAT(
        parse_class_rules("r.csv", fmt::format("{}a,b,\"{}\",.*,*,*,no,-,x\n", kHead, refused))
            .error()
            .what,
        HasSubstr("r.csv:2: an expression repeats too much: "));
  EXPECT_TRUE(parse_class_rules("r.csv", fmt::format("{}a,b,[0-9]{{16}},.*,*,*,no,-,x\n", kHead)));
  for (const char* refused : {"a(?=b)", "a(?!b)", "(a)\\1", "(?:a", "a)(b"}) {
    const auto made = Classifier::create({{"own", "own", refused, ".*", "*", "*", "no", "-", "x"}},
                                         "x86_64", "6.18");
    ASSERT_FALSE(made) << refused;
    EXPECT_TRUE(made.error().what.starts_with("rule own/own: ")) << made.error().what;
  }
}

TEST(Classes, WrongFilesAreRefusedWithLineAndReason) {
  const auto problem = [](const std::string& text) {
    const auto rules = parse_class_rules("own.csv", text);
    return rules ? std::string("accepted") : rules.error().what;
  };
  EXPECT_THAT(problem(""), HasSubstr("empty"));
  EXPECT_THAT(problem("class,callback\n"), HasSubstr("own.csv:1:"));
  EXPECT_THAT(problem(std::string(kHead) + "a,b,c\n"), HasSubstr("own.csv:2: 3 cells"));
  EXPECT_THAT(problem(std::string(kHead) + "a,b,c,d,mips,*,no,-,x\n"), HasSubstr("mips"));
  EXPECT_THAT(problem(std::string(kHead) + "a,b,c,d,*,new,no,-,x\n"), HasSubstr("kernels"));
  EXPECT_THAT(problem(std::string(kHead) + "a,b,c,d,*,*,maybe,-,x\n"), HasSubstr("maybe"));
  EXPECT_THAT(problem(std::string(kHead) + "a,b,\"c,d,*,*,no,-,x\n"), HasSubstr("cells"));
  const auto broken = Classifier::create({{"a", "b", "(", ".*", "*", "*", "no", "-", "x"}}, "", "");
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().what, HasSubstr("a/b"));
}

}  // namespace
}  // namespace isolab
