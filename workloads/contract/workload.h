// SPDX-License-Identifier: Apache-2.0
// The contract of a workload: it causes noise from housekeeping CPUs. One file and one line
// in workloads.def each; everything else (YAML validation, list, show, preflight, restoration,
// contract tests) comes from the descriptor.
//
// Lifetime of a workload, in a separate single-threaded child process (the runner's fork):
//   construct(args, context) -> prepare() -> [go] -> run() until stop -> finish() -> exit
// A dry run, before anything is measured and in its own child, is construct -> dry_run() -> exit.
// Workloads whose IPIs only reach threads of the same address space (membarrier, mprotect) declare
// `shares_probe_memory`: their run() is a thread of the probe's process instead.
#pragma once

#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "base/plan.h"
#include "host/arch/cycles.h"
#include "host/facts/facts.h"
#include "host/guard.h"
#include "host/os.h"

namespace isolab {

/// One thing a workload counts. The first is its operations: expected IPIs are per operation.
struct CountSpec {
  std::string name;     // "toggles"
  std::string summary;  // "one on and off is one operation"
};

/// Monotone counts in shared memory, read by the runner at any moment, also after a kill.
class WorkCounters {
 public:
  static constexpr std::size_t kMax = 8;
  using Slots = std::array<std::atomic<std::uint64_t>, kMax>;
  explicit WorkCounters(Slots& slots) : slots_(&slots) {}
  void add(std::size_t which, std::uint64_t times = 1) {
    (*slots_)[which].fetch_add(times, std::memory_order_relaxed);
  }
  void set(std::size_t which, std::uint64_t value) {
    (*slots_)[which].store(value, std::memory_order_relaxed);
  }
  /// This use of the workload does not count it: it is left out of the record, not zero.
  void not_counted(std::size_t which) { set(which, kNotCounted); }
  static constexpr std::uint64_t kNotCounted = ~std::uint64_t{0};
  std::uint64_t get(std::size_t which) const {
    return (*slots_)[which].load(std::memory_order_relaxed);
  }

 private:
  Slots* slots_;
};

/// Lets the runner read counters between two operations: while it holds, none begins. Lies in
/// shared memory; one worker, one holder.
class WorkGate {
 public:
  /// The worker's side, around each operation. False: held, try again a little later.
  bool enter() {
    working_.store(1);
    // Both sides write theirs before they read the other's (sequentially consistent): one sees it.
    if (held_.load() == 0) return true;
    working_.store(0);
    return false;
  }
  void leave() { working_.store(0); }

  void hold() { held_.store(1); }
  void release() { held_.store(0); }
  bool working() const { return working_.load() != 0; }

 private:
  std::atomic<std::uint32_t> held_{0}, working_{0};
};

struct WorkloadContext {
  Host host;
  CpuSet cpus;                        // where it runs: housekeeping CPUs; already pinned to them
  CpuSet measured;                    // the measured CPUs (targets of remote reads)
  std::filesystem::path log;          // stdout and stderr of commands go here
  std::filesystem::path cache;        // survives runs: unpacked sources, build trees
  std::map<std::string, Knob> knobs;  // for the claimed paths, nothing else may be written
  /// The claimed directories in the order of claims(), already made, also for dry_run(); files
  /// inside one (a tracefs instance) may be written freely, since they are removed with it.
  std::vector<std::string> directories;
  WorkCounters counters;
  StopFlag stop;
  /// Notes for the recording ("source_sha256" -> ...); kept in shared memory by the runner.
  std::function<void(const std::string& key, const std::string& value)> note;
  /// shares_probe_memory only: non-zero while the probe's threads measure (the
  /// peers whose address space this workload shares); wait for it before every operation. Else
  /// null.
  const std::atomic<std::uint32_t>* peer_listening = nullptr;
  /// To be entered for each operation, so that none lies across an edge of the window; null in
  /// tests.
  WorkGate* gate = nullptr;
};

class Workload {
 public:
  virtual ~Workload() = default;
  /// The smallest real use of what run() needs: one operation, then undo. `unsupported` or `denied`
  /// with the reason where this kernel or these rights cannot; no long work (< 1 s).
  virtual Result<void> dry_run() = 0;
  /// Everything slow or refusable that run() needs; may take minutes the first time (progress by
  /// note("progress", ...)).
  virtual Result<void> prepare() = 0;
  /// Makes noise until stop is requested; returns within 1 s of the request.
  virtual Result<void> run() = 0;
  /// Undoes prepare(); also called after an error. Claims are restored by the runner.
  virtual void finish() {}
};

/// IPIs that one operation sends to each measured CPU, known from measurement.
struct ExpectedIpis {
  std::optional<double> per_op;  // absent: it is unknown, and `source` says why
  std::string row;               // kind word of base/interrupts.h: function_call, tlb, reschedule
  std::string count = "";        // which count the operations are; empty: the first
  /// More of them for each large page of the direct map that is split in the meantime, which is
  /// counted in /proc/vmstat and not by the workload; 0 where it splits none.
  double per_split = 0;
  /// What the number follows from on this machine, for the report; empty: from the descriptor
  /// alone.
  std::string source = "";
};

struct WorkloadInfo {
  std::string name;
  std::string summary;   // one line
  std::string disturbs;  // what reaches an isolated CPU and why, one or two sentences
  std::string needs;     // rights, kernel options, packages; for people
  std::vector<CountSpec> counts;
  bool shares_probe_memory = false;
  /// Parameters that name programs to run or code to build. Another value than the default is
  /// accepted only in profiles that ship with isolab, or with --allow-commands.
  std::vector<std::string> code_params = {};

  // Filled by describe():
  std::vector<ParamSpec> params = {};
  /// usage: parameters that are invalid on any machine; the text begins with the name of one of
  /// them and a colon. What a parameter may be by itself is in its spec (base/params.h) and
  /// checked, too.
  std::function<Result<void>(const ParamValues&)> check = {};
  std::function<Result<std::unique_ptr<Workload>>(const ParamValues&, const WorkloadContext&)>
      make = {};
  /// What it will change; the runner's guard journals these before the workload starts.
  std::function<Result<std::vector<Claim>>(const ParamValues&, const Host&)> claims = {};
  /// nullopt: the workload is not one whose operations send a number of IPIs (idle, hackbench).
  std::function<std::optional<ExpectedIpis>(const ParamValues&, const Host&, Arch)> expected = {};
};

/// Builds a descriptor for W, which has `using Args`, W(Args, WorkloadContext), and optionally
///   static Result<std::vector<Claim>> claims(const Args&, const Host&);
///   static std::optional<ExpectedIpis> expected(const Args&, const Host&, Arch);
///   static Result<void> check(const Args&);      // see WorkloadInfo::check
template <class W, class... Params>
WorkloadInfo describe(WorkloadInfo info, Params... params) {
  using Args = typename W::Args;
  const std::vector<Param<Args>> bound{std::move(params)...};
  for (const auto& param : bound) info.params.push_back(param.spec);
  info.check = [bound, specs = info.params](const ParamValues& values) -> Result<void> {
    TRY(check_params(specs, values));
    [[maybe_unused]] const Args args = TRY(read_params(bound, values));
    if constexpr (requires { W::check(args); })
      return W::check(args);
    else
      return {};
  };
  info.make = [bound](const ParamValues& values,
                      const WorkloadContext& context) -> Result<std::unique_ptr<Workload>> {
    Args args = TRY(read_params(bound, values));
    if constexpr (requires { W::check(args); }) TRY(W::check(args));
    return std::unique_ptr<Workload>(std::make_unique<W>(std::move(args), context));
  };
  info.claims = [bound](const ParamValues& values, const Host& host) -> Result<std::vector<Claim>> {
    const Args args = TRY(read_params(bound, values));
    if constexpr (requires { W::claims(args, host); })
      return W::claims(args, host);
    else
      return std::vector<Claim>{};
  };
  info.expected = [bound](const ParamValues& values, const Host& host,
                          Arch arch) -> std::optional<ExpectedIpis> {
    const auto args = read_params(bound, values);
    if constexpr (requires { W::expected(*args, host, arch); }) {
      if (args) return W::expected(*args, host, arch);
    }
    return std::nullopt;
  };
  return info;
}

/// All workloads, in the order of workloads.def.
const std::vector<const WorkloadInfo*>& all_workloads();
const WorkloadInfo* find_workload(std::string_view name);

namespace workloads {
#define WORKLOAD(name) extern const WorkloadInfo name;
#include "workloads/workloads.def"
#undef WORKLOAD
}  // namespace workloads

}  // namespace isolab
