// SPDX-License-Identifier: Apache-2.0
// A captured machine tells the same as the machine: facts and readiness of the fixtures survive
// being captured and loaded again.
#include "host/captured/capture.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "host/facts/facts.h"
#include "host/readiness/capture_machine.h"
#include "host/readiness/readiness.h"
#include "tests/support/captured_machine.h"

namespace isolab {
namespace {

class Capture : public ::testing::TestWithParam<const char*> {};

TEST_P(Capture, TellsWhatTheMachineTold) {
  const CapturedMachine machine(ISOLAB_SOURCE_DIR "/tests/hosts", GetParam());
  const MemoryFiles files = machine.files();
  const std::string name = "isolab-capture-" + std::to_string(::getpid());
  const std::string directory = ::testing::TempDir();
  std::ofstream(directory + "/" + name + ".txt") << capture_machine(files, "captured again");
  const MemoryFiles again = CapturedMachine(directory, name).files();
  std::filesystem::remove(directory + "/" + name + ".txt");

  const HostFacts before = read_kernel_facts(files), after = read_kernel_facts(again);
  for (const auto& [key, value] : before.all) {
    if (!key.starts_with("software.")) {
      EXPECT_EQ(after.all.at(key), value) << key;
    }
  }
  EXPECT_EQ(before.kernel_config, after.kernel_config);
  const CpuSet measured{before.online.last().value()};
  EXPECT_EQ(check_readiness(files, before, measured), check_readiness(again, after, measured));
}

INSTANTIATE_TEST_SUITE_P(All, Capture,
                         ::testing::Values("guest_x86_2cpu", "server_x86_smt",
                                           "two_sockets_x86_8cpu", "emag_arm64_32cpu",
                                           "agents_x86_4cpu", "guest_arm64_32cpu"),
                         [](const auto& test) { return std::string(test.param); });

TEST(CapturingFiles, RefusesToWrite) {
  MemoryFiles files{{{"/proc/sys/vm/stat_interval", "1\n"}}};
  CapturingFiles capturing(files);
  EXPECT_FALSE(capturing.write("/proc/sys/vm/stat_interval", "2"));
  EXPECT_TRUE(files.log().empty());
}

TEST(CapturingFiles, WhatIsNoTextIsNamedAndLeftOut) {
  const MemoryFiles files{{{"/a", std::string("\0x", 2)}, {"/b", "text"}}};
  const CapturingFiles capturing(files);
  (void)capturing.read("/a");
  (void)capturing.read("/b");
  EXPECT_EQ(capturing.archive("t"), "# t\n# left out: /a\n== /b\ntext\n");
}

}  // namespace
}  // namespace isolab
