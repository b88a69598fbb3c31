// SPDX-License-Identifier: Apache-2.0
// Description of the member "interruptions" of findings.json.
#pragma once

#include "analysis/model/interruptions.h"
#include "report/json/rows.h"
#include "results/fields.h"

namespace isolab::codec {

void fields(auto& field, Is<WokenRow> auto& task) {
  field("comm", task.comm);
  field("count", task.count);
}

void fields(auto& field, Is<OriginRow> auto& origin) {
  field("kind", one_of(origin.kind, {OriginKind::work, OriginKind::timer}));
  field("function", origin.function);
  field("comm", origin.comm, "who queued or armed it; empty: no task, or not known");
  field("cpu", origin.cpu, "-1: not known");
  field("pid", origin.pid, "-1: no task, or not known");
  field.when(!origin.within.empty(), "within", origin.within, "the interrupt or softirq that did");
}

void fields(auto& field, Is<SenderRow> auto& sender) {
  field("comm", sender.comm);
  field("cpu", sender.cpu);
  field("pid", sender.pid);
  field("count", sender.count);
  field("processes", sender.processes);
  field("work", sender.work);
  field.when(sender.context != SenderContext::task, "context",
             one_of(sender.context, {SenderContext::softirq, SenderContext::interrupt}),
             "no task queued or armed it");
  field.when(!sender.within.empty(), "within", sender.within, "the interrupt or softirq that did");
  field.when(!sender.origins.empty(), "origins", sender.origins,
             "work and timers whose functions the sender ran, the nearest first");
  field("woken", sender.woken);
  field("stack", sender.frames);
}

void fields(auto& field, Is<CauseRow> auto& cause) {
  field("kind", to_string(cause.name.kind));
  field("class", cause.name.klass);
  field("subclass", cause.name.subclass);
  field("callback", cause.name.what);
  field("lpc_name", cause.name.lpc_name);
  field("deferrable", cause.name.deferrable);
  field("reason", cause.name.reason);
  field("sends", cause.sends);
  field("ipis", cause.ipis);
  field("callbacks", cause.callbacks);
  field("joined", cause.joined);
  field("gaps", cause.gaps);
  field("parts", cause.parts);
  field("lost_us", cause.lost_us);
  field("p50_us", nullable(cause.p50_us));
  field("p99_us", nullable(cause.p99_us));
  field("max_us", cause.max_us);
  field("first_s", cause.first_s);
  field("first_repeat", cause.first_repeat);
  field("last_s", cause.last_s);
  field("last_repeat", cause.last_repeat);
  field("prio_least", nullable<double>(cause.prio_least));
  field("prio_most", nullable<double>(cause.prio_most));
  field("woken", cause.woken);
  field("senders", cause.senders);
}

void fields(auto& field, Is<CrossCheck> auto& check) {
  field("what", check.what);
  field("row", check.row);
  field("traced", check.traced);
  field("counted", check.counted);
  field("slack", check.slack);
  field("windows_apart", check.windows_apart);
  field("agrees", check.agrees());
}

void fields(auto& field, Is<Period> auto& period) {
  field("period_ms", period.period_ns / 1e6);
  field("phase_ms", period.phase_ns / 1e6);
  field("share", period.share);
  field("log10_chance", period.log10_chance);
  field("gaps", period.gaps);
}

void fields(auto& field, Is<SilentRow> auto& row) {
  field("lengths", row.lengths);
  field("gaps", row.gaps);
  field("in_phase", row.in_phase);
  field("lost_us", row.lost_us);
  field("in_phase_us", row.in_phase_us);
  field("periods", row.periods);
}

void fields(auto& field, Is<LateRow> auto& late) {
  field("gaps", late.gaps);
  field("us", late.us);
  field("in_phase_us", late.in_phase_us);
  field("stolen_us", late.stolen_us);
}

void fields(auto& field, Is<ClassTrack> auto& track) {
  field("repeat", track.repeat);
  field("seconds", track.seconds);
  field("gaps", track.gaps);
}

void fields(auto& field, Is<CpuInterruptions> auto& cpu) {
  field("arm", cpu.arm);
  field("cpu", cpu.cpu);
  field("windows", cpu.windows);
  field("exposure_s", cpu.exposure_s);
  field("heard", cpu.heard);
  field("calls_queued", cpu.calls_queued);
  field("ipis_sent", cpu.ipis_sent);
  field("function_ipis", cpu.function_ipis);
  field("reschedule_ipis", cpu.reschedule_ipis);
  field("callbacks", cpu.callbacks);
  field("callbacks_joined", cpu.callbacks_joined);
  field("reschedules_joined", cpu.reschedules_joined);
  field("local_calls", cpu.local_calls);
  field("gaps", cpu.gaps);
  field("explained", cpu.explained);
  field("gaps_over_1us", cpu.gaps_over_1us);
  field("explained_over_1us", cpu.explained_over_1us);
  field("lost_us", cpu.lost_us);
  field("explained_us", cpu.explained_us);
  field("before_us", cpu.before_us);
  field("traced_us", cpu.traced_us);
  field("after_us", cpu.after_us);
  field("two_causes", cpu.two_causes);
  field("late", cpu.late);
  field("probe_wakeups", cpu.probe_wakeups);
  field("perf_holders", cpu.perf_holders);
  field("logged_s", cpu.logged_s);
  field("gaps_dropped", cpu.gaps_dropped);
  field("events", cpu.events);
  field("events_outside", cpu.events_outside);
  field("event_cost_ns", cpu.event_cost_ns);
  field("trace_share", cpu.trace_share());
  field("deferrable_interruptions", cpu.deferrable.interruptions);
  field("all_interruptions", cpu.deferrable.all_interruptions);
  field("deferrable_us", cpu.deferrable.lost_us);
  field("causes", cpu.causes);
  field("silent", cpu.silent);
  field("smis", nullable(cpu.smis));
  field("smis_not_applicable", cpu.smis_unknown);
  field("checks", cpu.checks);
  const auto seconds = [&cpu](std::uint64_t ticks) {
    return static_cast<double>(ticks) / cpu.ticks_per_second;
  };
  field.object("budget", [&](auto& budget) {
    budget("wall_ticks", cpu.budget.wall);
    budget("wall_s", seconds(cpu.budget.wall));
    budget.each("parts", cpu.budget.parts, [&](auto& inner, const BudgetPart& part) {
      inner("name", part.name);
      inner("ticks", part.ticks);
      inner("seconds", seconds(part.ticks));
      inner("gaps", part.gaps);
    });
  });
  field("tracks", cpu.tracks);
}

void fields(auto& field, Is<TracedWindow> auto& window) {
  field("arm", window.arm);
  field("repeat", window.repeat);
  field("level", window.level);
  field("clock", window.clock);
  field("reasons", window.reasons);
  field("lost", window.lost);
  field("events", window.events);
  field("faulty_pages", window.faulty_pages);
  field("forgotten_calls", window.forgotten_calls);
  field("own_ipis", window.own_ipis);
  field("error", window.error);
}

void fields(auto& field, Is<ObserverEffect> auto& effect) {
  field("arm", effect.arm);
  field("traced_p50_us", effect.traced_p50_us);
  field("untraced_p50_us", effect.untraced_p50_us);
  field("p50_percent", effect.p50_percent());
  field("p50_low_percent", effect.p50_low_percent);
  field("p50_high_percent", effect.p50_high_percent);
  field("traced_per_s", effect.traced_per_s);
  field("untraced_per_s", effect.untraced_per_s);
  field("rate_percent", effect.rate_percent());
  field("rate_low_percent", effect.rate_low_percent);
  field("rate_high_percent", effect.rate_high_percent);
}

void fields(auto& field, Is<Interruptions> auto& interruptions) {
  field("windows", interruptions.windows);
  field("cpus", interruptions.cpus);
  field("effects", interruptions.effects);
}

}  // namespace isolab::codec
