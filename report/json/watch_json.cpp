// SPDX-License-Identifier: Apache-2.0
#include "report/json/watch_json.h"

#include "results/json.h"

namespace isolab {
namespace {

JsonObject task_json(const TickLine& line, const WatchedTaskTime& task) {
  const auto ns = [&](std::uint64_t ticks) { return Json(line.nanoseconds(ticks)); };
  const auto& time = task.time;
  return {{"tid", std::int64_t{time.tid}},
          {"tgid", std::int64_t{task.tgid}},
          {"comm", task.comm},
          {"observed_ns", ns(time.observed())},
          {"ran_ns", ns(time.ran)},
          {"interrupted_ns", ns(time.interrupted)},
          {"preempted_ns", ns(time.preempted)},
          {"waited_ns", ns(time.waited)},
          {"asleep_ns", ns(time.slept)},
          {"unknown_ns", ns(time.elsewhere)},
          {"longest_wait_ns", ns(time.longest_wait)},
          {"waits", time.waits},
          {"preemptions", time.preemptions},
          {"sleeps", time.sleeps},
          {"migrations", time.migrations},
          {"page_faults", time.faults}};
}

JsonObject cause_json(const TickLine& line, const WatchCause& cause) {
  JsonObject out{{"what", cause.name.what},
                 {"kind", to_string(cause.name.kind)},
                 {"class", cause.name.klass},
                 {"subclass", cause.name.subclass},
                 {"deferrable", cause.name.deferrable},
                 {"times", cause.slices},
                 {"stolen_ns", line.nanoseconds(cause.ticks)},
                 {"longest_ns", line.nanoseconds(cause.longest)},
                 {"longest_at_s", cause.longest_at_s}};
  JsonArray pids;
  for (const auto pid : cause.pids) pids.push_back(std::int64_t{pid});
  if (!pids.empty()) out["pids"] = pids;
  const auto& sender = cause.sender;
  if (sender.cpu >= 0)
    out["sender"] =
        JsonObject{{"comm", sender.comm},   {"pid", std::int64_t{sender.pid}},
                   {"cpu", sender.cpu},     {"callsite", sender.callsite},
                   {"sends", sender.sends}, {"other_senders", std::uint64_t{sender.others}}};
  return out;
}

}  // namespace

std::string watch_to_json(const WatchFindings& found, const std::string& command_end) {
  const auto ns = [&](std::uint64_t ticks) { return Json(found.line.nanoseconds(ticks)); };
  JsonArray tasks, cpus, causes, limits;
  for (const auto& task : found.tasks) tasks.push_back(task_json(found.line, task));
  for (const auto& use : found.use)
    cpus.push_back(JsonObject{{"cpu", use.cpu},
                              {"observed_ns", ns(use.observed)},
                              {"ran_ns", ns(use.ran)},
                              {"stolen_ns", ns(use.stolen)},
                              {"not_wanted_ns", ns(use.not_wanted)},
                              {"events", use.events},
                              {"switches_to_isolab", use.own_switches}});
  for (const auto& cause : found.causes) causes.push_back(cause_json(found.line, cause));
  for (const auto& line : found.cannot_tell) limits.push_back(line);
  JsonObject out{{"schema", 1},
                 {"target", found.target},
                 {"cpus", found.cpus.list()},
                 {"seconds", found.seconds},
                 {"level", found.level},
                 {"tasks", tasks},
                 {"use", cpus},
                 {"causes", causes},
                 {"stolen_ns", ns(found.stolen_ticks())},
                 {"own_calls", found.own_calls},
                 {"own_reschedules", found.own_reschedules},
                 {"steal_s", found.steal_seconds},
                 {"limits", limits}};
  if (!command_end.empty()) out["command_end"] = command_end;
  return print_json(Json(out));
}

}  // namespace isolab
