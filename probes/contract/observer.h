// SPDX-License-Identifier: Apache-2.0
// The contract of an observer: it records counters and events and never runs on a measured CPU.
// Order: prepare() may disturb (a quiet period follows); begin() and end() run at the edges of the
// window and must not disturb; finish() tears down after the window and may disturb again.
// Observers run in the runner's single-threaded process; what must run during the window is a fork.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "base/plan.h"
#include "base/records.h"
#include "host/facts/facts.h"
#include "host/guard.h"

namespace isolab {

class PageSink;
class TraceFormats;
/// Makes what takes the pages of a trace with these formats and this clock.
using TraceSinkMaker =
    std::function<std::unique_ptr<PageSink>(const TraceFormats& formats, const std::string& clock)>;

struct ObserverContext {
  Host host;
  StateGuard& guard;  // its own entries are restored by the runner after finish()
  CpuSet measured;
  CpuSet housekeeping;
  std::filesystem::path directory;  // of the window; raw files go here, named in record.files
  Nanos window{0};                  // planned length
  /// Ids of the tasks that belong to isolab itself now: runner, supervisors, the probe with its
  /// threads and programs. Workloads are not among them. Reads /proc. May be empty (tests).
  std::function<std::vector<std::int32_t>()> own_tasks = {};
  /// Takes the pages of a trace in place of files (trace/live/drain.h). Empty: files.
  TraceSinkMaker trace_sink = {};
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual Result<void> prepare() { return {}; }
  virtual Result<void> begin() = 0;
  virtual Result<void> end() = 0;
  /// Whether it begins before all others and ends after them, so that it sees them read counters.
  virtual bool encloses() const { return false; }
  /// Adds what was observed to the record; also called when the window failed.
  virtual Result<void> finish(WindowRecord& record) = 0;
};

struct ObserverInfo {
  std::string name;
  std::string summary;
  std::string needs;
  bool by_default = false;  // observes where a profile does not say `observe:`
  bool traces = false;      // writes a trace: `untraced_run:` leaves it out, windows take longer

  std::vector<ParamSpec> params = {};
  /// As WorkloadInfo::check (workloads/contract/workload.h).
  std::function<Result<void>(const ParamValues&)> check = {};
  std::function<Result<std::unique_ptr<Observer>>(const ParamValues&, const ObserverContext&)>
      make = {};
};

/// O has `using Args`, O(Args, ObserverContext) and optionally static Result<void> check(const
/// Args&).
template <class O, class... Params>
ObserverInfo describe_observer(ObserverInfo info, Params... params) {
  using Args = typename O::Args;
  const std::vector<Param<Args>> bound{std::move(params)...};
  for (const auto& param : bound) info.params.push_back(param.spec);
  info.check = [bound, specs = info.params](const ParamValues& values) -> Result<void> {
    TRY(check_params(specs, values));
    [[maybe_unused]] const Args args = TRY(read_params(bound, values));
    if constexpr (requires { O::check(args); })
      return O::check(args);
    else
      return {};
  };
  info.make = [bound](const ParamValues& values,
                      const ObserverContext& context) -> Result<std::unique_ptr<Observer>> {
    Args args = TRY(read_params(bound, values));
    return std::unique_ptr<Observer>(std::make_unique<O>(std::move(args), context));
  };
  return info;
}

const std::vector<const ObserverInfo*>& all_observers();
const ObserverInfo* find_observer(std::string_view name);
bool traces(const PluginUse& use);
/// Whether one of them traces.
bool is_traced(const std::vector<PluginUse>& observers);

namespace probes {
#define PROBE(name)
#define OBSERVER(name) extern const ObserverInfo name;
#include "probes/probes.def"
#undef PROBE
#undef OBSERVER
}  // namespace probes

}  // namespace isolab
