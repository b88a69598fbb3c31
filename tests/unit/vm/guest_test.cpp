// SPDX-License-Identifier: Apache-2.0
// What a guest is made of, without booting one: libraries of a program, names of kernels, the
// kernel's command line, and what a console says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "vm/elf.h"
#include "vm/kernels.h"
#include "vm/machine.h"

namespace isolab {
namespace {

TEST(Elf, ThisProgramNeedsItsLoaderAndTheCLibrary) {
  const auto elf = read_elf("/proc/self/exe");
  ASSERT_TRUE(elf) << elf.error().what;
  EXPECT_THAT(elf->libraries, ::testing::Contains("libc.so.6"));
  EXPECT_THAT(elf->interpreter, ::testing::StartsWith("/lib"));
  const auto libraries = libraries_of("/proc/self/exe", {});
  ASSERT_TRUE(libraries) << libraries.error().what;
  EXPECT_TRUE(libraries->contains(elf->interpreter));
  for (const auto& [target, file] : *libraries) {
    EXPECT_TRUE(std::filesystem::exists(file)) << file;
    EXPECT_EQ(target.front(), '/');
  }
}

TEST(Elf, OtherFilesAreNoPrograms) {
  EXPECT_EQ(read_elf("/etc/passwd").error().kind, ErrorKind::parse);
  EXPECT_EQ(read_elf("/dev/null").error().kind, ErrorKind::denied);  // no regular file
  EXPECT_EQ(read_elf("/nonexistent").error().kind, ErrorKind::io);
}

TEST(Kernels, TheNewestOfEachNameIsTaken) {
  const std::string apt =
      "linux-image-6.1.0-9-amd64 - Linux 6.1 for 64-bit PCs (signed)\n"
      "linux-image-6.1.0-56-amd64 - Linux 6.1 for 64-bit PCs (signed)\n"
      "linux-image-6.1.0-56-amd64-dbg - Debug symbols\n"
      "linux-image-6.1.0-56-amd64-unsigned - Linux 6.1\n"
      "linux-image-6.12.101+deb12-rt-amd64 - Linux 6.12\n"
      "linux-image-6.12.117+deb12-rt-amd64 - Linux 6.12\n"
      "linux-image-6.12.117+deb12-amd64:amd64 - Linux 6.12\n"
      "linux-image-6.12-amd64 - meta-package\n"
      "linux-image-6.12-amd64-signed-template - Template\n";
  using Names = std::map<std::string, std::string>;
  EXPECT_EQ(kernel_packages_in(apt, "x86_64"),
            (Names{{"6.1", "linux-image-6.1.0-56-amd64"},
                   {"6.12", "linux-image-6.12.117+deb12-amd64"},
                   {"6.12-rt", "linux-image-6.12.117+deb12-rt-amd64"}}));
  EXPECT_EQ(kernel_packages_in(apt, "arm64"), Names{});
}

TEST(Machine, IsolationStandsOnTheCommandLine) {
  GuestSpec spec;
  spec.image.arch = "x86_64";
  spec.isolated = CpuSet{2, 3};
  spec.append = "nokaslr";
  EXPECT_EQ(guest_command_line(spec),
            "console=ttyS0 tsc=reliable quiet panic=-1 rdinit=/usr/bin/isolab isolab.vm=tcg "
            "isolcpus=nohz,domain,managed_irq,2-3 nohz_full=2-3 rcu_nocbs=2-3 irqaffinity=0-1 "
            "nokaslr -- vm guest");
  spec.isolated = CpuSet{};
  spec.image.arch = "arm64";
  spec.append.clear();
  EXPECT_EQ(guest_command_line(spec),
            "console=ttyAMA0 quiet panic=-1 rdinit=/usr/bin/isolab isolab.vm=tcg -- vm guest");
}

TEST(Machine, AConsoleTellsWhatWentWrong) {
  EXPECT_EQ(console_complaint("[    1.0] all is well\n"), "");
  EXPECT_EQ(console_complaint("[    1.0] Run /init\r\n[    2.5] Kernel panic - not syncing: "
                              "Attempted to kill init!\r\n[    2.6] more\r\n"),
            "Kernel panic - not syncing: Attempted to kill init!");
  EXPECT_EQ(console_complaint("[  9.1] BUG: kernel NULL pointer\n"), "BUG: kernel NULL pointer");
}

}  // namespace
}  // namespace isolab
