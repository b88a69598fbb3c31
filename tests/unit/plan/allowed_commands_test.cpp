// SPDX-License-Identifier: Apache-2.0
#include "plan/allowed_commands.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "host/os.h"
#include "plan/compile.h"
#include "plan/profile.h"
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
       {"/proc/sys/kernel/core_pattern", "/sys/power/state", "/sys/kernel/uevent_helper",
        "/sys/fs/cgroup/cpu/release_agent", "/proc/sys/kernel/modprobe",
        "/proc/sys/fs/binfmt_misc/register", "/sys/module/firmware_class/parameters/path",
        "/proc/sys/vm/panic_on_oom", "/proc/sys/vm/overcommit_memory",
        "/proc/sys/kernel/panic_on_warn", "/proc/sys/fs/protected_symlinks",
        "/proc/sys/fs/suid_dumpable", "/sys/kernel/a_file_of_a_later_kernel"})
    EXPECT_THAT(foreign_code(plan_of("{settings: {" + std::string(path) + ": x}}")),
                ElementsAre(HasSubstr(path)));
}

TEST(Trust, WhatIsListedCannotHideItself) {
  const auto code = foreign_code(plan_of(
      "{workloads: [command: {argv: [sh, -c, \"touch /tmp/x #\\e[2K\\r\\n  observed\"]}]}"));
  EXPECT_THAT(code, ElementsAre("arm a: command argv=[sh -c touch /tmp/x "
                                "#\\x1b[2K\\x0d\\n  observed]"));
}

TEST(Trust, HarmlessFilesAreMatchedWhole) {
  for (const char* path :
       {"/proc/sys/kernel/sched_rt_runtime_us", "/sys/kernel/debug/sched/fair_server/cpu2/runtime",
        "/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs",
        "/sys/devices/virtual/workqueue/cpumask",
        "/sys/devices/system/cpu/cpu11/cpuidle/state2/disable",
        "/sys/devices/system/cpu/cpufreq/policy0/scaling_governor"})
    EXPECT_TRUE(is_harmless_setting(path)) << path;
  for (const char* path :
       {"/sys/devices/system/cpu/cpu1/online", "/sys/devices/system/cpu/cpu1/driver/unbind",
        "/sys/devices/system/cpu/cpu1/firmware_node/power/control",
        "/sys/devices/virtual/workqueue/writeback/subsystem/drivers_probe",
        "/sys/kernel/debug/sched/fair_server/../../kprobes/enabled", "/proc/sys/kernel/sched_a/b",
        "/proc/sys/kernel/yama/ptrace_scope"})
    EXPECT_FALSE(is_harmless_setting(path)) << path;
}

TEST(Trust, OneWaySettingsAreKnown) {
  const std::vector<std::pair<const char*, const char*>> known = {
      {"/proc/sys/kernel/modules_disabled", "1"},
      {"/proc/sys/kernel/kexec_load_disabled", "1"},
      {"/proc/sys/kernel/kexec_load_limit_reboot", "3"},
      {"/proc/sys/kernel/yama/ptrace_scope", "3"},
      {"/proc/sys/kernel/yama/ptrace_scope", "0x3"},
      {"/proc/sys/kernel/unprivileged_bpf_disabled", "1"},
      {"/proc/sys/kernel/usermodehelper/bset", "0 0"},
      {"/proc/sys/kernel/usermodehelper/inheritable", "0 0"},
      {"/proc/sys/kernel/tainted", "512"},
      {"/proc/sys/vm/drop_caches", "3"},
      {"/proc/sys/vm/dirty_bytes", "1000000"},
      {"/sys/module/module/parameters/sig_enforce", "1"},
      {"/sys/kernel/security/lockdown", "integrity"},
      {"/sys/devices/system/cpu/smt/control", "forceoff"}};
  for (const auto& [path, value] : known) EXPECT_NE(cannot_be_put_back(path, value), "") << path;
  EXPECT_EQ(cannot_be_put_back("/proc/sys/kernel/yama/ptrace_scope", "1"), "");
  EXPECT_EQ(cannot_be_put_back("/proc/sys/vm/stat_interval", "1"), "");
  EXPECT_EQ(cannot_be_put_back("/sys/devices/system/cpu/smt/control", "off"), "");
}

TEST(Trust, OnlyOurOwnProfilesRunCommandsUnasked) {
  const Plan plan = plan_of("{workloads: [command: {argv: [true]}]}");
  EXPECT_TRUE(check_commands("p.yaml", true, plan, false));
  const auto refused = check_commands("p\x1b.yaml", false, plan, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::denied);
  EXPECT_THAT(refused.error().text(),
              testing::AllOf(HasSubstr("p\\x1b.yaml"), HasSubstr("command argv=[true]"),
                             HasSubstr("--allow-commands")));
  EXPECT_TRUE(check_commands("p.yaml", false, plan, true));
  EXPECT_TRUE(check_commands("p.yaml", false, plan_of("{workloads: [hackbench]}"), false));
}

class Shipped : public testing::Test {
 protected:
  std::string put(const std::string& name, const std::string& text) const {
    std::ofstream(scratch_.path() / name) << text;
    return (scratch_.path() / name).string();
  }
  const std::string own_ = ISOLAB_SOURCE_DIR "/profiles/quick.yaml";
  const test::TemporaryDirectory scratch_;
};

TEST_F(Shipped, IsAskedOfWhatIsOpenAndNotOfItsPath) {
  EXPECT_TRUE(read_profile(own_)->ships);
  const std::string path = put("quick.yaml", "name: x\n");
  const Fd stranger(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::filesystem::remove(path);
  std::filesystem::create_symlink(own_, path);
  EXPECT_FALSE(ships_with_isolab(stranger.get())) << "the path now leads to a shipped profile";
  const Fd shipped(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(ships_with_isolab(shipped.get())) << "through a link";
  EXPECT_FALSE(ships_with_isolab(-1));
}

TEST_F(Shipped, OneStrangerAmongTheFilesIsEnough) {
  const std::string link = (scratch_.path() / "quick.yaml").string();
  std::filesystem::create_symlink(own_, link);
  EXPECT_TRUE(read_profile(link)->ships);
  std::filesystem::copy_file(own_, scratch_.path() / "copy.yaml");
  EXPECT_FALSE(read_profile(put("top.yaml", "include: copy.yaml\n"))->ships);
}

}  // namespace
}  // namespace isolab
