// SPDX-License-Identifier: Apache-2.0
#include "host/readiness/readiness.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/text.h"

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

void Readiness::name(ReadinessLevel level, const char* id, const char* subject,
                     const std::string& seen, std::string matters, std::string advice,
                     std::vector<Interrupter> named) const {
  constexpr std::size_t kShown = 3;
  std::string out;
  for (std::size_t i = 0; i < std::min(kShown, named.size()); ++i)
    append_item(
        out, "; ",
        fmt::format("{}{}: {}", named[i].name,
                    named[i].pid > 0 ? fmt::format(" (pid {})", named[i].pid) : "", named[i].seen));
  if (named.size() > kShown) out += fmt::format("; and {} more", named.size() - kShown);
  findings.push_back({id, level, subject, named.empty() ? seen : seen + ": " + out,
                      std::move(matters), std::move(advice), "", std::move(named)});
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
  Result<std::string> read_link(const std::string& path) const override {
    auto target = files_.read_link(path);
    note(path, target.has_value());
    return target;
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

struct CheckGroup {
  const char* name;
  void (*check)(const Readiness&);
};

constexpr std::array kGroups = {
    CheckGroup{"CPUs", check_isolation},        CheckGroup{"rights", check_rights},
    CheckGroup{"interrupts", check_interrupts}, CheckGroup{"processes", check_processes},
    CheckGroup{"threads", check_threads},       CheckGroup{"scheduler", check_scheduler},
    CheckGroup{"time", check_time_and_power},   CheckGroup{"memory", check_memory},
    CheckGroup{"kernel", check_kernel_build},   CheckGroup{"kernel", check_kernel_features}};

void run_checks(const Files& files, const HostFacts& facts, const CpuSet& measured,
                std::vector<ReadinessFinding>& findings) {
  const Tasks tasks = read_tasks(files);
  for (const CheckGroup& group : kGroups) {
    const auto before = findings.size();
    group.check({files, facts, measured, tasks, findings});
    for (auto i = before; i < findings.size(); ++i) findings[i].group = group.name;
  }
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
    run_checks(files, facts, measured, findings);
    return findings;
  }
  // A file that was not captured may exist on the machine.
  const WitnessFiles witness(files, findings);
  run_checks(witness, facts, measured, findings);
  for (std::size_t i = 0; i < findings.size(); ++i) {
    ReadinessFinding& finding = findings[i];
    std::string missed = deciding_file(finding.id, facts, measured);
    if (missed.empty())
      missed = witness.missed(i);
    else if (files.exists(missed))
      missed.clear();
    finding.seen = printable(finding.seen);
    for (Interrupter& named : finding.named) {
      named.name = printable(named.name);
      named.seen = printable(named.seen);
    }
    if (missed.empty()) continue;
    finding = {finding.id,
               ReadinessLevel::not_applicable,
               finding.subject,
               "captured machine, without " + missed,
               "",
               "",
               finding.group};
  }
  return findings;
}

}  // namespace isolab
