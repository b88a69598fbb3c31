// SPDX-License-Identifier: Apache-2.0
#include "results/window_json.h"

#include <fmt/format.h>

#include "results/codec.h"
#include "results/shared_fields.h"

namespace isolab {
namespace codec {

void fields(auto& field, Is<TickLine> auto& line) {
  field("counter", line.counter);
  field("ticks0", line.ticks0);
  field("ticks1", line.ticks1);
  field("ns0", line.ns0);
  field("ns1", line.ns1);
  field("uncertainty_ppm", line.uncertainty_ppm);
  field("drift_ppm", line.drift_ppm);
}

void fields(auto& field, Is<ProbeCpu> auto& probe) {
  field("cpu", probe.cpu);
  field("error", probe.error);
  field("start", probe.start);
  field("end", probe.end);
  field("threshold", probe.threshold);
  field("gaps_dropped", probe.gaps_dropped);
  field("numbers", probe.numbers);
}

void fields(auto& field, Is<ProbeRecord> auto& probe) {
  field("probe", probe.probe);
  field("kind", probe.kind);
  field("line", probe.line);
  field("cpus", probe.cpus);
  field("notes", probe.notes);
}

void fields(auto& field, Is<WorkRecord> auto& work) {
  field("workload", work.workload);
  field("at_start", work.at_start);
  field("at_end", work.at_end);
  field("at_warmup", work.at_warmup);
  field("user_seconds", work.user_seconds);
  field("system_seconds", work.system_seconds);
  field("notes", work.notes);
  field("op_count", work.op_count);
  field("expected_ipis_per_op", work.expected_ipis_per_op);
  field("expected_row", work.expected_row);
  field("error", work.error);
}

void fields(auto& field, Is<CounterRow> auto& row) {
  field("id", row.id);
  field("label", row.label);
  field("kind", row.kind);
  field("before", row.before);
  field("after", row.after);
}

void fields(auto& field, Is<CpuTime> auto& time) {
  field("cpu", time.cpu);
  field("user", time.user);
  field("system", time.system);
  field("irq", time.irq);
  field("softirq", time.softirq);
  field("steal", time.steal);
  field("idle", time.idle);
}

void fields(auto& field, Is<Footprint> auto& footprint) {
  field("cpu", footprint.cpu);
  field("voluntary_switches", footprint.voluntary_switches);
  field("involuntary_switches", footprint.involuntary_switches);
  field("minor_faults", footprint.minor_faults);
  field("major_faults", footprint.major_faults);
}

void fields(auto& field, Is<WindowRecord> auto& window) {
  field("index", window.index);
  field("arm", window.arm);
  field("repeat", window.repeat);
  field("status", window.status);
  field("begin_ns", window.begin_ns);
  field("end_ns", window.end_ns);
  field("begin_utc", window.begin_utc);
  field("probe", window.probe);
  field("work", window.work);
  field("interrupts", window.interrupts);
  field("softirqs", window.softirqs);
  field("cpu_times", window.cpu_times);
  field("footprints", window.footprints);
  field("notes", window.notes);
  field("warnings", window.warnings);
  field("files", window.files);
}

}  // namespace codec

namespace {

/// Of two times or readings; a second one that was never taken is 0.
Result<void> in_order(const std::string& place, std::uint64_t first, std::uint64_t second) {
  if (second == 0 || first <= second) return {};
  return Error{ErrorKind::parse,
               fmt::format("{}: it ends at {}, before its begin at {}", place, second, first)};
}

/// Each length in the recording is a difference of two of these: one that is negative would be a
/// wrong number in every table.
Result<void> check_order(const std::string& file, const WindowRecord& window) {
  const auto& line = window.probe.line;
  TRY(in_order(file + ": the window", window.begin_ns, window.end_ns));
  TRY(in_order(file + ": /probe/line in ns", line.ns0, line.ns1));
  TRY(in_order(file + ": /probe/line in ticks", line.ticks0, line.ticks1));
  for (const auto& cpu : window.probe.cpus)
    TRY(in_order(fmt::format("{}: the probe on CPU {}", file, cpu.cpu), cpu.start, cpu.end));
  const bool identity = (line.ns0 | line.ns1 | line.ticks0 | line.ticks1) == 0;
  const bool stands = line.ns0 >= line.ns1 || line.ticks0 >= line.ticks1;
  if (stands && !identity && window.status == "complete" && line.counter != "ns")
    return Error{ErrorKind::parse,
                 file + ": /probe/line: time does not advance on it, so ticks cannot be converted"};
  return {};
}

}  // namespace

std::string window_to_json(const WindowRecord& record) {
  return print_json(codec::to_json(record));
}

Result<WindowRecord> window_from_json(const std::string& file, const std::string& text) {
  WindowRecord window = TRY(codec::decode_text<WindowRecord>(file, text));
  TRY(check_order(file, window));
  return window;
}

}  // namespace isolab
