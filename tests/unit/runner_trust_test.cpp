// SPDX-License-Identifier: Apache-2.0
#include "runner/trust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "runner/compile.h"
#include "runner/profile.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Plan plan_of(const std::string& arm) {
  HostFacts facts;
  facts.online = CpuSet{0, 1};
  const auto profile =
      read_profile_text("t", "name: t\nquestion: q\nprobe: none\narms:\n  idle: {}\n  a: " + arm +
                                 "\ndesign: {measure: 1s}\n");
  EXPECT_TRUE(profile) << profile.error().what;
  return *compile_plan(*profile, facts);
}

TEST(Trust, FindsWhatRunsCode) {
  EXPECT_THAT(foreign_code(plan_of("{workloads: [hackbench, kernel_build]}")), IsEmpty());
  EXPECT_THAT(foreign_code(plan_of("{workloads: [command: {argv: [rm, -rf, /]}]}")),
              ElementsAre("arm a: command argv=[rm -rf /]"));
  EXPECT_THAT(foreign_code(plan_of("{workloads: [kernel_build: {tree: /tmp/evil}]}")),
              ElementsAre("arm a: kernel_build tree=[/tmp/evil]"));
  EXPECT_THAT(foreign_code(plan_of("{settings: {/proc/sys/vm/stat_interval: 10}}")), IsEmpty());
  for (const char* path :
       {"/proc/sys/kernel/core_pattern", "/proc/sys//kernel/./core_pattern", "/sys/power/state",
        "/sys/kernel/uevent_helper", "/sys/fs/cgroup/cpu/release_agent",
        "/proc/sys/kernel/modprobe", "/proc/sys/fs/binfmt_misc/register"})
    EXPECT_THAT(foreign_code(plan_of("{settings: {" + std::string(path) + ": x}}")),
                ElementsAre(HasSubstr(path)));
}

TEST(Trust, OnlyOurOwnProfilesRunCommandsUnasked) {
  const Plan plan = plan_of("{workloads: [command: {argv: [true]}]}");
  const std::string own = ISOLAB_SOURCE_DIR "/profiles/quick.yaml";
  EXPECT_TRUE(ships_with_isolab(own));
  EXPECT_TRUE(check_commands(own, plan, false));

  const test::TemporaryDirectory scratch;
  const std::filesystem::path& directory = scratch.path();
  const std::string stranger = (directory / "quick.yaml").string();
  std::ofstream(stranger) << "name: x\n";
  const auto refused = check_commands(stranger, plan, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::denied);
  EXPECT_THAT(refused.error().text(),
              testing::AllOf(HasSubstr("command argv=[true]"), HasSubstr("--allow-commands")));
  EXPECT_TRUE(check_commands(stranger, plan, true));
  EXPECT_TRUE(check_commands(stranger, plan_of("{workloads: [hackbench]}"), false));
  EXPECT_FALSE(ships_with_isolab("/nowhere.yaml"));
}

}  // namespace
}  // namespace isolab
