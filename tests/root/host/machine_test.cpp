// SPDX-License-Identifier: Apache-2.0
// The state guard and the private mounts on the running kernel. The knobs are printk's rate limit
// (harmless, any kernel); everything else happens in forks and namespaces that end with the test.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "host/guard.h"
#include "host/os.h"
#include "host/process.h"
#include "host/restore.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kKnob = "/proc/sys/kernel/printk_ratelimit_burst";
const std::string kOther = "/proc/sys/kernel/printk_delay";

class Machine : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_root()) GTEST_SKIP() << "needs root";
    if (::access(kKnob.c_str(), W_OK) != 0) GTEST_SKIP() << kKnob << " is not writable here";
    original_ = *files_.read(kKnob);
  }
  void TearDown() override {
    if (directory_.empty()) return;
    if (*files_.read(kKnob) != original_) {
      ADD_FAILURE() << kKnob << " was left changed";
      EXPECT_TRUE(files_.write(kKnob, original_));
    }
  }
  SystemFiles files_;
  const test::TemporaryDirectory scratch_;
  const std::filesystem::path directory_ = scratch_.path();
  std::string original_;
};
using RealGuard = Machine;
using RealMachine = Machine;

TEST(RealMachinePriority, RunsAheadItselfButNotItsForks) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  auto child = Child::fork_into("ahead", {}, [] {
    if (!run_ahead_of_ordinary_tasks()) return 3;
    const bool ahead = (::sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) == SCHED_RR;
    auto fork = Child::fork_into("ordinary", {},
                                 [] { return ::sched_getscheduler(0) == SCHED_OTHER ? 0 : 1; });
    const auto ended = fork ? fork->wait_for(seconds(5)) : std::nullopt;
    return ahead && ended && ended->ok() ? 0 : 1;
  });
  ASSERT_TRUE(child);
  auto exit = child->wait_for(seconds(10));
  ASSERT_TRUE(exit);
  if (exit->code == 3) GTEST_SKIP() << "real-time scheduling is refused here";
  EXPECT_TRUE(exit->ok()) << exit->text();
}

TEST_F(RealGuard, SetsAndRestoresASysctl) {
  StateGuard guard(files_, directory_);
  const long long value = *read_number(files_, kKnob);
  ASSERT_TRUE(guard.set(kKnob, std::to_string(value + 1)));
  EXPECT_EQ(*read_number(files_, kKnob), value + 1);
  EXPECT_TRUE(guard.restore().empty());
  EXPECT_EQ(*read_number(files_, kKnob), value);
}

TEST_F(RealGuard, AValueTheKernelRefusesLeavesNothing) {
  StateGuard guard(files_, directory_);
  const auto refused = guard.set(kOther, "99999999");  // 0..10000 (kernel/printk/sysctl.c)
  ASSERT_FALSE(refused);
  EXPECT_TRUE(guard.entries().empty());
}

TEST_F(RealGuard, AKilledRunIsRestoredByTheNext) {
  auto run = Child::fork_into("run", {}, [&] {
    StateGuard guard(files_, directory_);
    if (!guard.set(kKnob, "21")) return 1;
    const auto knob = guard.claim(kKnob);
    if (!knob || !knob->write("22")) return 2;
    ::raise(SIGKILL);
    return 3;
  });
  ASSERT_TRUE(run);
  const auto exit = run->wait_for(seconds{20});
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, SIGKILL);
  EXPECT_EQ(*read_number(files_, kKnob), 22);
  const auto stale = *stale_journals(directory_);
  ASSERT_EQ(stale.size(), 1u);
  EXPECT_TRUE(restore_journal(files_, stale[0]).empty());
  EXPECT_EQ(*files_.read(kKnob), original_);
  EXPECT_TRUE(stale_journals(directory_)->empty());
}

TEST_F(RealGuard, AForkThatEndsByExitRestoresNothing) {
  StateGuard guard(files_, directory_);
  const long long value = *read_number(files_, kKnob);
  ASSERT_TRUE(guard.set(kKnob, std::to_string(value + 1)));
  auto child = Child::fork_into("child", {}, [&] {
    guard.~StateGuard();
    return 0;
  });
  ASSERT_TRUE(child && child->wait_for(seconds{20}));
  EXPECT_EQ(*read_number(files_, kKnob), value + 1);
}

bool has_mount(const Files& files, const std::string& place) {
  return files.read("/proc/self/mounts")->find(" " + place + " ") != std::string::npos;
}

TEST_F(RealMachine, MissingKernelFileSystemsAreMountedForUsAlone) {
  const bool outside = has_mount(files_, "/sys/kernel/tracing");
  auto child = Child::fork_into("mounts", {}, [&] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      return 77;
    while (::umount2("/sys/kernel/tracing", MNT_DETACH) == 0) {
    }
    if (has_mount(files_, "/sys/kernel/tracing")) return 1;
    const auto made = mount_private_kernel_filesystems();
    if (!made) return 2;
    if (std::find(made->begin(), made->end(), "tracefs") == made->end())
      return 77;  // no tracefs in this kernel
    if (!files_.exists("/sys/kernel/tracing/events")) return 3;
    const auto again = mount_private_kernel_filesystems();
    return again && again->empty() ? 0 : 4;
  });
  ASSERT_TRUE(child);
  const auto exit = child->wait_for(seconds{20});
  ASSERT_TRUE(exit);
  EXPECT_EQ(has_mount(files_, "/sys/kernel/tracing"), outside);
  if (exit->code == 77)
    GTEST_SKIP() << "this kernel or container gives no mount namespace or no tracefs";
  EXPECT_EQ(exit->code, 0);
}

TEST_F(RealMachine, DmaLatencyIsHeldByADescriptor) {
  const auto held = hold_cpu_dma_latency();
  if (!held && held.error().kind == ErrorKind::unsupported) GTEST_SKIP() << held.error().what;
  ASSERT_TRUE(held) << held.error().what;
  EXPECT_TRUE(*held);
}

TEST_F(RealMachine, RealTimePolicyIsTaken) {
  auto child = Child::fork_into("fifo", {}, [] {
    if (!set_this_thread_policy("fifo", 1)) return 77;
    return ::sched_getscheduler(0) == SCHED_FIFO ? 0 : 1;
  });
  ASSERT_TRUE(child);
  const auto exit = child->wait_for(seconds{20});
  ASSERT_TRUE(exit);
  if (exit->code == 77) GTEST_SKIP() << "no real-time budget in this cgroup";
  EXPECT_EQ(exit->code, 0);
}

}  // namespace
}  // namespace isolab
