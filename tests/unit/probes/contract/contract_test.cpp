// SPDX-License-Identifier: Apache-2.0
// What every probe and every observer promises, made from the lists: a new one is tested here
// without a line being written.
#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "probes/contract/observer.h"
#include "probes/contract/probe.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

using ::testing::MatchesRegex;

ParamValues defaults(const std::vector<ParamSpec>& params) {
  ParamValues values;
  for (const auto& spec : params) values[spec.name] = spec.fallback;
  return values;
}

void expect_good_words(const std::string& name, const std::string& summary,
                       const std::string& needs) {
  EXPECT_THAT(name, MatchesRegex("[a-z][a-z0-9_]*"));
  EXPECT_FALSE(summary.empty());
  EXPECT_LE(summary.size(), 90u);
  EXPECT_EQ(summary.find('\n'), std::string::npos);
  EXPECT_NE(summary.back(), '.') << "summaries are shown in lists, without a full stop";
  EXPECT_FALSE(needs.empty()) << "write \"nothing\" if it needs nothing";
}

void expect_good_params(const std::vector<ParamSpec>& params) {
  std::set<std::string> names;
  for (const auto& spec : params) {
    SCOPED_TRACE(spec.name);
    EXPECT_THAT(spec.name, MatchesRegex("[a-z][a-z0-9_]*"));
    EXPECT_TRUE(names.insert(spec.name).second) << "twice";
    EXPECT_FALSE(spec.summary.empty());
    const auto canonical = check_param(spec, spec.fallback);
    ASSERT_TRUE(canonical) << canonical.error().text();
    EXPECT_EQ(*canonical, spec.fallback) << "the default is not in canonical form";
    for (const auto& choice : spec.choices) EXPECT_TRUE(check_param(spec, {choice})) << choice;
    if (!spec.choices.empty()) {
      EXPECT_FALSE(check_param(spec, {"no_such_choice"}));
    }
  }
}

struct Machine {
  MemoryFiles files;
  HostFacts facts;
  test::TemporaryDirectory directory;
  std::filesystem::path scratch = directory.path();
  StateGuard guard{files, scratch / "isolab-contract-journal"};
  Machine() {
    facts.online = CpuSet{0, 1};
    facts.memory_bytes = std::uint64_t{8} << 30;
  }
};

class EveryProbe : public ::testing::TestWithParam<const ProbeInfo*> {};

TEST_P(EveryProbe, DescribesItself) {
  const ProbeInfo& info = *GetParam();
  expect_good_words(info.name, info.summary, info.needs);
  EXPECT_FALSE(info.measures.empty());
  EXPECT_NE(info.name, "none") << "that word means no probe at all";
  expect_good_params(info.params);
  EXPECT_EQ(find_probe(info.name), &info);
}

TEST_P(EveryProbe, IsMadeFromItsDefaultsAndHasHeardNothingYet) {
  Machine machine;
  const ProbeContext context{Host{machine.files, machine.facts}, CpuSet{1}, CpuSet{0},
                             machine.scratch, Nanos(0)};
  auto probe = GetParam()->make(defaults(GetParam()->params), context);
  ASSERT_TRUE(probe) << probe.error().text();
  const ProbeRecord record = (*probe)->collect();
  EXPECT_EQ(record.probe, GetParam()->name);
  EXPECT_TRUE(record.kind == "gap" || record.kind == "wakeup") << record.kind;
  for (const ProbeCpu& cpu : record.cpus) EXPECT_TRUE(cpu.histogram.empty());
}

TEST_P(EveryProbe, RefusesToMeasureAHousekeepingCpu) {
  Machine machine;
  const ProbeContext context{Host{machine.files, machine.facts}, CpuSet{0, 1}, CpuSet{0},
                             machine.scratch, Nanos(0)};
  const auto answer = GetParam()->preflight(defaults(GetParam()->params), context);
  ASSERT_FALSE(answer);
  EXPECT_FALSE(answer.error().what.empty());
}

/// The plug-in's name in the test's name.
constexpr auto name_of = [](const auto& test) { return test.param->name; };

INSTANTIATE_TEST_SUITE_P(All, EveryProbe, ::testing::ValuesIn(all_probes()), name_of);

class EveryObserver : public ::testing::TestWithParam<const ObserverInfo*> {};

TEST_P(EveryObserver, DescribesItself) {
  const ObserverInfo& info = *GetParam();
  expect_good_words(info.name, info.summary, info.needs);
  expect_good_params(info.params);
  EXPECT_EQ(find_observer(info.name), &info);
}

TEST_P(EveryObserver, IsMadeFromItsDefaultsAndChangesNothingByThat) {
  Machine machine;
  const ObserverContext context{Host{machine.files, machine.facts},
                                machine.guard,
                                CpuSet{1},
                                CpuSet{0},
                                machine.scratch,
                                Nanos(0)};
  const auto observer = GetParam()->make(defaults(GetParam()->params), context);
  ASSERT_TRUE(observer) << observer.error().text();
  EXPECT_TRUE(machine.files.log().empty());
}

TEST_P(EveryObserver, SaysSoWhenTheMachineLacksItsFiles) {
  Machine machine;  // has no file at all
  const ObserverContext context{Host{machine.files, machine.facts},
                                machine.guard,
                                CpuSet{1},
                                CpuSet{0},
                                machine.scratch,
                                Nanos(0)};
  auto observer = GetParam()->make(defaults(GetParam()->params), context);
  ASSERT_TRUE(observer) << observer.error().text();
  Result<void> heard = (*observer)->prepare();
  if (heard) heard = (*observer)->begin();
  WindowRecord record;
  const Result<void> finished = (*observer)->finish(record);
  // Either it refuses, or it works without files and notes what it could not see.
  if (heard && finished) {
    EXPECT_FALSE(record.notes.empty());
  }
  EXPECT_TRUE(record.interrupts.empty());
  EXPECT_TRUE(record.cpu_times.empty());
}

INSTANTIATE_TEST_SUITE_P(All, EveryObserver, ::testing::ValuesIn(all_observers()), name_of);

}  // namespace
}  // namespace isolab
