// SPDX-License-Identifier: Apache-2.0
#include "report/text/machine_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace isolab {
namespace {

constexpr std::array<std::string_view, 26> kTelling = {"isolcpus",
                                                       "nohz_full",
                                                       "nohz",
                                                       "rcu_nocbs",
                                                       "rcu_nocb_poll",
                                                       "irqaffinity",
                                                       "kthread_cpus",
                                                       "mitigations",
                                                       "pti",
                                                       "nopti",
                                                       "nosmt",
                                                       "maxcpus",
                                                       "idle",
                                                       "cpuidle.off",
                                                       "intel_pstate",
                                                       "amd_pstate",
                                                       "clocksource",
                                                       "tsc",
                                                       "skew_tick",
                                                       "preempt",
                                                       "threadirqs",
                                                       "nowatchdog",
                                                       "nmi_watchdog",
                                                       "nosoftlockup",
                                                       "processor.max_cstate",
                                                       "intel_idle.max_cstate"};

}  // namespace

std::string known_fact(const Facts& facts, const std::string& key) {
  const auto found = facts.find(key);
  return found == facts.end() || found->second.starts_with("unknown:") ||
                 found->second.starts_with("not applicable:")
             ? ""
             : found->second;
}

std::string machine_text(const Facts& facts) {
  const auto hypervisor = known_fact(facts, "cpu.hypervisor");
  const auto online = known_fact(facts, "cpu.online");
  std::vector<std::string> parts{
      known_fact(facts, "machine.vendor") + " " + known_fact(facts, "machine.product"),
      known_fact(facts, "cpu.model"), online.empty() ? "" : "CPUs " + online,
      hypervisor.empty() || hypervisor == "none" ? "" : "under " + hypervisor};
  std::erase_if(parts,
                [](const auto& part) { return part.find_first_not_of(' ') == std::string::npos; });
  return join(parts, ", ");
}

std::string cpu_word(const std::string& list) {
  return list.find_first_of(",-") == std::string::npos ? "CPU" : "CPUs";
}

std::string short_command_line(const std::string& line) {
  std::istringstream words(line);
  std::string out;
  std::size_t others = 0;
  for (std::string word; words >> word;) {
    const std::string_view name = std::string_view(word).substr(0, word.find('='));
    if (std::find(kTelling.begin(), kTelling.end(), name) == kTelling.end())
      ++others;
    else
      append_item(out, " ", word);
  }
  if (others == 0) return out;
  return out +
         fmt::format("{}{} other{}", out.empty() ? "" : " and ", others, others == 1 ? "" : "s");
}

}  // namespace isolab
