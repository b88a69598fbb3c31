// SPDX-License-Identifier: Apache-2.0
#include "results/window_json.h"

#include <fmt/format.h>

#include "results/codec.h"
#include "results/warning_fields.h"

namespace isolab {
namespace codec {

template <>
struct Fields<TickLine> {
  static void list(auto& field, auto& it) {
    field("counter", it.counter);
    field("ticks0", it.ticks0);
    field("ticks1", it.ticks1);
    field("ns0", it.ns0);
    field("ns1", it.ns1);
    field("uncertainty_ppm", it.uncertainty_ppm);
    field("drift_ppm", it.drift_ppm);
  }
};

template <>
struct Fields<ProbeCpu> {
  static void list(auto& field, auto& it) {
    field("cpu", it.cpu);
    field("error", it.error);
    field("start", it.start);
    field("end", it.end);
    field("threshold", it.threshold);
    field("gaps_dropped", it.gaps_dropped);
    field("numbers", it.numbers);
  }
};

template <>
struct Fields<ProbeRecord> {
  static void list(auto& field, auto& it) {
    field("probe", it.probe);
    field("kind", it.kind);
    field("line", it.line);
    field("cpus", it.cpus);
    field("notes", it.notes);
  }
};

template <>
struct Fields<WorkRecord> {
  static void list(auto& field, auto& it) {
    field("workload", it.workload);
    field("at_start", it.at_start);
    field("at_end", it.at_end);
    field("at_warmup", it.at_warmup);
    field("user_seconds", it.user_seconds);
    field("system_seconds", it.system_seconds);
    field("notes", it.notes);
    field("op_count", it.op_count);
    field("expected_ipis_per_op", it.expected_ipis_per_op);
    field("expected_row", it.expected_row);
    field("error", it.error);
  }
};

template <>
struct Fields<CounterRow> {
  static void list(auto& field, auto& it) {
    field("id", it.id);
    field("label", it.label);
    field("kind", it.kind);
    field("before", it.before);
    field("after", it.after);
  }
};

template <>
struct Fields<CpuTime> {
  static void list(auto& field, auto& it) {
    field("cpu", it.cpu);
    field("user", it.user);
    field("system", it.system);
    field("irq", it.irq);
    field("softirq", it.softirq);
    field("steal", it.steal);
    field("idle", it.idle);
  }
};

template <>
struct Fields<Footprint> {
  static void list(auto& field, auto& it) {
    field("cpu", it.cpu);
    field("voluntary_switches", it.voluntary_switches);
    field("involuntary_switches", it.involuntary_switches);
    field("minor_faults", it.minor_faults);
    field("major_faults", it.major_faults);
  }
};

template <>
struct Fields<WindowRecord> {
  static void list(auto& field, auto& it) {
    field("index", it.index);
    field("arm", it.arm);
    field("repeat", it.repeat);
    field("status", it.status);
    field("begin_ns", it.begin_ns);
    field("end_ns", it.end_ns);
    field("begin_utc", it.begin_utc);
    field("probe", it.probe);
    field("work", it.work);
    field("interrupts", it.interrupts);
    field("softirqs", it.softirqs);
    field("cpu_times", it.cpu_times);
    field("footprints", it.footprints);
    field("notes", it.notes);
    field("warnings", it.warnings);
    field("files", it.files);
  }
};

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
  for (const auto& one : window.probe.cpus)
    TRY(in_order(fmt::format("{}: the probe on CPU {}", file, one.cpu), one.start, one.end));
  const bool identity = (line.ns0 | line.ns1 | line.ticks0 | line.ticks1) == 0;
  const bool stands = line.ns0 >= line.ns1 || line.ticks0 >= line.ticks1;
  if (stands && !identity && window.status == "complete" && line.counter != "ns")
    return Error{ErrorKind::parse,
                 file + ": /probe/line: no time passes on it, so ticks are no time"};
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
