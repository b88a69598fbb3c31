// SPDX-License-Identifier: Apache-2.0
#include "host/facts_all.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "host/values.h"

namespace isolab {
namespace {

struct FileFact {
  const char* key;
  const char* path;
};

// One value, one file; trimmed. Bracketed choices keep only the chosen word.
constexpr std::array kFileFacts = {
    FileFact{"kernel.version", "/proc/version"},
    FileFact{"kernel.command_line", "/proc/cmdline"},
    FileFact{"kernel.taint", "/proc/sys/kernel/tainted"},
    FileFact{"kernel.lockdown", "/sys/kernel/security/lockdown"},
    FileFact{"kernel.preempt", "/sys/kernel/debug/sched/preempt"},
    FileFact{"cpu.possible", "/sys/devices/system/cpu/possible"},
    FileFact{"cpu.online", "/sys/devices/system/cpu/online"},
    FileFact{"cpu.isolated", "/sys/devices/system/cpu/isolated"},
    FileFact{"cpu.nohz_full", "/sys/devices/system/cpu/nohz_full"},
    FileFact{"cpu.smt", "/sys/devices/system/cpu/smt/control"},
    FileFact{"clock.source", "/sys/devices/system/clocksource/clocksource0/current_clocksource"},
    FileFact{"clock.available",
             "/sys/devices/system/clocksource/clocksource0/available_clocksource"},
};

std::string unknown(const Error& error) { return "unknown: " + error.what; }

}  // namespace

void add_all_facts(const Files& files, HostFacts& facts, const Result<KernelConfig>& config) {
  for (const FileFact& one : kFileFacts) {
    const auto text = files.read(one.path);
    facts.all[one.key] = text ? chosen_value(*text) : unknown(text.error());
  }
  facts.all["kernel.release"] = facts.kernel_release;
  facts.all["kernel.config_source"] = config ? config->source : unknown(config.error());
}

}  // namespace isolab
