// SPDX-License-Identifier: Apache-2.0
#include "runner/preflight.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "probes/contract/probe.h"
#include "workloads/contract/workload_process.h"
#include "workloads/support/flush_calibration.h"

namespace isolab {
namespace {

/// The reason a workload cannot run here, or nothing. How the kernel flushes its mappings goes into
/// `facts` where the dry run measured it.
std::string try_out(const PluginUse& use, const Plan& plan, Files& files, HostFacts& facts,
                    StateGuard& guard, const std::filesystem::path& cache) {
  const Host host{files, facts};
  const WorkloadInfo* info = find_workload(use.name);
  const ProbeInfo* probe = find_probe(plan.probe.name);
  if (info->shares_probe_memory && (probe == nullptr || !probe->hosts_peers))
    return "its IPIs reach only threads that share its memory, and probe " + plan.probe.name +
           " runs none (" + probes_that(&ProbeInfo::hosts_peers) + " does)";
  const std::size_t mark = guard.mark();
  std::map<std::string, std::string> notes;
  const auto outcome = [&]() -> Result<void> {
    return dry_run_in_child(*info, use.params,
                            TRY(claim_setup(use, plan, host, guard, "/dev/null", cache)),
                            std::chrono::seconds(5), &notes);
  }();
  if (const auto measured = KernelFlush::parse(notes[kKernelFlushNote])) {
    facts.kernel_flush = *measured;
    facts.all["kernel.tlb_flush"] = measured->text();
  }
  std::string why = outcome ? "" : outcome.error().what;
  for (const auto& problem : guard.restore_to(mark)) append_item(why, "; ", problem.what);
  return why;
}

}  // namespace

Result<WorkloadSetup> claim_setup(const PluginUse& use, const Plan& plan, Host host,
                                  StateGuard& guard, const std::filesystem::path& log,
                                  const std::filesystem::path& cache) {
  WorkloadSetup setup{host, plan.housekeeping, plan.measured, log, cache, {}, {}};
  for (const auto& claim : TRY(find_workload(use.name)->claims(use.params, host))) {
    if (claim.kind == Claim::Kind::directory) {
      TRY(guard.make_dir(claim.path));
      setup.directories.push_back(claim.path);
    } else {
      setup.knobs.emplace(claim.path, TRY(guard.claim(claim.path)));
    }
  }
  return setup;
}

Inability dry_run_workloads(const Plan& plan, Files& files, HostFacts& facts, StateGuard& guard,
                            const std::filesystem::path& cache, Progress& progress) {
  Inability inability;
  std::vector<std::pair<PluginUse, std::string>> tried;
  for (const auto& arm : plan.arms) {
    if (!arm.not_applicable.empty()) continue;  // of another boot
    for (const auto& use : arm.workloads) {
      progress.phase("dry run of " + use.name);
      auto seen = std::find_if(tried.begin(), tried.end(),
                               [&](const auto& one) { return one.first == use; });
      if (seen == tried.end())
        seen = tried.insert(tried.end(), {use, try_out(use, plan, files, facts, guard, cache)});
      if (!seen->second.empty()) inability.emplace(arm.name + "/" + use.name, seen->second);
    }
  }
  return inability;
}

Result<std::vector<Warning>> preflight_probe(const Plan& plan, Host host) {
  const ProbeInfo* probe = find_probe(plan.probe.name);
  if (probe == nullptr) return std::vector<Warning>{};
  const ProbeContext context{host, plan.measured, plan.housekeeping, "", plan.measure};
  return probe->preflight(plan.probe.params, context);
}

}  // namespace isolab
