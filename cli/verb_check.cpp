// SPDX-License-Identifier: Apache-2.0
// The verb check: is this machine ready, and what to do about it if not.
#include <fmt/format.h>

#include <algorithm>

#include "base/exit_code.h"
#include "base/output.h"
#include "cli/commands.h"
#include "host/captured/machine.h"
#include "host/facts/measured_cpus.h"
#include "host/os.h"
#include "host/readiness/readiness.h"
#include "report/text/format.h"
#include "results/json.h"
#include "runner/complain.h"

namespace isolab {
namespace {

void print_text(const std::vector<ReadinessFinding>& findings, const CpuSet& measured) {
  const auto count = [&](ReadinessLevel level) {
    return std::count_if(findings.begin(), findings.end(),
                         [&](const auto& one) { return one.level == level; });
  };
  std::string out =
      fmt::format("measured CPU {}: {} problem(s), {} advice, {} fine, {} not applicable\n\n",
                  measured.list(), count(ReadinessLevel::problem), count(ReadinessLevel::advice),
                  count(ReadinessLevel::ok), count(ReadinessLevel::not_applicable));
  for (const auto level : {ReadinessLevel::problem, ReadinessLevel::advice, ReadinessLevel::ok,
                           ReadinessLevel::not_applicable}) {
    for (const auto& one : findings) {
      if (one.level != level) continue;
      out += wrapped(fmt::format("{:<15}", to_string(level)), 17, one.subject + ": " + one.seen);
      if (!one.matters.empty()) out += wrapped(fmt::format("{:17}why: ", ""), 22, one.matters);
      if (!one.advice.empty()) out += wrapped(fmt::format("{:17}do:  ", ""), 22, one.advice);
    }
  }
  print(out);
}

void print_json_findings(const std::vector<ReadinessFinding>& findings, const CpuSet& measured) {
  JsonArray items;
  for (const auto& one : findings) {
    items.push_back(JsonObject{{"id", one.id},
                               {"level", to_string(one.level)},
                               {"subject", one.subject},
                               {"seen", one.seen},
                               {"matters", one.matters},
                               {"advice", one.advice}});
  }
  print_as_json(print_json(JsonObject{{"measured", measured.list()}, {"findings", items}}));
}

Result<CpuSet> measured_cpus(const HostFacts& facts, const std::string& named) {
  if (named.empty()) return TRY(default_measured(facts)).cpus;
  TRY(require_online(facts));
  CpuSet cpus = TRY(CpuSet::parse(named));
  if (cpus.empty())
    return Error{ErrorKind::usage, "--cpus names no CPU", "online: " + facts.online.list()};
  if (const CpuSet missing = cpus - facts.online; !missing.empty())
    return Error{ErrorKind::usage, "CPU " + missing.list() + " is not online",
                 "online: " + facts.online.list()};
  return cpus;
}

}  // namespace

ExitCode check_command(const std::filesystem::path& host, const std::string& cpus, bool json) {
  if (host.empty() && is_root())
    if (const auto mounted = mount_private_kernel_filesystems(); !mounted)
      return complain(mounted.error());
  const auto machine = open_machine(host);
  if (!machine) return complain(machine.error());
  const HostFacts& facts = machine->facts;
  const auto measured = measured_cpus(facts, cpus);
  if (!measured) return complain(measured.error());
  const auto findings = check_readiness(*machine->files, facts, *measured);
  json ? print_json_findings(findings, *measured) : print_text(findings, *measured);
  const bool problem = std::any_of(findings.begin(), findings.end(), [](const auto& one) {
    return one.level == ReadinessLevel::problem;
  });
  return problem ? ExitCode::failed : ExitCode::done;
}

}  // namespace isolab
