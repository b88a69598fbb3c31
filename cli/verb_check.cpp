// SPDX-License-Identifier: Apache-2.0
// The verb check: is this machine ready, and what to do about it if not.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/output.h"
#include "cli/shared_options.h"
#include "host/captured/machine.h"
#include "host/facts/measured_cpus.h"
#include "host/os.h"
#include "host/readiness/readiness.h"
#include "report/text/format.h"
#include "results/json.h"

namespace isolab {
namespace {

struct CheckOptions {
  std::filesystem::path host;
  std::string cpus;
  bool json = false;
};

void print_text(const std::vector<ReadinessFinding>& findings, const CpuSet& measured) {
  const auto count = [&](ReadinessLevel level) {
    return std::count_if(findings.begin(), findings.end(),
                         [&](const auto& finding) { return finding.level == level; });
  };
  std::string out =
      fmt::format("measured CPU {}: {} problem(s), {} advice, {} fine, {} not applicable\n\n",
                  measured.list(), count(ReadinessLevel::problem), count(ReadinessLevel::advice),
                  count(ReadinessLevel::ok), count(ReadinessLevel::not_applicable));
  for (const auto level : {ReadinessLevel::problem, ReadinessLevel::advice, ReadinessLevel::ok,
                           ReadinessLevel::not_applicable}) {
    for (const auto& finding : findings) {
      if (finding.level != level) continue;
      out += wrapped(fmt::format("{:<15}", to_string(level)), 17,
                     finding.subject + ": " + finding.seen);
      if (!finding.matters.empty())
        out += wrapped(fmt::format("{:17}why: ", ""), 22, finding.matters);
      if (!finding.advice.empty())
        out += wrapped(fmt::format("{:17}do:  ", ""), 22, finding.advice);
    }
  }
  print(out);
}

void print_json_findings(const std::vector<ReadinessFinding>& findings, const CpuSet& measured) {
  JsonArray items;
  for (const auto& finding : findings) {
    items.push_back(JsonObject{{"id", finding.id},
                               {"level", to_string(finding.level)},
                               {"subject", finding.subject},
                               {"seen", finding.seen},
                               {"matters", finding.matters},
                               {"advice", finding.advice}});
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

Result<ExitCode> check(const CheckOptions& options) {
  if (options.host.empty() && is_root()) TRY(mount_private_kernel_filesystems());
  const Machine machine = TRY(open_machine(options.host));
  const CpuSet measured = TRY(measured_cpus(machine.facts, options.cpus));
  const auto findings = check_readiness(*machine.files, machine.facts, measured);
  options.json ? print_json_findings(findings, measured) : print_text(findings, measured);
  const bool problem = std::any_of(findings.begin(), findings.end(), [](const auto& finding) {
    return finding.level == ReadinessLevel::problem;
  });
  return problem ? ExitCode::failed : ExitCode::done;
}

}  // namespace

Verb verb_check() {
  const auto options = std::make_shared<CheckOptions>();
  return {"check",
          "check whether this machine is ready for measurements on isolated CPUs",
          {json_flag(options->json),
           {"--cpus", &options->cpus,
            "the CPUs to check (default: the isolated ones, otherwise the last)"},
           host_option(options->host)},
          [options](const Call&) { return check(*options); }};
}

}  // namespace isolab
