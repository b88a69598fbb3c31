// SPDX-License-Identifier: Apache-2.0
// Which files set the fair server, and the task that keeps it active.
#include "host/fair_server.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

namespace isolab {
namespace {

TEST(FairServer, KnowsItsFilesByTheirPath) {
  EXPECT_EQ(fair_server_cpu("/sys/kernel/debug/sched/fair_server/cpu13/runtime"), 13);
  EXPECT_EQ(fair_server_cpu("/sys/kernel/debug/sched/fair_server/cpu0/period"), 0);
  for (const char* other :
       {"/sys/kernel/debug/sched/fair_server/cpu/runtime", "/cpu3/runtime", "",
        "/sys/kernel/debug/sched/fair_server/cpu3", "/fair_server/cpu-1/runtime",
        "/sys/kernel/debug/sched/fair_server/cpu3x/runtime"})
    EXPECT_FALSE(fair_server_cpu(other)) << other;
}

TEST(FairServer, OccupiesTheCpuUntilItIsTold) {
  auto company = occupy_cpu(::sched_getcpu());
  ASSERT_TRUE(company);
  EXPECT_TRUE(company->running());
  const pid_t pid = company->pid();
  company.reset();
  EXPECT_NE(::kill(pid, 0), 0);
  EXPECT_FALSE(occupy_cpu(4096));
}

}  // namespace
}  // namespace isolab
