// SPDX-License-Identifier: Apache-2.0
#include "host/readiness/readiness.h"

#include <map>
#include <utility>

#include "host/captured/captured_machine.h"
#include "host/captured/read_only_files.h"
#include "host/readiness/checks.h"

namespace isolab {

const char* to_string(ReadinessLevel level) {
  switch (level) {
    case ReadinessLevel::ok: return "ok";
    case ReadinessLevel::advice: return "advice";
    case ReadinessLevel::problem: return "problem";
    case ReadinessLevel::not_applicable: return "not applicable";
  }
  return "unknown";
}

std::string text_of(const Files& files, const std::string& path) {
  const auto text = files.read(path);
  return text ? std::string(trimmed(*text)) : std::string();
}

namespace {

/// Passes reads on and notes, for each finding, whether any file that its check looked for was
/// there. Every check appends one finding after its last read.
class WitnessFiles final : public ReadOnlyFiles {
 public:
  WitnessFiles(const Files& files, const std::vector<ReadinessFinding>& findings)
      : files_(files), findings_(findings) {}
  Result<std::string> read(const std::string& path) const override {
    auto text = files_.read(path);
    note(path, text.has_value());
    return text;
  }
  Result<std::vector<std::string>> list(const std::string& path) const override {
    auto names = files_.list(path);
    note(path, names.has_value());
    return names;
  }
  bool exists(const std::string& path) const override {
    const bool there = files_.exists(path);
    note(path, there);
    return there;
  }
  /// The first file that check number `finding` looked for in vain; empty: it found one.
  std::string missed(std::size_t finding) const {
    const auto seen = seen_.find(finding);
    return seen == seen_.end() || seen->second.any ? std::string() : seen->second.missed;
  }

 private:
  struct Seen {
    bool any = false;
    std::string missed;
  };
  void note(const std::string& path, bool there) const {
    Seen& seen = seen_[findings_.size()];
    seen.any = seen.any || there;
    if (!there && seen.missed.empty()) seen.missed = path;
  }

  const Files& files_;
  const std::vector<ReadinessFinding>& findings_;
  mutable std::map<std::size_t, Seen> seen_;
};

void run_checks(const Readiness& on) {
  check_isolation(on);
  check_rights(on);
  check_interrupts(on);
  check_scheduler(on);
  check_time_and_power(on);
  check_memory(on);
  check_kernel_build(on);
}

/// The file that decides a subject whose check looks at the facts made of it, or also at files that
/// are always there or need not be: with it the finding holds, without it a captured machine says
/// nothing of the subject. Empty: whatever the check itself read decides.
std::string deciding_file(const std::string& id, const HostFacts& facts, const CpuSet& measured) {
  const std::string cpus = "/sys/devices/system/cpu/";
  if (id == "isolated" || id == "isolation_lists") return cpus + "isolated";
  if (id == "nohz_full" || id == "cpu_kinds" || id == "measured_cpus") return cpus + "online";
  if (id == "rcu_nocbs") return "/proc/cmdline";
  if (id == "hypervisor") return "/proc/cpuinfo";
  if (id == "irqbalance") return "/proc/1/comm";
  if (id == "rights") return "/proc/self/status";
  if (id == "cpuset" && facts.allowed) return cpus + "online";
  if (id == "cgroup_quota" || id == "cpuset" || id == "rt_group") return "/sys/fs/cgroup";
  if (id == "smt_siblings" && !measured.empty())
    return cpus + "cpu" + std::to_string(*measured.first()) + "/topology/thread_siblings_list";
  return {};
}

}  // namespace

std::vector<ReadinessFinding> check_readiness(const Files& files, const HostFacts& facts,
                                              const CpuSet& measured) {
  std::vector<ReadinessFinding> findings;
  if (!facts.captured) {
    run_checks({files, facts, measured, findings});
    return findings;
  }
  // A file that was not captured may exist on the machine.
  const WitnessFiles witness(files, findings);
  run_checks({witness, facts, measured, findings});
  for (std::size_t i = 0; i < findings.size(); ++i) {
    ReadinessFinding& one = findings[i];
    std::string missed = deciding_file(one.id, facts, measured);
    if (missed.empty())
      missed = witness.missed(i);
    else if (files.exists(missed))
      missed.clear();
    one.seen = printable(one.seen);
    if (missed.empty()) continue;
    one = {one.id,      ReadinessLevel::not_applicable,
           one.subject, "captured machine, without " + missed,
           "",          ""};
  }
  return findings;
}

}  // namespace isolab
