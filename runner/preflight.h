// SPDX-License-Identifier: Apache-2.0
// What must be known before the first window: which workloads can run here (tried, one operation
// each, in a separate child) and whether the probe can run on the machine.
#pragma once

#include <filesystem>
#include <vector>

#include "base/plan.h"
#include "base/records.h"
#include "base/result.h"
#include "host/facts/facts.h"
#include "host/guard.h"
#include "plan/compile.h"
#include "runner/progress.h"
#include "workloads/contract/workload_block.h"

namespace isolab {

/// The set-up of a workload: journals its claims through the guard, makes its directories. The
/// caller restores the guard to its earlier mark.
Result<WorkloadSetup> claim_setup(const PluginUse& use, const Plan& plan, Host host,
                                  StateGuard& guard, const std::filesystem::path& log,
                                  const std::filesystem::path& cache);

/// Tries every workload of the plan once per set of parameters. Restores the machine. Where
/// facts.kernel_flush is unknown and a workload can measure it, it is what was measured afterwards.
Inability dry_run_workloads(const Plan& plan, Files& files, HostFacts& facts, StateGuard& guard,
                            const std::filesystem::path& cache, Progress& progress);

/// Refuses, or returns warnings for the report: the probe's checks and the measured CPUs.
Result<std::vector<Warning>> preflight_probe(const Plan& plan, Host host);

}  // namespace isolab
