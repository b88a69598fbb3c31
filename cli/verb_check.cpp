// SPDX-License-Identifier: Apache-2.0
// The verb check: is this machine ready, and what to do about it if not.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/output.h"
#include "base/text.h"
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
  bool full = false;
};

constexpr std::array kWorstFirst = {ReadinessLevel::problem, ReadinessLevel::advice,
                                    ReadinessLevel::ok, ReadinessLevel::not_applicable};

std::string counts(const std::vector<ReadinessFinding>& findings, const CpuSet& measured) {
  const auto count = [&](ReadinessLevel level) {
    return std::count_if(findings.begin(), findings.end(),
                         [&](const auto& finding) { return finding.level == level; });
  };
  return fmt::format("measured CPU {}: {} problem(s), {} advice, {} fine, {} not applicable\n",
                     measured.list(), count(ReadinessLevel::problem), count(ReadinessLevel::advice),
                     count(ReadinessLevel::ok), count(ReadinessLevel::not_applicable));
}

/// Findings that name processes, threads or devices: what to do is not a setting of the machine.
bool names_culprits(const ReadinessFinding& finding) { return !finding.named.empty(); }

/// One screen: what to act on, worst first, and of what nothing is known.
std::string short_text(const std::vector<ReadinessFinding>& findings, const CpuSet& measured) {
  std::string out = counts(findings, measured);
  for (const auto level : {ReadinessLevel::problem, ReadinessLevel::advice}) {
    std::string group;
    for (const auto& finding : findings) {
      if (finding.level != level) continue;
      if (group.empty()) out += "\n";
      const std::string head = finding.group == group ? "" : finding.group;
      group = finding.group;
      out += wrapped(fmt::format("{:<8}{:<11}", to_string(level), head), 21,
                     finding.subject + ": " + finding.seen);
      if (level == ReadinessLevel::problem || names_culprits(finding))
        out += wrapped(fmt::format("{:19}do: ", ""), 23, finding.advice);
    }
  }
  std::string unknown;
  for (const auto& finding : findings)
    if (finding.level == ReadinessLevel::not_applicable)
      append_item(unknown, ", ", finding.subject);
  if (!unknown.empty()) out += "\n" + wrapped("not applicable: ", 16, unknown);
  return out + "\nisolab check --full: why each matters, what to do, and all processes by name\n";
}

std::string full_text(const std::vector<ReadinessFinding>& findings, const CpuSet& measured) {
  std::string out = counts(findings, measured) + "\n";
  for (const auto level : kWorstFirst) {
    for (const auto& finding : findings) {
      if (finding.level != level) continue;
      out += wrapped(fmt::format("{:<15}", to_string(level)), 17,
                     finding.subject + ": " + finding.seen);
      if (!finding.matters.empty())
        out += wrapped(fmt::format("{:17}why: ", ""), 22, finding.matters);
      if (!finding.advice.empty())
        out += wrapped(fmt::format("{:17}do:  ", ""), 22, finding.advice);
      for (const Interrupter& named : finding.named)
        out += wrapped(fmt::format("{:17}- ", ""), 19,
                       fmt::format("{}{}: {}; {}", named.name,
                                   named.pid > 0 ? fmt::format(" (pid {})", named.pid) : "",
                                   named.seen, named.advice));
    }
  }
  return out;
}

Json named_json(const std::vector<Interrupter>& all) {
  JsonArray out;
  for (const Interrupter& named : all) {
    JsonObject item;
    item.emplace("name", named.name);
    if (named.pid > 0) item.emplace("pid", named.pid);
    item.emplace("seen", named.seen);
    item.emplace("advice", named.advice);
    out.emplace_back(std::move(item));
  }
  return Json(std::move(out));
}

void print_json_findings(const std::vector<ReadinessFinding>& findings, const CpuSet& measured) {
  JsonArray items;
  for (const auto& finding : findings) {
    JsonObject item;
    item.emplace("id", finding.id);
    item.emplace("group", finding.group);
    item.emplace("level", to_string(finding.level));
    item.emplace("subject", finding.subject);
    item.emplace("seen", finding.seen);
    item.emplace("matters", finding.matters);
    item.emplace("advice", finding.advice);
    item.emplace("named", named_json(finding.named));
    items.emplace_back(std::move(item));
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
  // A container may forbid mounts even to root: the findings say what is missing then.
  if (options.host.empty() && is_root()) (void)mount_private_kernel_filesystems();
  const Machine machine = TRY(open_machine(options.host));
  const CpuSet measured = TRY(measured_cpus(machine.facts, options.cpus));
  const auto findings = check_readiness(*machine.files, machine.facts, measured);
  if (options.json)
    print_json_findings(findings, measured);
  else
    print(options.full ? full_text(findings, measured) : short_text(findings, measured));
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
           {"--full", &options->full,
            "why each finding matters, what to do, and all processes and devices that it names"},
           {"--cpus", &options->cpus,
            "the CPUs to check (default: the isolated ones, otherwise the last)"},
           host_option(options->host)},
          [options](const Call&) { return check(*options); }};
}

}  // namespace isolab
