// SPDX-License-Identifier: Apache-2.0
// Tasks of known names that queue work to a measured CPU, arm timers there, open time-stamping
// sockets and load seccomp filters, recorded on the real machine: each is named with its pid. What
// a kernel does not do, or has no event for, is skipped with the reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "analysis/attribution/interruptions.h"
#include "analysis/attribution/sender_row.h"
#include "analysis/model/sender_words.h"
#include "host/os.h"
#include "host/process.h"
#include "probes/contract/observer.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

constexpr auto kPause = std::chrono::milliseconds{20};

int queue_work(const SystemFiles& files) {
  while (true) {
    // schedule_on_each_cpu() (vmstat_refresh(), mm/vmstat.c).
    if (!files.read("/proc/sys/vm/stat_refresh")) return 1;
    sleep_for(kPause);
  }
}

int nap() {
  while (true) sleep_for(kPause);
}

/// A receive time-out is a timer of the timer wheel (schedule_timeout(), kernel/time/timer.c). The
/// timers of an idle CPU may expire on another one (kernel/time/timer_migration.c), so the CPU is
/// busy; the busy task is in the group of its parent, and ends with it.
int wait_for_data() {
  if (::fork() == 0)
    while (true) asm volatile("");
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 1;
  const timeval limit{0, 30'000};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  for (char byte = 0;;) (void)::recv(socket, &byte, 1, 0);
}

/// The first such socket, and the close of the last, switch a static key by a work item
/// (net_enable_timestamp(), net/core/dev.c).
int stamp() {
  while (true) {
    const int socket = ::socket(AF_INET, SOCK_DGRAM, 0), on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on);
    sleep_for(kPause);
    ::close(socket);
    sleep_for(kPause);
  }
}

/// A task of the same name for each filter, which is freed with the task.
int filter() {
  while (true) {
    const pid_t task = ::fork();
    if (task == 0) {
      sock_filter allow[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
                             BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
      const sock_fprog program{2, allow};
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      ::_exit(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : 1);
    }
    int status = 0;
    ::waitpid(task, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return 1;
    sleep_for(kPause);
  }
}

/// What one task is found to have sent, queued or armed on the measured CPU.
struct Found {
  std::string cause, who;
  std::int32_t pid = -1;
};

class SendersOfWork : public testing::Test {
 protected:
  void SetUp() override {
    facts_ = read_host_facts(files_);
    if (!is_root() || facts_.online.count() < 2) GTEST_SKIP() << "needs root and two CPUs";
    measured_ = CpuSet{facts_.online.last().value()};
    timers_leave_ = !(read_kernel_facts(files_).nohz_full & measured_).empty();
    ASSERT_TRUE(pin_this_thread(facts_.online - measured_));
  }

  /// Records `body` as a task `name` on `cpus` for a second, and attributes the trace.
  void record(const std::string& name, const CpuSet& cpus, const std::function<int()>& body) {
    auto child = Child::fork_into(name, cpus, body);
    ASSERT_TRUE(child) << child.error().text();
    WindowRecord record;
    StateGuard guard(files_, scratch_.path() / "journal");
    const ObserverContext context{.host = {files_, facts_},
                                  .guard = guard,
                                  .measured = measured_,
                                  .housekeeping = facts_.online - measured_,
                                  .directory = scratch_.path()};
    auto observer =
        find_observer("ipi_trace")->make({{"buffer", {"4MiB"}}, {"quiet", {"50ms"}}}, context);
    ASSERT_TRUE(observer);
    ASSERT_TRUE((*observer)->prepare());
    ASSERT_TRUE((*observer)->begin());
    sleep_for(std::chrono::milliseconds{500});
    const bool alive = child->running();
    ASSERT_TRUE((*observer)->end());
    ASSERT_TRUE((*observer)->finish(record));
    observer->reset();
    EXPECT_THAT(guard.restore(), testing::IsEmpty());
    const auto pid = child->pid();
    child->stop(std::chrono::seconds{1});
    auto meta = TraceMeta::read(record.notes);
    ASSERT_TRUE(meta) << meta.error().text();
    if (!alive) GTEST_SKIP() << "this kernel does not let a task do that";
    if (meta->level != "A") GTEST_SKIP() << "trace level " << meta->level << " here";
    if (!meta->reasons.empty()) GTEST_SKIP() << testing::PrintToString(meta->reasons);
    ASSERT_EQ(meta->lost(), 0u);
    attribute(*meta, name, pid);
  }

  void attribute(const TraceMeta& meta, const std::string& name, std::int32_t pid) {
    pid_ = pid;
    const auto trace = TraceDirectory::load(scratch_.path() / "trace");
    ASSERT_TRUE(trace) << trace.error().text();
    const auto rules =
        Classifier::create(builtin_class_rules(), facts_.arch, facts_.kernel_release);
    ASSERT_TRUE(rules);
    const int cpu = measured_.last().value();
    Attribution attribution(*trace, meta, *rules, {{cpu, 0, 0, 1000, {}}});
    ASSERT_TRUE(attribute_trace(*trace, attribution));
    const auto& causes = attribution.cpus().front().causes;
    for (CauseId id = 0; id < causes.size(); ++id)
      for (const auto& [key, tally] : causes[id].senders) {
        const auto row = sender_row(tally.example, attribution);
        const auto& what = attribution.names()[id].what;
        all_.push_back(what + ", by " + who_text(row, true));
        if (row.is_task() && row.comm == name) found_.push_back({what, all_.back(), row.pid});
        for (const auto& origin : row.origins)
          if (origin.comm == name) found_.push_back({what, all_.back(), origin.pid});
      }
  }

  /// The one whose words contain `word`.
  std::optional<Found> named(const std::string& word) const {
    for (const auto& one : found_)
      if (one.who.find(word) != std::string::npos) return one;
    return std::nullopt;
  }

  SystemFiles files_;
  HostFacts facts_;
  CpuSet measured_;
  bool timers_leave_ = false;  // timers armed on the measured CPU expire on housekeeping CPUs
  const test::TemporaryDirectory scratch_;
  std::int32_t pid_ = -1;
  std::vector<Found> found_;
  std::vector<std::string> all_;  // of all tasks, for messages
};

TEST_F(SendersOfWork, ATaskThatQueuesWorkToTheCpuIsNamed) {
  record("work_queuer", facts_.online - measured_, [&] { return queue_work(files_); });
  if (IsSkipped() || HasFatalFailure()) return;
  const auto found = named("refresh_vm_stats");
  ASSERT_TRUE(found) << testing::PrintToString(all_);
  EXPECT_EQ(found->pid, pid_);
  EXPECT_THAT(found->cause, testing::StartsWith("kworker/"));
}

TEST_F(SendersOfWork, ATaskThatSleepsOnTheCpuArmedItsTimer) {
  if (timers_leave_) GTEST_SKIP() << "the measured CPU is nohz_full";
  record("timer_armer", measured_, nap);
  if (IsSkipped() || HasFatalFailure()) return;
  const auto found = named("hrtimer_wakeup");
  ASSERT_TRUE(found) << testing::PrintToString(all_);
  EXPECT_EQ(found->pid, pid_);
}

TEST_F(SendersOfWork, ATimeoutOfTheTimerWheelHasItsTask) {
  if (timers_leave_) GTEST_SKIP() << "the measured CPU is nohz_full";
  record("wheel_armer", measured_, wait_for_data);
  if (IsSkipped() || HasFatalFailure()) return;
  const auto found = named("process_timeout");
  ASSERT_TRUE(found) << testing::PrintToString(all_);
  EXPECT_EQ(found->pid, pid_);
}

TEST_F(SendersOfWork, TheOwnerOfATimestampSocketIsTheOriginOfItsStaticKey) {
  record("stamp_opener", facts_.online - measured_, stamp);
  if (IsSkipped() || HasFatalFailure()) return;
  const auto found = named("netstamp_clear");
  if (!found)
    GTEST_SKIP() << "no static key was switched: another socket has time stamps, or this kernel "
                    "sends nothing for it; found: "
                 << testing::PrintToString(all_);
  EXPECT_EQ(found->pid, pid_);
  EXPECT_THAT(found->who, testing::HasSubstr("running netstamp_clear queued by stamp_opener (pid"));
}

TEST_F(SendersOfWork, ATaskThatLoadsASeccompFilterIsNamed) {
  record("filter_loader", facts_.online, filter);
  if (IsSkipped() || HasFatalFailure()) return;
  if (found_.empty()) GTEST_SKIP() << "a filter sends nothing to other CPUs on this kernel";
  for (const auto& one : found_)
    EXPECT_THAT(one.who, testing::HasSubstr("filter_loader (pid")) << one.cause;
}

}  // namespace
}  // namespace isolab
