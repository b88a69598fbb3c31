// SPDX-License-Identifier: Apache-2.0
// The contract of a probe: it occupies the measured CPUs. One file and one line in
// probes.def each. A probe is a separate process (the runner's fork), so that nothing the
// runner does to its memory reaches the measured CPUs; only workloads that declare it share it.
//
// Life: construct -> prepare() -> window(warm-up) -> window(measured) -> collect() -> exit.
// Promise of every probe between the start and the end of a window: no interrupt, IPI, wake-up,
// page fault, system call, allocation, lock or print on a measured CPU that it causes itself,
// except those the probe is about (cyclictest's timer).
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "base/records.h"
#include "host/facts/facts.h"
#include "host/os.h"

namespace isolab {

struct ProbeContext {
  Host host;
  CpuSet measured;
  CpuSet housekeeping;            // control threads live here; the process starts pinned to them
  std::filesystem::path scratch;  // for a tool's own files; kept in the recording
  Nanos longest_window{0};        // for sizing logs
  std::string cgroup = {};  // threads on measured CPUs enter it first (host/cgroup.h); empty: none
};

/// Where a window is, seen by the runner in another process (shared memory) and by peer workloads.
struct ProbeSignals {
  std::atomic<std::uint32_t> stop{0};       // set by the runner: end the window now
  std::atomic<std::uint32_t> listening{0};  // set by the probe: every CPU is being measured
};

class Probe {
 public:
  virtual ~Probe() = default;
  /// Everything refusable: threads made, pinned, memory locked and touched, counter calibrated.
  virtual Result<void> prepare() = 0;
  /// Measures until signals.stop is set; sets signals.listening when every CPU is measured.
  /// Discards the data of an earlier window. Called on a housekeeping CPU; returns when all CPUs
  /// have ended.
  virtual Result<void> window(ProbeSignals& signals) = 0;
  /// The data of the last window. Also after an error: the data so far.
  virtual ProbeRecord collect() = 0;
  /// Footprint of the probe's threads on the measured CPUs in the last window.
  virtual std::vector<Footprint> footprints() const { return {}; }
};

struct ProbeInfo {
  std::string name;
  std::string summary;
  std::string measures;  // what its numbers mean, one or two sentences
  std::string needs;
  bool enters_cgroup = false;  // joins ProbeContext::cgroup
  bool hosts_peers = false;    // its process runs user code on the measured CPUs all the time

  std::vector<ParamSpec> params = {};
  /// As WorkloadInfo::check (workloads/contract/workload.h).
  std::function<Result<void>(const ParamValues&)> check = {};
  std::function<Result<std::unique_ptr<Probe>>(const ParamValues&, const ProbeContext&)> make = {};
  /// Refuses or warns before anything runs (RT throttling, missing tool). Warnings go to the
  /// report.
  std::function<Result<std::vector<Warning>>(const ParamValues&, const ProbeContext&)> preflight =
      {};
};

/// P has `using Args`, P(Args, ProbeContext) and
///   static Result<std::vector<Warning>> preflight(const Args&, const ProbeContext&);
///   static Result<void> check(const Args&);      // optional; see ProbeInfo::check
template <class P, class... Params>
ProbeInfo describe_probe(ProbeInfo info, Params... params) {
  using Args = typename P::Args;
  const std::vector<Param<Args>> bound{std::move(params)...};
  for (const auto& param : bound) info.params.push_back(param.spec);
  info.check = [bound, specs = info.params](const ParamValues& values) -> Result<void> {
    TRY(check_params(specs, values));
    [[maybe_unused]] const Args args = TRY(read_params(bound, values));
    if constexpr (requires { P::check(args); })
      return P::check(args);
    else
      return {};
  };
  info.make = [bound](const ParamValues& values,
                      const ProbeContext& context) -> Result<std::unique_ptr<Probe>> {
    Args args = TRY(read_params(bound, values));
    return std::unique_ptr<Probe>(std::make_unique<P>(std::move(args), context));
  };
  info.preflight = [bound](const ParamValues& values,
                           const ProbeContext& context) -> Result<std::vector<Warning>> {
    const Args args = TRY(read_params(bound, values));
    return P::preflight(args, context);
  };
  return info;
}

const std::vector<const ProbeInfo*>& all_probes();  // without "none", which is the absence of one
const ProbeInfo* find_probe(std::string_view name);
/// Those that support the plan, for hints: "busy_loop", "busy_loop, other".
std::string probes_that(bool ProbeInfo::*can);

namespace probes {
#define PROBE(name) extern const ProbeInfo name;
#define OBSERVER(name)
#include "probes/probes.def"
#undef PROBE
#undef OBSERVER
}  // namespace probes

}  // namespace isolab
