// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/interruptions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>

#include "analysis/attribution/in_order.h"
#include "analysis/attribution/pool.h"
#include "analysis/attribution/silent_gaps.h"
#include "analysis/model/windows.h"
#include "base/warnings.h"
#include "trace/read/meta.h"

namespace isolab {

namespace {

std::string fact(const Facts& facts, const std::string& key) {
  const auto found = facts.find(key);
  return found == facts.end() ? std::string() : found->second;
}

std::uint64_t note_number(const TraceMeta& meta, const std::string& key) {
  const auto found = meta.other.find(key);
  return found == meta.other.end() ? 0 : std::strtoull(found->second.c_str(), nullptr, 10);
}

CounterReads counter_reads(const WindowRecord& window, const TraceMeta& meta) {
  const auto note = window.notes.find(kCounterReadsNote);
  if (note == window.notes.end()) return {};
  std::array<std::uint64_t, 4> ns{};
  const char* at = note->second.c_str();
  for (auto& reading : ns) {
    char* end = nullptr;
    reading = std::strtoull(at, &end, 10);
    if (end == at || reading == 0) return {};
    at = end;
  }
  const auto& line = meta.line;
  const auto time = [&](std::uint64_t reading) {
    if (meta.clock == "mono_raw") return reading;
    return reading >= line.ns0 ? line.ticks0 + line.ticks(reading - line.ns0)
                               : line.ticks0 - line.ticks(line.ns0 - reading);
  };
  return {time(ns[0]), time(ns[1]), time(ns[2]), time(ns[3])};
}

/// A window with its trace attributed. Its parts refer to each other, so it stays where it is.
struct AttributedWindow {
  AttributedWindow(TraceDirectory directory, const TraceMeta& meta, const Classifier& rules,
                   const WindowRecord& window, const CpuSet& measured)
      : trace(std::move(directory)),
        attribution(trace, meta, rules, gaps_of(window, meta.whole(measured))),
        tracks(window, attribution) {}
  TraceDirectory trace;
  Attribution attribution;
  WindowTracks tracks;
  std::map<int, SilentGaps> silent_gaps;
  std::uint64_t faulty_pages = 0;
};

Result<std::unique_ptr<AttributedWindow>> attribute_window(const Recording& recording,
                                                           std::size_t i, const Classifier& rules,
                                                           const TraceMeta& meta) {
  const auto& window = recording.windows[i];
  auto out = std::make_unique<AttributedWindow>(
      TRY(TraceDirectory::load(recording.directory / recording.window_directories[i] / "trace")),
      meta, rules, window, recording.plan.measured);
  if (const auto reads = counter_reads(window, meta); reads.known())
    out->attribution.counters_read(reads);
  for (const auto& summary : TRY(attribute_trace(out->trace, out->attribution)))
    out->faulty_pages += summary.faulty_pages;
  out->silent_gaps = silent_gaps_of(window, meta, out->attribution);
  return out;
}

TracedWindow describe(const Recording& recording, const WindowRecord& window,
                      const Result<TraceMeta>& meta) {
  TracedWindow traced;
  traced.arm = recording.plan.arms[static_cast<std::size_t>(window.arm)].name;
  traced.repeat = window.repeat;
  if (!meta) {
    traced.error = meta.error().what;
    return traced;
  }
  traced.level = meta->level;
  traced.clock = meta->clock;
  traced.reasons = meta->reasons;
  traced.lost = meta->lost();
  traced.own_ipis = note_number(*meta, "own_calls");
  // Older recordings count reschedules by interrupts in our time slice, which are not ours.
  if (meta->other.contains("own_pids")) traced.own_ipis += note_number(*meta, "own_reschedules");
  return traced;
}

void warn(const TracedWindow& window, std::vector<Warning>& out) {
  const auto place = fmt::format("{} #{}", window.arm, window.repeat);
  if (!window.error.empty())
    out.push_back(make_warning(WarningId::trace_unreadable, place + ": " + window.error));
  if (window.own_ipis != 0)
    out.push_back(make_warning(WarningId::own_ipis,
                               fmt::format("{}: isolab's processes sent {} IPIs to measured CPUs",
                                           place, window.own_ipis)));
  if (window.faulty_pages != 0)
    out.push_back(make_warning(WarningId::trace_damaged, fmt::format("{}: {} damaged trace pages",
                                                                     place, window.faulty_pages)));
}

}  // namespace

Result<Classifier> classifier_for(const Recording& recording,
                                  const std::vector<ClassRule>& own_rules) {
  auto rules = own_rules;
  rules.insert(rules.end(), builtin_class_rules().begin(), builtin_class_rules().end());
  return Classifier::create(std::move(rules), fact(recording.facts, "kernel.arch"),
                            fact(recording.facts, "kernel.release"));
}

std::vector<CpuGaps> gaps_of(const WindowRecord& window, const CpuSet& measured) {
  std::vector<CpuGaps> out;
  for (const int cpu : measured) {
    CpuGaps gaps;
    gaps.cpu = cpu;
    gaps.probe = window.probe.probe;
    for (const auto& probe : window.probe.cpus)
      if (probe.cpu == cpu && window.probe.kind == "gap") {
        gaps.probe = fmt::format("{}/{}", window.probe.probe, cpu);
        gaps.start = probe.start, gaps.end = probe.end;
        gaps.gaps = probe.gaps, gaps.list = &probe.gaps;
        gaps.microsecond = window.probe.line.ticks(1000);
      }
    out.push_back(gaps);
  }
  return out;
}

std::vector<std::string> informative(const std::vector<std::string>& frames, std::size_t most) {
  static constexpr std::array<std::string_view, 14> kSending{
      "trace_event_raw_event_", "__traceiter_", "smp_call_function", "on_each_cpu",
      "generic_exec_single", "__smp_call", "kick_all_cpus", "smp_call_on_cpu", "irq_work_queue_on",
      "send_call_function",
      // how a kprobe on a sending function is reached
      "kprobe_", "ftrace_trampoline", "optimized_callback", "opt_pre_handler"};
  static constexpr std::array<std::string_view, 8> kEntry{
      "asm_",          "entry_", "do_syscall_64", "x64_sys_call",
      "ret_from_fork", "el0",    "do_el0",        "invoke_syscall"};
  const auto starts = [](std::string_view name, const auto& prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](auto prefix) { return name.starts_with(prefix); });
  };
  std::vector<std::string> out;
  for (const auto& frame : frames) {
    auto name = frame.substr(0, frame.find('+'));
    if (out.size() == most || (!out.empty() && starts(name, kEntry))) break;
    if (out.empty() && starts(name, kSending) && frames.size() > 1) continue;
    out.push_back(std::move(name));
  }
  if (out.empty() && !frames.empty()) out.push_back(frames[0].substr(0, frames[0].find('+')));
  return out;
}

Result<Interruptions> find_interruptions(const Recording& recording,
                                         const std::vector<ClassRule>& own_rules) {
  const auto rules = TRY(classifier_for(recording, own_rules));
  Interruptions out;
  InterruptionPool pool;
  const auto read_meta = [&](std::size_t i) { return TraceMeta::read(recording.windows[i].notes); };
  using Attributed = std::optional<Result<std::unique_ptr<AttributedWindow>>>;
  const auto attribute = [&](std::size_t i) -> Attributed {
    const auto meta = read_meta(i);
    if (!meta || !meta->traced() || !window_counts(recording.windows[i])) return {};
    return attribute_window(recording, i, rules, *meta);
  };
  in_order(recording.windows.size(), usual_workers(), attribute,
           [&](std::size_t i, Attributed done) {
             const auto& window = recording.windows[i];
             const auto meta = read_meta(i);
             if (!meta && meta.error().kind == ErrorKind::unsupported) return;  // not asked for
             auto traced = describe(recording, window, meta);
             if (done && *done) {
               const auto& attributed = **done;
               traced.events = attributed->attribution.events();
               traced.forgotten_calls = attributed->attribution.forgotten_calls();
               traced.faulty_pages = attributed->faulty_pages;
               pool.add(window, traced.arm, *meta, attributed->attribution, attributed->tracks,
                        attributed->silent_gaps);
             } else if (done) {
               traced.error = done->error().what;
             }
             warn(traced, out.warnings);
             out.windows.push_back(std::move(traced));
           });
  out.cpus = pool.take(out.warnings);
  out.effects = observer_effects(recording);
  return out;
}

}  // namespace isolab
