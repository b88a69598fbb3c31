// SPDX-License-Identifier: Apache-2.0
// Arms over kernels: which boots the arms of a profile need, in which order sessions take turns,
// and whether the booted kernel is the one an arm needs. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/plan.h"

namespace isolab {

/// One boot of a machine and the arms that run in it.
struct Boot {
  PlannedBoot needs;
  std::vector<std::string> arms;
};

/// Every boot once, in the order in which the arms first name it. Arms without kernel and words
/// share one.
std::vector<Boot> boots_of(const std::vector<Arm>& arms);

/// Whether any of them names a kernel or words.
bool names_boots(const std::vector<Arm>& arms);

/// "kernel 6.12, nmi_watchdog=0", "the default kernel"
std::string boot_text(const PlannedBoot& boot);

/// Which boot comes when: `sessions` of each. interleaved: rounds of all boots, each begun one boot
/// later (ABC BCA CAB), so that none always follows the same one; shuffled: each round in a seeded
/// random order; sequential: AAA BBB CCC. The same everywhere.
std::vector<std::size_t> boot_order(std::size_t boots, int sessions, const std::string& order,
                                    std::uint64_t seed);

/// The kernel that runs.
struct BootedKernel {
  std::string release;       // uname -r
  std::string command_line;  // /proc/cmdline
  /// Its name in the profile, if it is not in uname -r (a file, `isolab run --booted`);
  /// kDefaultKernel: the kernel of arms that name none. Empty: uname -r.
  std::string known_as;
};
inline constexpr char kDefaultKernel[] = "default";

/// Whether `name` means this release: its numbers are the first ones of the release as whole
/// components (6.1 is 6.1.0-56-amd64, not 6.12), its other words are among the release's, and a
/// kernel of another kind (-rt, -cloud, -16k) is another kernel. A file counts by the release in
/// its name (vmlinuz-RELEASE, linux-image-RELEASE_VERSION_ARCH.deb).
bool kernel_matches(const std::string& name, const std::string& release);

/// Why an arm cannot run in this boot; empty: it can. It must be the boot the arm names and no
/// other one of the profile: words of cmdline+ that only another arm of the same kernel adds must
/// not be there, and a kernel that another arm names is not the default.
std::string boot_mismatch(const PlannedBoot& needs, const std::vector<Boot>& all,
                          const BootedKernel& booted);

/// Arms that differ by their boot alone, two or more in a set, in order: what a comparison of
/// kernels is about.
std::vector<std::vector<std::string>> arms_alike(const std::vector<Arm>& arms);

}  // namespace isolab
