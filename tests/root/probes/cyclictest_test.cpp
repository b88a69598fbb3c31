// SPDX-License-Identifier: Apache-2.0
// The real cyclictest on the real machine: where its threads run, what a freeze looks like, and
// what its samples say about time. Needs root, rt-tests and two CPUs; changes nothing.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "host/os.h"
#include "host/process.h"
#include "probes/contract/probe.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

class CyclictestOnThisMachine : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!is_root()) GTEST_SKIP() << "needs root for SCHED_FIFO";
    if (auto found = find_program("cyclictest"); !found) GTEST_SKIP() << found.error().text();
    facts_.online = this_thread_cpus();
    if (facts_.online.count() < 2) GTEST_SKIP() << "needs two CPUs";
  }
  void TearDown() override {
    signals_.stop.store(1);
    if (thread_.joinable()) thread_.join();
  }

  void start(const ParamValues& params = {}) {
    measured_ = CpuSet{facts_.online.last().value()};
    const ProbeContext context{Host{files_, facts_}, measured_, facts_.online - measured_, scratch_,
                               Nanos(0)};
    const auto warnings = find_probe("cyclictest")->preflight(params, context);
    ASSERT_TRUE(warnings) << warnings.error().text();
    probe_ = find_probe("cyclictest")->make(params, context).value();
    const auto ready = probe_->prepare();
    ASSERT_TRUE(ready) << ready.error().text();
    thread_ = std::thread([this] {
      answer_ = probe_->window(signals_);
      ended_.store(true);
    });
    while (signals_.listening.load() == 0 && !ended_.load()) sleep_for(1ms);
  }

  ProbeCpu stop() {
    signals_.stop.store(1);
    thread_.join();
    EXPECT_TRUE(answer_) << answer_.error().text();
    return probe_->collect().cpus.at(0);
  }

  /// Our child called cyclictest.
  static pid_t tool() {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
      std::ifstream children(entry.path() / "children");
      for (pid_t pid; children >> pid;) {
        std::string name;
        std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm") >> std::ws, name);
        if (name == "cyclictest") return pid;
      }
    }
    return -1;
  }

  static std::string allowed_cpus(const std::string& task) {
    std::ifstream status(task + "/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("Cpus_allowed_list:")) return std::string(trimmed(line.substr(18)));
    return "";
  }

  SystemFiles files_;
  HostFacts facts_;
  CpuSet measured_;
  const test::TemporaryDirectory directory_;
  const std::filesystem::path scratch_ = directory_.path();
  std::unique_ptr<Probe> probe_;
  ProbeSignals signals_;
  std::thread thread_;
  std::atomic<bool> ended_{false};
  Result<void> answer_;
};

TEST_F(CyclictestOnThisMachine, OnlyTheTimerThreadIsOnTheMeasuredCpu) {
  start();
  const pid_t pid = tool();
  ASSERT_GT(pid, 0);
  int timers = 0, others = 0;
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    const auto allowed = CpuSet::parse(allowed_cpus(task.path().string()));
    ASSERT_TRUE(allowed);
    if (*allowed == measured_) {
      ++timers;
    } else {
      ++others;
      EXPECT_THAT((*allowed & measured_).list(), IsEmpty());
    }
  }
  stop();
  EXPECT_EQ(timers, 1);
  EXPECT_GE(others, 1);
}

TEST_F(CyclictestOnThisMachine, AccountsForEveryPeriod) {
  start({{"interval", {"2ms"}}});
  sleep_for(1s);
  const ProbeCpu cpu = stop();
  EXPECT_THAT(cpu.error, IsEmpty());
  EXPECT_EQ(static_cast<double>(cpu.histogram.total()), cpu.numbers.at("samples"));
  EXPECT_EQ(static_cast<double>(cpu.corrected.total()), cpu.numbers.at("periods"));
  EXPECT_EQ(cpu.numbers.at("periods"),
            cpu.numbers.at("samples") + cpu.numbers.at("missed_periods"));
  // The last sample stands where its number says.
  EXPECT_NEAR(static_cast<double>(cpu.end - cpu.start), cpu.numbers.at("periods") * 2e6,
              cpu.numbers.at("longest_ns") + 2e6 + cpu.numbers.at("periods") * 200);
  EXPECT_GE(cpu.numbers.at("periods"), 500);
  for (const Footprint& footprint : probe_->footprints()) EXPECT_EQ(footprint.minor_faults, 0u);
  EXPECT_EQ(probe_->footprints().size(), 1u);
}

TEST_F(CyclictestOnThisMachine, AFreezeIsOneSampleRawAndAHundredCorrected) {
  start({{"interval", {"1ms"}}});
  sleep_for(200ms);
  const pid_t pid = tool();
  ASSERT_GT(pid, 0);
  const std::uint64_t before = mono_raw_ns();
  kill(pid, SIGSTOP);
  sleep_for(100ms);
  kill(pid, SIGCONT);
  const std::uint64_t after = mono_raw_ns();
  sleep_for(200ms);
  const ProbeCpu cpu = stop();

  const auto freezes = std::count_if(cpu.gaps.begin(), cpu.gaps.end(), [&](const Gap& gap) {
    return gap.length > 90'000'000 && gap.start + gap.length > before && gap.start < after;
  });
  EXPECT_EQ(freezes, 1);
  EXPECT_GE(cpu.numbers.at("missed_periods"), 90);
  EXPECT_GE(cpu.corrected.count_above(10'000'000), 80u);
}

}  // namespace
}  // namespace isolab
