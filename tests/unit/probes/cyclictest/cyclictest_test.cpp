// SPDX-License-Identifier: Apache-2.0
// The probe cyclictest against tests/tools/cyclictest, which misbehaves in every known way: each
// time the error says what happened and the samples until then are kept.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "host/os.h"
#include "probes/contract/probe.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double kBatch = 101;  // samples of one batch of the fake

class FakeCyclictest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("PATH");
    old_path_ = path != nullptr ? path : "";
    ::setenv("PATH", (ISOLAB_SOURCE_DIR "/tests/tools:" + old_path_).c_str(), 1);
    facts_.online = CpuSet{0, 1};
  }
  void TearDown() override { ::setenv("PATH", old_path_.c_str(), 1); }

  ProbeContext context() {
    // The fake may run anywhere: CPU 1 is measured in name only.
    return {Host{files_, facts_}, CpuSet{1}, CpuSet{0}, scratch_, Nanos(0)};
  }

  /// One window of `length` after listening; returns what window() said.
  Result<void> run(const std::string& misbehaviour, Nanos length = 300ms) {
    ::setenv("FAKE_CYCLICTEST", misbehaviour.c_str(), 1);
    probe_ = find_probe("cyclictest")->make({}, context()).value();
    if (auto ready = probe_->prepare(); !ready) return ready;
    Result<void> answer;
    std::atomic<bool> ended{false};
    std::thread window([&] {
      answer = probe_->window(signals_);
      ended.store(true);
    });
    while (signals_.listening.load() == 0 && !ended.load()) sleep_for(1ms);
    const auto until = std::chrono::steady_clock::now() + length;
    while (std::chrono::steady_clock::now() < until && !ended.load()) sleep_for(1ms);
    signals_.stop.store(1);
    window.join();
    return answer;
  }

  ProbeCpu heard() { return probe_->collect().cpus.at(0); }

  MemoryFiles files_;
  HostFacts facts_;
  std::string old_path_;
  const test::TemporaryDirectory directory_;
  const std::filesystem::path scratch_ = directory_.path();
  std::unique_ptr<Probe> probe_;
  ProbeSignals signals_;
};

TEST_F(FakeCyclictest, EverySampleIsKept) {
  const auto answer = run("fine");
  ASSERT_TRUE(answer) << answer.error().text();
  const ProbeRecord record = probe_->collect();
  EXPECT_EQ(record.kind, "wakeup");
  EXPECT_EQ(record.line.counter, "ns");
  EXPECT_EQ(record.notes.at("version"), "cyclictest V 9.99 (fake)");
  const ProbeCpu& cpu = record.cpus.at(0);
  EXPECT_THAT(cpu.error, IsEmpty());
  const double batches = static_cast<double>(cpu.gaps.size());
  EXPECT_GE(batches, 1);
  EXPECT_EQ(cpu.numbers.at("missed_periods"), batches * 3);
  EXPECT_EQ(static_cast<double>(cpu.corrected.total()), cpu.numbers.at("periods"));
  EXPECT_EQ(static_cast<double>(cpu.histogram.total()), cpu.numbers.at("samples"));
  EXPECT_THAT(cpu.gaps, Each(Field(&Gap::length, 3'500'000u)));
  EXPECT_GT(cpu.end, cpu.start);
}

TEST_F(FakeCyclictest, SecondWindowForgetsTheFirst) {
  ASSERT_TRUE(run("fine", 500ms));
  const double first = heard().numbers.at("samples");
  signals_.stop.store(0);
  signals_.listening.store(0);
  std::thread window([&] { EXPECT_TRUE(probe_->window(signals_)); });
  while (signals_.listening.load() == 0) sleep_for(1ms);
  signals_.stop.store(1);
  window.join();
  EXPECT_LT(heard().numbers.at("samples"), first);
}

struct Misbehaviour {
  const char* name;
  const char* says;
  ErrorKind kind;
  double at_least;  // samples kept
  Nanos length = 300ms;
};

class Misbehaving : public FakeCyclictest, public ::testing::WithParamInterface<Misbehaviour> {};

TEST_P(Misbehaving, SaysWhatHappenedAndKeepsTheData) {
  const auto answer = run(GetParam().name, GetParam().length);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, GetParam().kind);
  EXPECT_THAT(answer.error().text(), HasSubstr(GetParam().says));
  const ProbeCpu cpu = heard();
  EXPECT_THAT(cpu.error, HasSubstr(GetParam().says));
  EXPECT_GE(static_cast<double>(cpu.histogram.total()), GetParam().at_least);
}

INSTANTIATE_TEST_SUITE_P(
    All, Misbehaving,
    ::testing::Values(
        Misbehaviour{"truncated", "the output ends inside a line", ErrorKind::parse, kBatch},
        Misbehaviour{"garbled", "`       0:     101:  banana` is not a sample", ErrorKind::parse,
                     kBatch},
        Misbehaviour{"skips", "continues with cycle 150, expected 101", ErrorKind::parse, kBatch},
        Misbehaviour{"killed", "ended before the window: killed by SIGKILL", ErrorKind::io, kBatch},
        Misbehaviour{"ends_early", "ended before the window: exit code 0", ErrorKind::io, kBatch},
        Misbehaviour{"refuses", "exit code 1: Unable to change scheduling policy!", ErrorKind::io,
                     0},
        Misbehaviour{"ignores_int", "did not end within", ErrorKind::interrupted, kBatch},
        Misbehaviour{"goes_quiet", "gave no sample in the last", ErrorKind::io, kBatch, 4s},
        Misbehaviour{"fails_at_end", "exit code 7: FATAL: out of luck", ErrorKind::io, kBatch},
        Misbehaviour{"other_cpu", "put thread 0 on CPU 5 instead of 1", ErrorKind::io, kBatch},
        Misbehaviour{"silent", "no sample of every thread within 10 s", ErrorKind::interrupted, 0}),
    [](const auto& test) { return test.param.name; });

TEST_F(FakeCyclictest, AMissingToolIsUnsupportedWithAHint) {
  ::setenv("PATH", scratch_.c_str(), 1);
  const auto answer = find_probe("cyclictest")->preflight({}, context());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(answer.error().text(), HasSubstr("install rt-tests"));
}

TEST_F(FakeCyclictest, RefusesIntervalsItCannotKeep) {
  for (const char* interval : {"1us", "2s", "1500ns"})
    EXPECT_FALSE(find_probe("cyclictest")->check({{"interval", {interval}}})) << interval;
  EXPECT_TRUE(find_probe("cyclictest")->preflight({{"interval", {"100us"}}}, context()));
}

}  // namespace
}  // namespace isolab
