// SPDX-License-Identifier: Apache-2.0
#include "plan/profile_keys.h"

#include <array>

namespace isolab {
namespace {

constexpr std::array kKeys = {
    ProfileKey{"", "schema", "1, the version of the format.", "1"},
    ProfileKey{
        "", "name",
        "A word of at most 80 letters, digits, _ - and . which begins with a letter, a digit "
        "or _. Recordings are named after it.",
        "required"},
    ProfileKey{"", "question",
               "The question that the profile answers, at most 1000 bytes of printable text.",
               "required"},
    ProfileKey{"", "cpus", "A map: the measured CPUs and the housekeeping CPUs.", "{}"},
    ProfileKey{"", "isolation", "A map: CPUs to isolate for the time of the run, or to verify.",
               "none"},
    ProfileKey{"", "probe",
               "What occupies the measured CPUs: a probe, with its parameters if they differ from "
               "the defaults, or none.",
               "required"},
    ProfileKey{"", "observe", "A list of observers, each with its parameters if they differ.",
               "[interrupts, cpu_time, faults]"},
    ProfileKey{"", "arms",
               "A map of named arms. The first arm has no workloads: every other arm is compared "
               "with it.",
               "required"},
    ProfileKey{"", "matrix",
               "WORKLOAD.PARAMETER: [values], no value twice. Every arm that uses the workload "
               "runs once for each value.",
               "none"},
    ProfileKey{"", "design", "A map: length, number and order of the windows.", "required"},
    ProfileKey{"", "budget", "A list of limits. A limit that is exceeded ends in exit code 2.",
               "none"},
    ProfileKey{"cpus", "measured",
               "auto: the isolated CPUs of the kernel, else the last CPU of the strongest kind in "
               "the cpuset, with a warning. isolated: the same, but an error where no CPU is "
               "isolated. Else a CPU list such as 2-5,8.",
               "auto"},
    ProfileKey{"cpus", "housekeeping",
               "auto: every other CPU that is not isolated. Else a CPU list.", "auto"},
    ProfileKey{"isolation", "cpus", "The CPU list.", "required"},
    ProfileKey{"isolation", "via",
               "partition: isolate the CPUs for the time of the run, by a cgroup-v2 partition. "
               "cmdline: verify that they were isolated at boot, and change nothing.",
               "required"},
    ProfileKey{"arms.NAME", "workloads",
               "A list of workloads, each with its parameters if they differ from the defaults.",
               "[]"},
    ProfileKey{
        "arms.NAME", "settings",
        "A map of kernel files below /proc/sys or /sys and the value that is written to each. "
        "They are put back afterwards.",
        "{}"},
    ProfileKey{"arms.NAME", "observe", "A list of observers for this arm.", "the profile's own"},
    ProfileKey{"arms.NAME", "untraced_run",
               "true: the arm also runs without the observer ipi_trace, as the arm NAME untraced.",
               "design.untraced_runs"},
    ProfileKey{"arms.NAME", "kernel",
               "The kernel that this arm belongs to: the beginning of uname -r in whole "
               "components, such as 6.12 or 6.12-rt.",
               "the kernel that no other arm names"},
    ProfileKey{"arms.NAME", "cmdline+", "Words that must be on the command line of the kernel.",
               "none"},
    ProfileKey{"design", "measure", "The length of one window, from 100ms to 30 days.", "required"},
    ProfileKey{"design", "warmup",
               "How long workloads and probe run before each window; nothing of it is kept.", "1s"},
    ProfileKey{"design", "repeats", "The number of windows of each arm, from 1 to 10000.", "1"},
    ProfileKey{"design", "order",
               "interleaved: blocks of all arms, in the order written. shuffled: each block in a "
               "random order. sequential: all windows of an arm together.",
               "interleaved"},
    ProfileKey{"design", "seed", "The seed of shuffled, from 0 to 1000000000.", "1"},
    ProfileKey{"design", "untraced_runs",
               "true: every arm that observes ipi_trace also runs without it, which shows what "
               "the observer adds.",
               "false"},
    ProfileKey{"budget", "metric", "The name of a metric; isolab schema lists them.", "required"},
    ProfileKey{"budget", "limit", "The largest value allowed, with its unit.", "required"},
    ProfileKey{"budget", "reason", "Why the limit is what it is.", "required"},
    ProfileKey{"budget", "arm", "The arm that the limit holds for.", "every arm"},
};

}  // namespace

std::span<const ProfileKey> profile_keys() { return kKeys; }

std::vector<std::string> profile_keys_of(std::string_view map) {
  std::vector<std::string> names;
  for (const auto& key : kKeys)
    if (key.map == map) names.emplace_back(key.name);
  return names;
}

}  // namespace isolab
