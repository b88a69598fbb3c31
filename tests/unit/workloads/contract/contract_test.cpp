// SPDX-License-Identifier: Apache-2.0
// What every workload of workloads.def promises, checked for each of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/workload_bench.h"
#include "workloads/contract/workload.h"

namespace isolab {
namespace {

class WorkloadContract : public testing::TestWithParam<const WorkloadInfo*> {
 protected:
  const WorkloadInfo& info() const { return *GetParam(); }

  /// A workload without sensible defaults (command has no argv) must say which parameter it wants.
  static bool wants_a_parameter(const Error& error, const WorkloadInfo& info) {
    return error.kind == ErrorKind::usage &&
           std::any_of(info.params.begin(), info.params.end(), [&](const ParamSpec& spec) {
             return error.what.find(spec.name) != std::string::npos;
           });
  }
};

TEST(WorkloadList, NamesAreUniqueAndFound) {
  std::set<std::string> names;
  for (const auto* info : all_workloads()) {
    EXPECT_TRUE(names.insert(info->name).second) << info->name;
    EXPECT_EQ(find_workload(info->name), info);
  }
  EXPECT_EQ(find_workload("no_such_workload"), nullptr);
#define WORKLOAD(plugin) EXPECT_EQ(workloads::plugin.name, #plugin);
#include "workloads/workloads.def"
#undef WORKLOAD
}

TEST_P(WorkloadContract, DescriptorIsComplete) {
  EXPECT_FALSE(info().summary.empty());
  EXPECT_EQ(info().summary.find('\n'), std::string::npos);
  EXPECT_FALSE(info().disturbs.empty());
  EXPECT_FALSE(info().needs.empty());
  ASSERT_GE(info().counts.size(), 1U);
  EXPECT_LE(info().counts.size(), WorkCounters::kMax);
  std::set<std::string> names;
  for (const auto& count : info().counts) {
    EXPECT_TRUE(names.insert(count.name).second) << count.name;
    EXPECT_FALSE(count.summary.empty()) << count.name;
  }
}

TEST_P(WorkloadContract, ParametersAcceptTheirDefaults) {
  std::set<std::string> names;
  for (const auto& spec : info().params) {
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
    EXPECT_FALSE(spec.summary.empty()) << spec.name;
    const auto checked = check_param(spec, spec.fallback);
    ASSERT_TRUE(checked) << spec.name << ": " << checked.error().text();
    EXPECT_EQ(*checked, spec.fallback) << spec.name;
    for (const auto& choice : spec.choices)
      EXPECT_TRUE(check_param(spec, {choice})) << spec.name << " " << choice;
  }
}

TEST_P(WorkloadContract, ChecksItsParametersAndNamesTheWrongOne) {
  const auto checked = info().check(default_params(info()));
  EXPECT_TRUE(checked || wants_a_parameter(checked.error(), info())) << checked.error().text();
  for (const auto& spec : info().params) {
    if (spec.type != isolab::ParamType::integer) continue;
    EXPECT_FALSE(spec.least.empty()) << spec.name << " has no range";
    for (const char* text : {"-1", "2147483647"}) {
      ParamValues values = default_params(info());
      values[spec.name] = {text};
      const auto refused = info().check(values);
      ASSERT_FALSE(refused) << spec.name << " " << text;
      EXPECT_EQ(refused.error().kind, ErrorKind::usage);
      EXPECT_EQ(refused.error().what.rfind(spec.name + ": ", 0), 0U) << refused.error().what;
    }
  }
}

TEST(WorkloadCheck, FindsWhatTheRangesCannotSay) {
  const std::vector<std::tuple<const char*, const char*, const char*>> cases = {
      {"command", "argv", ""},
      {"vmalloc_churn", "map_size", "65537B"},
      {"kfence_sampling", "sample_interval", "1500us"},
      {"ftrace_toggle", "event", "oom:*"},
      {"ftrace_toggle", "function", "vfs_*"},
      {"hackbench", "groups", "4000000"},
      {"kernel_build", "target", "modules_install"},
      {"kernel_build", "target", "lib/ deb-pkg"}};
  for (const auto& [workload, param, text] : cases) {
    const WorkloadInfo& info = *find_workload(workload);
    ParamValues values = default_params(info);
    values[param] = {text};
    const auto refused = info.check(values);
    ASSERT_FALSE(refused) << workload << " " << text;
    EXPECT_EQ(refused.error().what.rfind(std::string(param) + ": ", 0), 0U) << refused.error().what;
  }
}

TEST_P(WorkloadContract, EveryChoiceCanBeMade) {
  MemoryFiles files;
  WorkloadBench bench(files);
  for (const auto& spec : info().params) {
    for (const auto& choice : spec.choices) {
      ParamValues values = default_params(info());
      values[spec.name] = {choice};
      const auto made = info().make(values, bench.context());
      EXPECT_TRUE(made || wants_a_parameter(made.error(), info())) << spec.name << " " << choice;
      (void)info().expected(values, bench.host(), Arch::x86_64);
      (void)info().expected(values, bench.host(), Arch::arm64);
    }
  }
}

TEST_P(WorkloadContract, ClaimsAreTheSameEachTimeAndAbsolute) {
  MemoryFiles files;
  WorkloadBench bench(files);
  const auto first = info().claims(default_params(info()), bench.host());
  const auto second = info().claims(default_params(info()), bench.host());
  ASSERT_EQ(first.has_value(), second.has_value());
  if (!first) return;
  ASSERT_EQ(first->size(), second->size());
  for (std::size_t i = 0; i < first->size(); ++i) {
    EXPECT_EQ((*first)[i].path, (*second)[i].path);
    EXPECT_EQ((*first)[i].kind, (*second)[i].kind);
    EXPECT_EQ((*first)[i].path.substr(0, 1), "/");
  }
}

// An empty machine: no /proc, no /sys. Whatever the dry run says, it writes to no file that it was
// not given, survives, and can be finished again.
TEST_P(WorkloadContract, DryRunOnAnUnknownMachineChangesNothing) {
  MemoryFiles files;
  WorkloadBench bench(files);
  const auto made = info().make(default_params(info()), bench.context());
  if (!made) {
    EXPECT_TRUE(wants_a_parameter(made.error(), info())) << made.error().text();
    return;
  }
  const auto outcome = (*made)->dry_run();
  EXPECT_TRUE(outcome || !outcome.error().what.empty());
  EXPECT_TRUE(files.log().empty()) << files.log().front();
  EXPECT_TRUE(files.contents().empty());
  (*made)->finish();
  (*made)->finish();
}

TEST_P(WorkloadContract, FinishWithoutPrepareIsHarmless) {
  MemoryFiles files;
  WorkloadBench bench(files);
  const auto made = info().make(default_params(info()), bench.context());
  if (!made) return;
  (*made)->finish();
  (*made)->finish();
  EXPECT_TRUE(files.log().empty());
}

INSTANTIATE_TEST_SUITE_P(All, WorkloadContract, testing::ValuesIn(all_workloads()),
                         [](const auto& test) { return test.param->name; });

}  // namespace
}  // namespace isolab
