// SPDX-License-Identifier: Apache-2.0
// `isolab watch` of a program that is stalled on purpose, at times that the culprits log
// themselves: a task that preempts it, IPIs of membarrier(2) from another CPU, and sleeps that are
// its own doing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/membarrier.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <new>
#include <vector>

#include "analysis/watch/watch.h"
#include "cli/command_line.h"
#include "host/facts/measured_cpus.h"
#include "host/os.h"
#include "results/recording.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::size_t kMostStalls = 4096;

/// What one of the processes did, by CLOCK_MONOTONIC_RAW.
struct StallLog {
  std::atomic<std::uint32_t> stop{0}, ready{0}, count{0};
  struct {
    std::uint64_t from = 0, until = 0;
  } stalls[kMostStalls];

  void add(std::uint64_t from) {
    const auto at = count.load();
    if (at == kMostStalls) return;
    stalls[at] = {from, mono_raw_ns()};
    count.store(at + 1);
  }
  /// Those that lie in the window.
  std::vector<std::uint64_t> lengths(std::uint64_t begin, std::uint64_t end) const {
    std::vector<std::uint64_t> out;
    for (std::uint32_t i = 0; i < count.load(); ++i)
      if (stalls[i].from > begin && stalls[i].until < end)
        out.push_back(stalls[i].until - stalls[i].from);
    return out;
  }
};

void spin_for(std::uint64_t ns) {
  for (const auto end = mono_raw_ns() + ns; mono_raw_ns() < end;) continue;
}

/// A process of this test, named and pinned, that logs what it does until it is told to stop.
class Stalling {
 public:
  template <class Body>
  Stalling(const char* name, int cpu, const Body& body) {
    memory_ = *SharedMemory::create(sizeof(StallLog));
    log_ = new (memory_.data()) StallLog;
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_NAME, name);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!pin_this_thread(CpuSet{cpu})) ::_exit(1);
    log_->ready.store(1);
    while (log_->stop.load() == 0) body(*log_);
    ::_exit(0);
  }
  Stalling(const Stalling&) = delete;
  Stalling& operator=(const Stalling&) = delete;
  ~Stalling() {
    log_->stop.store(1);
    ::waitpid(pid_, nullptr, 0);
  }
  const StallLog& log() const { return *log_; }
  pid_t pid() const { return pid_; }
  void wait_ready() const {
    while (log_->ready.load() == 0) sleep_for(std::chrono::milliseconds(1));
  }

 private:
  SharedMemory memory_;
  StallLog* log_ = nullptr;
  pid_t pid_ = -1;
};

const WatchCause* cause_named(const WatchFindings& found, const std::string& what) {
  for (const auto& cause : found.causes)
    if (cause.name.what == what) return &cause;
  return nullptr;
}

std::uint64_t sum_of(const std::vector<std::uint64_t>& numbers) {
  std::uint64_t sum = 0;
  for (const auto number : numbers) sum += number;
  return sum;
}

/// Runs `isolab watch` of the application; what it printed.
std::string watch_printed(const std::vector<std::string>& options, ExitCode& code) {
  std::vector<std::string> words{"isolab", "watch"};
  words.insert(words.end(), options.begin(), options.end());
  testing::internal::CaptureStdout();
  code = carry_out(
      words, [] { return std::vector{verb_watch()}; }, "0");
  return testing::internal::GetCapturedStdout();
}

/// CPUs for the application and for what disturbs it from elsewhere; -1: there are not two.
std::pair<int, int> two_cpus() {
  const SystemFiles files;
  const HostFacts facts = read_host_facts(files);
  const int cpu = default_measured(facts)->cpus.first().value_or(-1);
  return {cpu, (facts.usable() - CpuSet{cpu}).first().value_or(-1)};
}

TEST(Watch, TheFlightRecorderTellsWhoPreemptedTheProgram) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  const auto [cpu, other] = two_cpus();
  if (cpu < 0 || other < 0) GTEST_SKIP() << "needs two CPUs";
  const test::TemporaryDirectory scratch;
  ::setenv("ISOLAB_STATE_DIR", (scratch.path() / "state").c_str(), 1);
  const Stalling application("stalled_app", cpu, [](StallLog& log) {
    if (log.ready.exchange(2) == 1) (void)set_this_thread_policy("fifo", 10);
    spin_for(20 * kMillisecond);
    sleep_for(std::chrono::milliseconds(3));
  });
  const Stalling helper("stall_helper", cpu, [](StallLog& log) {
    if (log.ready.exchange(2) == 1) (void)set_this_thread_policy("fifo", 20);
    sleep_for(std::chrono::milliseconds(100));
    spin_for(5 * kMillisecond);
  });
  application.wait_ready(), helper.wait_ready();
  ExitCode code{};
  const std::string output = scratch.path() / "recording";
  const std::string printed =
      watch_printed({"--pid", std::to_string(application.pid()), "--stop-over", "4500us", "--then",
                     "stop", "--for", "20s", "-o", output},
                    code);
  EXPECT_THAT(code, testing::AnyOf(ExitCode::done, ExitCode::disturbed)) << printed;
  EXPECT_THAT(printed, testing::HasSubstr("stop 1 at "));
  EXPECT_THAT(printed, testing::Not(testing::HasSubstr("stop 2 at ")));
  EXPECT_THAT(printed,
              testing::HasSubstr("stall_helper (other task), pid " + std::to_string(helper.pid())));
  const auto recording = load_recording(output);
  ASSERT_TRUE(recording) << recording.error().text();
  EXPECT_TRUE(std::filesystem::exists(recording->directory / recording->window_directories.front() /
                                      "trace/stops/001/symbols"));
}

TEST(Watch, EveryStallHasItsCulprit) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  const auto [cpu, other] = two_cpus();
  if (cpu < 0 || other < 0) GTEST_SKIP() << "needs two CPUs";
  const test::TemporaryDirectory scratch;
  ::setenv("ISOLAB_STATE_DIR", (scratch.path() / "state").c_str(), 1);

  const Stalling application("stalled_app", cpu, [](StallLog& log) {
    if (log.ready.load() == 1) {  // so that what else runs on this machine does not preempt it
      (void)set_this_thread_policy("fifo", 10);
      ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
      log.ready.store(2);
    }
    spin_for(40 * kMillisecond);
    const auto from = mono_raw_ns();
    sleep_for(std::chrono::milliseconds(7));
    log.add(from);
  });
  const Stalling helper("stall_helper", cpu, [](StallLog& log) {
    if (log.ready.exchange(2) == 1) (void)set_this_thread_policy("fifo", 20);
    sleep_for(std::chrono::milliseconds(60));
    const auto from = mono_raw_ns();
    spin_for(3 * kMillisecond);
    log.add(from);
  });
  const Stalling sender("stall_sender", other, [](StallLog& log) {
    sleep_for(std::chrono::milliseconds(5));
    const auto from = mono_raw_ns();
    ::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
    log.add(from);
  });
  application.wait_ready(), helper.wait_ready(), sender.wait_ready();

  const std::string output = scratch.path() / "recording";
  ExitCode code{};
  const std::string printed = watch_printed(
      {"--pid", std::to_string(application.pid()), "--for", "2s", "-o", output}, code);
  ASSERT_THAT(code, testing::AnyOf(ExitCode::done, ExitCode::disturbed)) << printed;
  const auto recording = load_recording(output);
  ASSERT_TRUE(recording) << recording.error().text();
  const auto& window = recording->windows.front();
  const auto found = watch_findings(window, recording->plan.measured, recording->facts,
                                    recording->directory / recording->window_directories.front());
  ASSERT_TRUE(found) << found.error().text();

  // The sums.
  ASSERT_EQ(found->tasks.size(), 1u) << printed;
  const auto& time = found->tasks.front().time;
  EXPECT_EQ(found->tasks.front().comm, "stalled_app");
  EXPECT_EQ(time.tid, application.pid());
  EXPECT_EQ(time.observed(), time.ran + time.stolen() + time.waited + time.slept + time.elsewhere);
  EXPECT_EQ(found->stolen_ticks(), found->cause_ticks()) << printed;
  EXPECT_EQ(time.stolen(), found->stolen_ticks());
  EXPECT_EQ(time.elsewhere, 0u);
  EXPECT_NEAR(found->seconds, 2, 0.2);

  // The task that preempted it: each burst, with its name and pid. A burst is logged from inside,
  // so the time stolen is not less, and a sleep of the application may hide bursts.
  const auto bursts = helper.log().lengths(window.begin_ns, window.end_ns);
  ASSERT_GE(bursts.size(), 10u);
  const WatchCause* preempted = cause_named(*found, "stall_helper");
  ASSERT_NE(preempted, nullptr) << printed;
  EXPECT_EQ(preempted->name.kind, CauseKind::other_task);
  EXPECT_THAT(preempted->pids, testing::ElementsAre(helper.pid()));
  EXPECT_GE(found->line.nanoseconds(preempted->ticks + time.waited + time.slept),
            sum_of(bursts) * 9 / 10);
  EXPECT_GE(found->line.nanoseconds(preempted->longest), 2 * kMillisecond);

  // Its sleeps are its own doing.
  const auto sleeps = application.log().lengths(window.begin_ns, window.end_ns);
  EXPECT_NEAR(static_cast<double>(time.sleeps), static_cast<double>(sleeps.size()), 2);
  EXPECT_GE(found->line.nanoseconds(time.slept + time.waited), sum_of(sleeps) * 8 / 10);

  if (found->level != "A") GTEST_SKIP() << "trace level " << found->level << ": no senders here";
  const auto barriers = sender.log().lengths(window.begin_ns, window.end_ns);
  ASSERT_GE(barriers.size(), 50u);
  const WatchCause* barrier = cause_named(*found, "ipi_mb");
  ASSERT_NE(barrier, nullptr) << printed;
  EXPECT_EQ(barrier->name.kind, CauseKind::remote_call);
  EXPECT_EQ(barrier->sender.comm, "stall_sender");
  EXPECT_EQ(barrier->sender.pid, sender.pid());
  EXPECT_EQ(barrier->sender.cpu, other);
  EXPECT_GE(barrier->sender.sends, barriers.size() / 2);  // none to a CPU where it does not run
  EXPECT_GE(barrier->slices * 10, barrier->sender.sends * 8);
  EXPECT_EQ(found->own_calls, 0u);
}

}  // namespace
}  // namespace isolab
