// SPDX-License-Identifier: Apache-2.0
// Arms over kernels: which boots there are, in which order, and which of them a machine is in.
#include "plan/arm_boots.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "plan/compile.h"
#include "plan/plan_text.h"

namespace isolab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Arm arm_of(const std::string& name, const std::string& kernel, const std::string& cmdline = "",
           const std::string& workload = "") {
  Arm out;
  out.name = name;
  if (!kernel.empty() || !cmdline.empty()) out.boot = PlannedBoot{kernel, cmdline};
  if (!workload.empty()) out.workloads = {{workload, {}}};
  return out;
}

std::string letters(const std::vector<std::size_t>& order) {
  std::string out;
  for (const auto arm : order) out += static_cast<char>('A' + arm);
  return out;
}

TEST(Boots, EachOnceInTheOrderOfTheArms) {
  const auto boots =
      boots_of({arm_of("idle", ""), arm_of("new", "6.12"), arm_of("rt", "6.12-rt"),
                arm_of("loud", "6.12", "", "hackbench"), arm_of("quiet", "6.12", "nmi_watchdog=0"),
                arm_of("plain", "", "", "hackbench")});
  ASSERT_EQ(boots.size(), 4u);
  EXPECT_THAT(boots[0].arms, ElementsAre("idle", "plain"));
  EXPECT_THAT(boots[1].arms, ElementsAre("new", "loud"));
  EXPECT_EQ(boots[2].needs.kernel, "6.12-rt");
  EXPECT_THAT(boots[3].arms, ElementsAre("quiet"));
  EXPECT_EQ(boot_text(boots[3].needs), "kernel 6.12, nmi_watchdog=0");
  EXPECT_EQ(boot_text(boots[0].needs), "the default kernel");
}

TEST(Boots, TakeTurnsSoThatNoneAlwaysComesFirst) {
  EXPECT_EQ(letters(boot_order(3, 4, "interleaved", 1)), "ABCBCACABABC");
  EXPECT_EQ(letters(boot_order(2, 3, "sequential", 1)), "AAABBB");
  EXPECT_EQ(letters(boot_order(1, 3, "interleaved", 1)), "AAA");
  const auto shuffled = letters(boot_order(3, 20, "shuffled", 7));
  EXPECT_EQ(shuffled, letters(boot_order(3, 20, "shuffled", 7)));
  EXPECT_NE(shuffled, letters(boot_order(3, 20, "shuffled", 8)));
  for (std::size_t round = 0; round < 20; ++round) {
    auto one = shuffled.substr(3 * round, 3);
    std::sort(one.begin(), one.end());
    EXPECT_EQ(one, "ABC") << "round " << round;
  }
}

TEST(Boots, AKernelsNameIsTheBeginningOfItsRelease) {
  EXPECT_TRUE(kernel_matches("6.1", "6.1.0-56-amd64"));
  EXPECT_TRUE(kernel_matches("6.12", "6.12.117+deb12-amd64"));
  EXPECT_TRUE(kernel_matches("6", "6.12.1"));
  EXPECT_FALSE(kernel_matches("6.1", "6.12.117+deb12-amd64")) << "whole components";
  EXPECT_FALSE(kernel_matches("6.12", "6.1.0-56-amd64"));
  EXPECT_FALSE(kernel_matches("6.12.1", "6.12"));
  EXPECT_TRUE(kernel_matches("6.12.117+deb12-amd64", "6.12.117+deb12-amd64"));
  EXPECT_FALSE(kernel_matches("6.12.117+deb12-amd64", "6.12.117+deb12-arm64"));
}

TEST(Boots, AKernelOfAnotherKindIsAnotherKernel) {
  EXPECT_TRUE(kernel_matches("6.12-rt", "6.12.117+deb12-rt-amd64"));
  EXPECT_FALSE(kernel_matches("6.12", "6.12.117+deb12-rt-amd64"));
  EXPECT_FALSE(kernel_matches("6.12-rt", "6.12.117+deb12-amd64"));
  EXPECT_TRUE(kernel_matches("6.6-rt", "6.6.87-rt53")) << "upstream's PREEMPT_RT";
  EXPECT_TRUE(kernel_matches("5.14-rt", "5.14.0-427.el9.x86_64+rt"));
  EXPECT_FALSE(kernel_matches("6.1", "6.1.0-56-cloud-amd64"));
  EXPECT_TRUE(kernel_matches("6.1", "6.1.0-rtl"));
}

TEST(Boots, APatchedKernelGoesByItsWords) {
  EXPECT_TRUE(kernel_matches("6.12-deferred", "6.12.1-rc3-deferred"));
  EXPECT_FALSE(kernel_matches("6.12-deferred", "6.12.1-rc3"));
  EXPECT_TRUE(kernel_matches("deferred", "6.12.1-deferred"));
  EXPECT_TRUE(kernel_matches("/boot/vmlinuz-6.12.1-mine", "6.12.1-mine"));
  EXPECT_TRUE(
      kernel_matches("debs/linux-image-6.1.0-56-amd64_6.1.150-1_amd64.deb", "6.1.0-56-amd64"));
  EXPECT_FALSE(kernel_matches("arch/x86/boot/bzImage", "6.12.1")) << "says nothing of a release";
}

class Mismatch : public testing::Test {
 protected:
  std::string why(std::size_t boot, const std::string& release, const std::string& line = "quiet",
                  const std::string& known_as = "") {
    return boot_mismatch(boots_[boot].needs, boots_, {release, line, known_as});
  }
  std::vector<Boot> boots_ =
      boots_of({arm_of("plain", ""), arm_of("base", "6.1"), arm_of("new", "6.12"),
                arm_of("calm", "6.12", "nmi_watchdog=0 nosoftlockup")});
};

TEST_F(Mismatch, SaysWhatIsNeededAndWhatThisIs) {
  EXPECT_EQ(why(1, "6.1.0-56-amd64"), "");
  EXPECT_EQ(why(1, "6.18.44"), "needs kernel 6.1, this is 6.18.44");
  EXPECT_EQ(why(0, "6.18.44"), "");
  EXPECT_EQ(why(0, "6.1.0-56-amd64"),
            "needs a kernel that no other arm names, this is 6.1 (arm base)");
}

TEST_F(Mismatch, AnArmsCommandLineIsItsOwn) {
  const std::string calm = "quiet nmi_watchdog=0 nosoftlockup";
  EXPECT_EQ(why(3, "6.12.1", calm), "");
  EXPECT_EQ(why(3, "6.12.1", "quiet nmi_watchdog=0"),
            "needs nosoftlockup on the kernel's command line");
  EXPECT_EQ(why(3, "6.12.1", "quiet nmi_watchdog=01 nosoftlockup"),
            "needs nmi_watchdog=0 on the kernel's command line");
  EXPECT_EQ(why(2, "6.12.1", calm),
            "needs a command line without nmi_watchdog=0, which belongs to arm calm");
  EXPECT_EQ(why(1, "6.1.0", calm), "") << "of another kernel: nothing to mistake it for";
}

TEST_F(Mismatch, TheNameGivenWinsOverUname) {
  EXPECT_EQ(why(2, "6.12.1", "quiet", "6.12"), "");
  EXPECT_EQ(why(1, "6.1.0", "quiet", "6.12"), "needs kernel 6.1, this is 6.12");
  EXPECT_EQ(why(0, "6.12.1", "quiet", kDefaultKernel), "");
  EXPECT_EQ(why(2, "6.12.1", "quiet", kDefaultKernel), "needs kernel 6.12, this is default");
  EXPECT_EQ(why(3, "6.12.1", "quiet", "6.12"), "needs nmi_watchdog=0 on the kernel's command line");
}

TEST(Boots, ArmsThatDifferByTheirBootAloneAreCompared) {
  const auto alike = arms_alike(
      {arm_of("base_idle", "6.1"), arm_of("new_idle", "6.12"),
       arm_of("base", "6.1", "", "hackbench"), arm_of("again", "6.1", "", "hackbench"),
       arm_of("new", "6.12", "", "hackbench"), arm_of("alone", "6.12", "", "membarrier")});
  ASSERT_EQ(alike.size(), 2u);
  EXPECT_THAT(alike[0], ElementsAre("base_idle", "new_idle"));
  EXPECT_THAT(alike[1], ElementsAre("base", "new"));
  EXPECT_THAT(arms_alike({arm_of("idle", ""), arm_of("more", "")}), IsEmpty());
}

Profile kernels_profile() {
  auto profile = read_profile_text("p.yaml", R"(name: p
question: q
probe: busy_loop
arms:
  base: {kernel: 6.1}
  new: {kernel: 6.12}
  load: {kernel: 6.12, workloads: [direct_map]}
matrix: {direct_map.pages: [1, 16]}
design: {measure: 1s}
)");
  EXPECT_TRUE(profile) << (profile ? "" : profile.error().what);
  return *profile;
}

TEST(Boots, AMachineRunsTheArmsOfItsKernelOnly) {
  HostFacts facts;
  facts.online = *CpuSet::parse("0-3");
  facts.kernel_release = "6.12.117+deb12-amd64";
  facts.all["kernel.command_line"] = "quiet";
  const auto plan = compile_plan(kernels_profile(), facts);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->arms.size(), 4u);
  EXPECT_EQ(plan->arms[0].not_applicable, "needs kernel 6.1, this is 6.12.117+deb12-amd64");
  EXPECT_EQ(plan->arms[3].boot->kernel, "6.12") << "of the matrix, too";
  ASSERT_EQ(plan->windows.size(), 3u);
  EXPECT_EQ(plan->windows[0].arm, 1);
  const auto text = render_plan(*plan);
  EXPECT_THAT(text, HasSubstr("boots         kernel 6.1: base\n"
                              "              kernel 6.12: new, load pages=1, load pages=16  "
                              "(this boot)\n"));
  const auto nowhere = compile_plan(kernels_profile(), facts, "6.18");
  ASSERT_TRUE(nowhere);
  EXPECT_THAT(nowhere->windows, IsEmpty());
  EXPECT_THAT(render_plan(*nowhere), Not(HasSubstr("this boot")));
}

}  // namespace
}  // namespace isolab
