// SPDX-License-Identifier: Apache-2.0
#include "report/json/interruptions_json.h"

#include "results/json_schema.h"
#include "results/json_values.h"

namespace isolab {

namespace {

using json::list;
using json::number;
using json::strings;

Json woken_json(const WokenRow& one) {
  return Json(JsonObject{{"comm", one.comm}, {"count", one.count}});
}

Json sender_json(const SenderRow& one) {
  return Json(JsonObject{{"comm", one.comm},
                         {"cpu", one.cpu},
                         {"pid", std::int64_t{one.pid}},
                         {"count", one.count},
                         {"processes", one.processes},
                         {"work", one.work},
                         {"woken", list(one.woken, woken_json)},
                         {"stack", strings(one.frames)}});
}

Json priority(const std::optional<int>& prio) {
  return number(prio ? std::optional<double>(*prio) : std::nullopt);
}

Json cause_json(const CauseRow& one) {
  return Json(JsonObject{{"kind", to_string(one.name.kind)},
                         {"class", one.name.klass},
                         {"subclass", one.name.subclass},
                         {"callback", one.name.what},
                         {"lpc_name", one.name.lpc_name},
                         {"deferrable", one.name.deferrable},
                         {"reason", one.name.reason},
                         {"sends", one.sends},
                         {"ipis", one.ipis},
                         {"callbacks", one.callbacks},
                         {"joined", one.joined},
                         {"gaps", one.gaps},
                         {"parts", one.parts},
                         {"lost_us", number(one.lost_us)},
                         {"p50_us", number(one.p50_us)},
                         {"p99_us", number(one.p99_us)},
                         {"max_us", number(one.max_us)},
                         {"first_s", number(one.first_s)},
                         {"first_repeat", one.first_repeat},
                         {"last_s", number(one.last_s)},
                         {"last_repeat", one.last_repeat},
                         {"prio_least", priority(one.prio_least)},
                         {"prio_most", priority(one.prio_most)},
                         {"woken", list(one.woken, woken_json)},
                         {"senders", list(one.senders, sender_json)}});
}

Json check_json(const CrossCheck& one) {
  return Json(JsonObject{{"what", one.what},
                         {"row", one.row},
                         {"traced", one.traced},
                         {"counted", one.counted},
                         {"slack", one.slack},
                         {"windows_apart", one.windows_apart},
                         {"agrees", one.agrees()}});
}

Json period_json(const Period& one) {
  return Json(JsonObject{{"period_ms", number(one.period_ns / 1e6)},
                         {"phase_ms", number(one.phase_ns / 1e6)},
                         {"share", number(one.share)},
                         {"log10_chance", number(one.log10_chance)},
                         {"gaps", one.gaps}});
}

Json silent_json(const SilentRow& one) {
  return Json(JsonObject{{"lengths", one.lengths},
                         {"gaps", one.gaps},
                         {"in_phase", one.in_phase},
                         {"lost_us", number(one.lost_us)},
                         {"in_phase_us", number(one.in_phase_us)},
                         {"periods", list(one.periods, period_json)}});
}

Json late_json(const LateRow& one) {
  return Json(JsonObject{{"gaps", one.gaps},
                         {"us", number(one.us)},
                         {"in_phase_us", number(one.in_phase_us)},
                         {"stolen_us", number(one.stolen_us)}});
}

Json budget_json(const CpuInterruptions& cpu) {
  const auto seconds = [&](std::uint64_t ticks) {
    return number(static_cast<double>(ticks) / cpu.ticks_per_second);
  };
  const auto part = [&](const BudgetPart& one) {
    return Json(JsonObject{{"name", one.name},
                           {"ticks", one.ticks},
                           {"seconds", seconds(one.ticks)},
                           {"gaps", one.gaps}});
  };
  return Json(JsonObject{{"wall_ticks", cpu.budget.wall},
                         {"wall_s", seconds(cpu.budget.wall)},
                         {"parts", list(cpu.budget.parts, part)}});
}

Json class_track_json(const ClassTrack& one) {
  const auto gap = [](const ClassedGap& point) {
    return Json(JsonArray{number(point.at_s), number(point.length_us), Json(point.klass)});
  };
  return Json(JsonObject{
      {"repeat", one.repeat}, {"seconds", number(one.seconds)}, {"gaps", list(one.gaps, gap)}});
}

Json cpu_json(const CpuInterruptions& one) {
  return Json(JsonObject{{"arm", one.arm},
                         {"cpu", one.cpu},
                         {"windows", one.windows},
                         {"exposure_s", number(one.exposure_s)},
                         {"heard", one.heard},
                         {"calls_queued", one.calls_queued},
                         {"ipis_sent", one.ipis_sent},
                         {"function_ipis", one.function_ipis},
                         {"reschedule_ipis", one.reschedule_ipis},
                         {"callbacks", one.callbacks},
                         {"callbacks_joined", one.callbacks_joined},
                         {"reschedules_joined", one.reschedules_joined},
                         {"local_calls", one.local_calls},
                         {"gaps", one.gaps},
                         {"explained", one.explained},
                         {"gaps_over_1us", one.gaps_over_1us},
                         {"explained_over_1us", one.explained_over_1us},
                         {"lost_us", number(one.lost_us)},
                         {"explained_us", number(one.explained_us)},
                         {"before_us", number(one.before_us)},
                         {"traced_us", number(one.traced_us)},
                         {"after_us", number(one.after_us)},
                         {"two_causes", one.two_causes},
                         {"late", late_json(one.late)},
                         {"probe_wakeups", one.probe_wakeups},
                         {"perf_holders", strings(one.perf_holders)},
                         {"logged_s", number(one.logged_s)},
                         {"gaps_dropped", one.gaps_dropped},
                         {"events", one.events},
                         {"events_outside", one.events_outside},
                         {"event_cost_ns", number(one.event_cost_ns)},
                         {"trace_share", number(one.trace_share())},
                         {"deferrable_interruptions", one.deferrable.interruptions},
                         {"all_interruptions", one.deferrable.all_interruptions},
                         {"deferrable_us", number(one.deferrable.lost_us)},
                         {"causes", list(one.causes, cause_json)},
                         {"silent", list(one.silent, silent_json)},
                         {"smis", one.smis ? Json(*one.smis) : Json()},
                         {"smis_not_applicable", one.smis_unknown},
                         {"checks", list(one.checks, check_json)},
                         {"budget", budget_json(one)},
                         {"tracks", list(one.tracks, class_track_json)}});
}

Json window_json(const TracedWindow& one) {
  return Json(JsonObject{{"arm", one.arm},
                         {"repeat", one.repeat},
                         {"level", one.level},
                         {"clock", one.clock},
                         {"reasons", strings(one.reasons)},
                         {"lost", one.lost},
                         {"events", one.events},
                         {"faulty_pages", one.faulty_pages},
                         {"forgotten_calls", one.forgotten_calls},
                         {"own_ipis", one.own_ipis},
                         {"error", one.error}});
}

Json effect_json(const ObserverEffect& one) {
  return Json(JsonObject{{"arm", one.arm},
                         {"traced_p50_us", number(one.traced_p50_us)},
                         {"untraced_p50_us", number(one.untraced_p50_us)},
                         {"p50_percent", number(one.p50_percent())},
                         {"p50_low_percent", number(one.p50_low_percent)},
                         {"p50_high_percent", number(one.p50_high_percent)},
                         {"traced_per_s", number(one.traced_per_s)},
                         {"untraced_per_s", number(one.untraced_per_s)},
                         {"rate_percent", number(one.rate_percent())},
                         {"rate_low_percent", number(one.rate_low_percent)},
                         {"rate_high_percent", number(one.rate_high_percent)}});
}

}  // namespace

Json interruptions_json(const Interruptions& interruptions) {
  return Json(JsonObject{{"windows", list(interruptions.windows, window_json)},
                         {"cpus", list(interruptions.cpus, cpu_json)},
                         {"effects", list(interruptions.effects, effect_json)}});
}

Json interruptions_schema() {
  CauseRow cause;
  cause.senders.emplace_back().woken.emplace_back();
  cause.woken.emplace_back();
  CpuInterruptions cpu;
  cpu.ticks_per_second = 1;
  cpu.causes.push_back(std::move(cause));
  cpu.silent.emplace_back().periods.emplace_back();
  cpu.checks.emplace_back();
  cpu.budget.parts.emplace_back();
  cpu.tracks.emplace_back();
  Interruptions example;
  example.windows.emplace_back();
  example.cpus.push_back(std::move(cpu));
  example.effects.emplace_back();
  example.effects[0].untraced_p50_us = example.effects[0].untraced_per_s = 1;
  return schema::like(interruptions_json(example));
}

}  // namespace isolab
