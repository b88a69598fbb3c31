// SPDX-License-Identifier: Apache-2.0
// Which rights a container has not, and what cannot be measured without them.
#include "host/readiness/missing_rights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "host/readiness/readiness.h"

namespace isolab {
namespace {

using Kernel = std::map<std::string, std::string>;

/// Files of a container of docker without options: its capabilities, a read-only /sys and
/// /proc/sys.
Kernel container() {
  return {{"/sys/devices/system/cpu/online", "0-3\n"},
          {"/proc/self/status",
           "Name:\tisolab\nPid:\t1\nUid:\t0\t0\t0\t0\nCapEff:\t00000000a80425fb\n"},
          {"/proc/self/limits", "Max realtime priority     0                    0\n"},
          {"/proc/self/mounts",
           "proc /proc proc rw,nosuid 0 0\nsysfs /sys sysfs ro,nosuid 0 0\n"
           "proc /proc/sys proc ro,relatime 0 0\n"},
          {"/sys/kernel/tracing/", ""},
          {"/proc/1/comm", "sh\n"},
          {"/dev/null", ""}};
}

std::vector<std::string> names(const Kernel& files) {
  const MemoryFiles kernel{files};
  std::vector<std::string> out;
  const auto missing = missing_rights(kernel);
  EXPECT_TRUE(missing);
  for (const MissingRight& right : *missing) {
    EXPECT_FALSE(right.without.empty()) << right.name;
    EXPECT_FALSE(right.remedy.empty()) << right.name;
    out.push_back(right.name);
  }
  return out;
}

TEST(MissingRights, OfAContainerWithoutOptions) {
  EXPECT_THAT(names(container()),
              testing::ElementsAre("CAP_IPC_LOCK", "CAP_SYS_ADMIN", "CAP_SYS_NICE", "CAP_SYSLOG",
                                   "tracefs", "PID namespace of the host", "writable /proc/sys",
                                   "writable /sys", "/dev/cpu_dma_latency"));
}

TEST(MissingRights, EachIsThereInAnotherWay) {
  auto files = container();
  files["/proc/2/comm"] = "kthreadd\n";
  files["/proc/self/limits"] = "Max realtime priority     99                   99\n";
  files["/proc/sys/kernel/kptr_restrict"] = "0\n";
  files["/proc/sys/kernel/perf_event_paranoid"] = "1\n";
  files["/sys/kernel/tracing/events/csd/csd_queue_cpu/format"] = "";
  files["/sys/kernel/tracing/trace_pipe"] = "";
  files["/sys/kernel/tracing/available_events"] = "";
  files["/proc/self/mounts"] += "tracefs /sys/kernel/tracing tracefs rw 0 0\n";
  files["/dev/cpu_dma_latency"] = "";
  EXPECT_THAT(names(files), testing::ElementsAre("CAP_IPC_LOCK", "CAP_SYS_ADMIN",
                                                 "writable /proc/sys", "writable /sys"));
}

TEST(MissingRights, AreNoneOfAProcessThatHasAll) {
  auto files = container();
  files["/proc/self/status"] = "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n";
  files["/proc/self/mounts"] = "proc /proc proc rw 0 0\nsysfs /sys sysfs rw 0 0\n";
  files["/dev/cpu_dma_latency"] = "";
  files["/proc/2/comm"] = "kthreadd\n";
  files.erase("/sys/kernel/tracing/");  // a kernel without tracing
  EXPECT_TRUE(names(files).empty());
}

TEST(MissingRights, AreUnknownWithoutStatus) {
  const MemoryFiles none{{{"/sys/devices/system/cpu/online", "0-3\n"}}};
  EXPECT_FALSE(missing_rights(none));
}

TEST(MissingRights, AreAFindingWithAllByName) {
  const MemoryFiles kernel{container()};
  for (const auto& finding : check_readiness(kernel, read_kernel_facts(kernel), CpuSet{3}))
    if (finding.id == "rights") {
      EXPECT_EQ(finding.level, ReadinessLevel::problem);
      EXPECT_EQ(finding.named.size(), 9U);
      EXPECT_THAT(finding.seen, testing::StartsWith("root, without CAP_IPC_LOCK, "));
    }
}

}  // namespace
}  // namespace isolab
