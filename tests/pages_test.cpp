// SPDX-License-Identifier: Apache-2.0
// What docs/adding-a-*.md make is in the lists and works; the contract tests beside it hold for it.
#include <gtest/gtest.h>

#include <thread>

#include "host/os.h"
#include "probes/contract/observer.h"
#include "probes/contract/probe.h"
#include "workloads/contract/workload.h"

namespace isolab {
namespace {

ParamValues defaults(const std::vector<ParamSpec>& params) {
  ParamValues values;
  for (const auto& spec : params) values[spec.name] = spec.fallback;
  return values;
}

TEST(Page, TheObserverCountsSwitches) {
  const auto* info = find_observer("context_switches");
  ASSERT_NE(info, nullptr);
  MemoryFiles files({{"/proc/stat", "cpu 1\nctxt 1000\n"}});
  HostFacts facts;
  StateGuard guard(files, "/tmp/isolab-pages-journal");
  auto observer = info->make({}, {Host{files, facts}, guard, CpuSet{1}, CpuSet{0}, "/tmp"});
  ASSERT_TRUE(observer) << observer.error().text();
  ASSERT_TRUE((*observer)->begin());
  ASSERT_TRUE(files.write("/proc/stat", "cpu 1\nctxt 1234\n"));
  ASSERT_TRUE((*observer)->end());
  WindowRecord record;
  ASSERT_TRUE((*observer)->finish(record));
  EXPECT_EQ(record.notes.at("context_switches.all"), "234");
}

TEST(Page, TheProbeHearsItsWakeUps) {
  const auto* info = find_probe("late_timer");
  ASSERT_NE(info, nullptr);
  SystemFiles files;
  HostFacts facts;
  auto values = defaults(info->params);
  values["threshold"] = {"0ns"};  // every wake-up comes late
  values["log_capacity"] = {"5"};
  const CpuSet here{*this_thread_cpus().first()};
  auto probe = info->make(values, {Host{files, facts}, here, here, "/tmp", Nanos{0}});
  ASSERT_TRUE(probe) << probe.error().text();
  ProbeSignals signals;
  std::thread stop([&] {
    while (signals.listening.load() == 0) sleep_for(std::chrono::milliseconds(1));
    sleep_for(std::chrono::milliseconds(30));
    signals.stop.store(1);
  });
  const auto heard = (*probe)->window(signals);
  stop.join();
  ASSERT_TRUE(heard) << heard.error().text();
  const ProbeRecord record = (*probe)->collect();
  ASSERT_EQ(record.cpus.size(), 1U);
  const ProbeCpu& cpu = record.cpus.front();
  EXPECT_GT(cpu.end, cpu.start);
  EXPECT_GT(cpu.histogram.total(), 0U);
  EXPECT_EQ(cpu.gaps.size() + cpu.gaps_dropped, cpu.histogram.total());
  EXPECT_LE(cpu.gaps.size(), 5U);
}

TEST(Page, TheWorkloadIsInItsList) {
  const auto* info = find_workload("rcu_grace");
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->params.front().fallback, std::vector<std::string>{"100/s"});
}

}  // namespace
}  // namespace isolab
