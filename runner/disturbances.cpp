// SPDX-License-Identifier: Apache-2.0
#include "runner/disturbances.h"

#include <fmt/format.h>

#include "trace/read/meta.h"

namespace isolab {
namespace {

void add_trace(const WindowRecord& window, std::vector<std::string>& out) {
  const auto meta = TraceMeta::read(window.notes);
  if (!meta) {
    if (meta.error().kind != ErrorKind::unsupported) out.push_back(meta.error().what);
    return;  // not traced
  }
  if (meta->lost() != 0) out.push_back(fmt::format("the trace lost {} events", meta->lost()));
  for (const auto& [cpu, cut] : meta->cut)
    out.push_back(fmt::format("the trace of CPU {} is incomplete: {}", cpu, cut.why));
}

}  // namespace

std::string status_at_end(const WindowRecord& window, const std::string& lost, bool interrupted) {
  // Nothing was counted yet: a workload that was still preparing was stopped in the middle of it.
  if (interrupted && window.end_ns == 0) return "interrupted";
  if (!lost.empty()) return "disturbed: " + lost;
  for (const auto& work : window.work)
    if (!work.error.empty()) return "disturbed: " + work.error;
  return interrupted ? "interrupted" : "complete";
}

std::vector<std::string> disturbances(const WindowRecord& window) {
  std::vector<std::string> out;
  if (window.status != "complete") out.push_back(window.status);
  add_trace(window, out);
  for (const auto& cpu : window.probe.cpus) {
    if (!cpu.error.empty()) out.push_back(fmt::format("CPU {}: {}", cpu.cpu, cpu.error));
    if (cpu.gaps_dropped != 0)
      out.push_back(
          fmt::format("CPU {}: {} gaps did not fit into the log", cpu.cpu, cpu.gaps_dropped));
  }
  for (const auto& work : window.work)
    if (!work.error.empty() && !window.status.ends_with(work.error))
      out.push_back(fmt::format("{}: {}", work.workload, work.error));
  return out;
}

}  // namespace isolab
