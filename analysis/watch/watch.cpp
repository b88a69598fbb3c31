// SPDX-License-Identifier: Apache-2.0
#include "analysis/watch/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <unordered_map>

#include "analysis/attribution/attribution.h"
#include "analysis/watch/cpu_shares.h"

namespace isolab {
namespace {

const std::string& note_of(const TraceMeta& meta, const char* name) {
  static const std::string none;
  const auto found = meta.other.find(name);
  return found == meta.other.end() ? none : found->second;
}

std::uint64_t number_of_note(const TraceMeta& meta, const char* name) {
  return std::strtoull(note_of(meta, name).c_str(), nullptr, 10);
}

std::set<std::int32_t> own_tasks_of(const TraceMeta& meta) {
  std::set<std::int32_t> own;
  std::istringstream words(note_of(meta, "own_pids"));
  for (std::int32_t pid = 0; words >> pid;) own.insert(pid);
  return own;
}

/// The window's trace, walked several times.
class WatchedWindow {
 public:
  WatchedWindow(const WindowRecord& window, const CpuSet& cpus, TraceDirectory trace,
                TraceMeta meta, std::vector<WatchTask> tasks)
      : window_(window),
        trace_(std::move(trace)),
        meta_(std::move(meta)),
        table_(trace_.formats),
        clock_(meta_),
        tasks_(std::move(tasks)) {
    span_ = {cpus, meta_.begin, meta_.end, own_tasks_of(meta_)};
  }

  Result<WatchFindings> findings(const Classifier& rules) {
    if (by_cpus()) TRY(choose_applications());
    TRY(measure_times());
    TRY(attribute(rules));
    describe();
    return std::move(out_);
  }

 private:
  bool by_cpus() const {
    return std::none_of(tasks_.begin(), tasks_.end(),
                        [](const WatchTask& task) { return task.watched; });
  }
  Result<void> choose_applications() {
    CpuShares shares(table_, clock_, span_);
    merge_cpus(TRY(trace_.open_all()), [&](const TraceEvent& event) { shares.add(event); });
    shares.finish(span_.end);
    watch_applications(shares.ticks(), span_.own, tasks_);
    return {};
  }
  Result<void> measure_times() {
    TaskTimes times(table_, clock_, span_, tasks_);
    times.on_slice([this](int cpu, const Gap& slice) { slices_[cpu].push_back(slice); });
    merge_cpus(TRY(trace_.open_all()), [&](const TraceEvent& event) { times.add(event); });
    times.finish(span_.end);
    out_.use = times.cpus();
    for (const auto& time : times.tasks()) out_.tasks.push_back({time, tgid_of(time.tid), {}});
    std::stable_sort(out_.tasks.begin(), out_.tasks.end(), [](const auto& a, const auto& b) {
      return a.time.ran + a.time.stolen() > b.time.ran + b.time.stolen();
    });
    return {};
  }
  std::int32_t tgid_of(std::int32_t tid) const {
    const auto found = std::find_if(tasks_.begin(), tasks_.end(),
                                    [&](const WatchTask& task) { return task.tid == tid; });
    return found == tasks_.end() ? 0 : found->tgid;
  }
  Result<void> attribute(const Classifier& rules);
  void add_story(const GapStory& story);
  void add_cause(const Attribution& attribution, CauseId id);
  void describe();
  void name_tasks(const Attribution& attribution);

  struct Tasks {
    std::vector<std::int32_t> pids;
    std::uint64_t longest = 0, at = 0;
  };
  const WindowRecord& window_;
  TraceDirectory trace_;
  TraceMeta meta_;
  EventTable table_;
  TraceClock clock_;
  std::vector<WatchTask> tasks_;
  WatchSpan span_;
  std::map<int, std::vector<Gap>> slices_;
  std::unordered_map<CauseId, Tasks> seen_;
  WatchFindings out_;
};

/// Which tasks of a name ran, and when each cause was longest.
void WatchedWindow::add_story(const GapStory& story) {
  for (const auto& cause : story.causes) {
    if (cause.pid <= 0) continue;
    auto& pids = seen_[cause.id].pids;
    if (pids.size() < WatchCause::kMostPids &&
        std::find(pids.begin(), pids.end(), cause.pid) == pids.end())
      pids.push_back(cause.pid);
  }
  std::map<CauseId, std::uint64_t> parts;
  for (const auto& slice : story.slices) parts[slice.id] += slice.length;
  for (const auto& [id, length] : parts)
    if (auto& seen = seen_[id]; length > seen.longest)
      seen.longest = length, seen.at = story.gap.start;
}

void WatchedWindow::add_cause(const Attribution& attribution, CauseId id) {
  WatchCause cause;
  cause.name = attribution.names()[id];
  std::map<std::string, SenderTally const*> senders;
  std::uint64_t most = 0;
  std::size_t kinds = 0;
  const SenderTally* top = nullptr;
  for (const auto& cpu : attribution.cpus()) {
    if (id >= cpu.causes.size()) continue;
    const auto& tally = cpu.causes[id];
    cause.slices += tally.parts;
    cause.ticks += tally.ticks;
    kinds += tally.senders.size();
    for (const auto& [key, sender] : tally.senders)
      if (sender.count > most) most = sender.count, top = &sender;
  }
  if (cause.slices == 0) return;
  if (top != nullptr) {
    const auto& example = top->example;
    const auto frames = attribution.names().frames(example.stack, example.callsite);
    cause.sender = {attribution.comms().name(example.comm),
                    example.pid,
                    example.cpu,
                    example.callsite != 0 ? trace_.symbol(example.callsite)
                    : frames.empty()      ? std::string()
                                          : frames.front(),
                    top->count,
                    kinds - 1};
  }
  const auto& seen = seen_[id];
  cause.pids = seen.pids;
  cause.longest = seen.longest;
  if (seen.at != 0)
    cause.longest_at_s =
        static_cast<double>(meta_.line.nanoseconds(seen.at - clock_.ticks(span_.begin))) / 1e9;
  out_.causes.push_back(std::move(cause));
}

Result<void> WatchedWindow::attribute(const Classifier& rules) {
  std::vector<CpuGaps> gaps;
  for (const int cpu : span_.cpus)
    gaps.push_back({.cpu = cpu, .microsecond = meta_.line.ticks(1000), .gaps = slices_[cpu]});
  Attribution attribution(trace_, meta_, rules, gaps);
  attribution.on_gap([this](const GapStory& story) { add_story(story); });
  TRY(attribute_trace(trace_, attribution));
  for (CauseId id = 0; id < attribution.names().size(); ++id) add_cause(attribution, id);
  std::stable_sort(out_.causes.begin(), out_.causes.end(),
                   [](const auto& a, const auto& b) { return a.ticks > b.ticks; });
  name_tasks(attribution);
  return {};
}

void WatchedWindow::name_tasks(const Attribution& attribution) {
  for (auto& task : out_.tasks) {
    const auto id = attribution.comms().of(task.time.tid);
    if (id != 0) task.comm = attribution.comms().name(id);
    for (const auto& known : tasks_)
      if (task.comm.empty() && known.tid == task.time.tid) task.comm = known.comm;
  }
}

void WatchedWindow::describe() {
  out_.cpus = span_.cpus;
  out_.line = meta_.line;
  out_.level = meta_.level;
  out_.seconds = static_cast<double>(
                     meta_.line.nanoseconds(meta_.ticks(meta_.end) - meta_.ticks(meta_.begin))) /
                 1e9;
  if (const auto target = window_.notes.find(kWatchNote); target != window_.notes.end())
    out_.target = target->second;
  out_.own_calls = number_of_note(meta_, "own_calls");
  out_.own_reschedules = number_of_note(meta_, "own_reschedules");
  out_.event_cost_ns = number_of_note(meta_, "event_cost_ns");
  for (const auto& time : window_.cpu_times)
    if (span_.cpus.contains(time.cpu)) out_.steal_seconds += time.steal;
  std::uint64_t unseen = 0;
  for (const auto& use : out_.use) unseen += use.unseen_switches;
  if (unseen != 0)
    out_.cannot_tell.push_back(
        fmt::format("{} task switches had no event; the next event named another task, which is "
                    "taken to have run "
                    "since the event before.",
                    unseen));
  for (const auto& reason : meta_.reasons) out_.cannot_tell.push_back(reason);
  if (meta_.lost() != 0)
    out_.cannot_tell.push_back(
        fmt::format("The trace lost {} events: times and counts after the first loss are wrong.",
                    meta_.lost()));
  for (const auto& [cpu, cut] : meta_.cut)
    out_.cannot_tell.push_back(fmt::format("The trace of CPU {} ends early: {}.", cpu, cut.why));
}

}  // namespace

std::uint64_t WatchFindings::stolen_ticks() const {
  std::uint64_t sum = 0;
  for (const auto& cpu : use) sum += cpu.stolen;
  return sum;
}

std::uint64_t WatchFindings::cause_ticks() const {
  std::uint64_t sum = 0;
  for (const auto& cause : causes) sum += cause.ticks;
  return sum;
}

void watch_applications(const std::map<int, std::map<std::int32_t, std::uint64_t>>& shares,
                        const std::set<std::int32_t>& own, std::vector<WatchTask>& tasks) {
  std::map<std::int32_t, const WatchTask*> by_tid;
  for (const auto& task : tasks) by_tid[task.tid] = &task;
  std::set<std::int32_t> applications;
  std::vector<std::int32_t> unlisted;  // tasks that ended before /proc was read
  for (const auto& [cpu, by_task] : shares) {
    std::map<std::int32_t, std::uint64_t> by_process;
    for (const auto& [tid, ticks] : by_task) {
      const auto found = by_tid.find(tid);
      if (tid <= 0 || own.contains(tid) || (found != by_tid.end() && found->second->kernel))
        continue;
      by_process[found == by_tid.end() ? tid : found->second->tgid] += ticks;
    }
    const auto most =
        std::max_element(by_process.begin(), by_process.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most != by_process.end() && most->second > 0) applications.insert(most->first);
  }
  for (const auto tgid : applications)
    if (!by_tid.contains(tgid)) unlisted.push_back(tgid);
  for (auto& task : tasks) task.watched = applications.contains(task.tgid) && !task.kernel;
  for (const auto tid : unlisted)
    tasks.push_back({.tid = tid, .tgid = tid, .watched = true, .comm = {}});
}

Result<WatchFindings> watch_findings(const WindowRecord& window, const CpuSet& cpus,
                                     const Facts& facts, const std::filesystem::path& directory) {
  TraceMeta meta = TRY(TraceMeta::read(window.notes));
  if (!meta.traced())
    return Error{ErrorKind::unsupported,
                 "cannot attribute the time of CPU " + cpus.list() + ": nothing was traced",
                 meta.reasons.empty() ? "" : meta.reasons.front()};
  TraceDirectory trace = TRY(TraceDirectory::load(directory / "trace"));
  auto tasks = TRY(load_watch_tasks(directory));
  const auto fact = [&](const char* key) {
    const auto found = facts.find(key);
    return found == facts.end() ? std::string() : found->second;
  };
  const auto rules =
      TRY(Classifier::create(builtin_class_rules(), fact("kernel.arch"), fact("kernel.release")));
  WatchedWindow watched(window, cpus, std::move(trace), std::move(meta), std::move(tasks));
  return watched.findings(rules);
}

}  // namespace isolab
