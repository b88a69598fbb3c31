// SPDX-License-Identifier: Apache-2.0
#include "analysis/watch/story.h"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/attribution/attribution.h"

namespace isolab {
namespace {

/// Of a slice: what was noted of its cause last before it ended.
const Cause* cause_of_slice(const GapStory& story, const Slice& slice) {
  const Cause* found = nullptr;
  for (const auto& cause : story.causes)
    if (cause.id == slice.id && cause.time <= slice.start + slice.length) found = &cause;
  return found;
}

class StoryTeller {
 public:
  StoryTeller(const TraceDirectory& trace, const TraceMeta& meta, const Classifier& rules,
              const CpuGaps& gaps, std::uint64_t from)
      : trace_(trace), meta_(meta), attribution_(trace, meta, rules, {gaps}), from_(from) {}

  Result<std::vector<StoryLine>> tell() {
    attribution_.on_gap([this](const GapStory& story) { add(story); });
    TRY(attribute_trace(trace_, attribution_));
    return std::move(lines_);
  }

 private:
  double us(std::uint64_t ticks) const {
    return static_cast<double>(ticks) / meta_.line.ticks_per_second() * 1e6;
  }
  void add(const GapStory& story) {
    for (const auto& slice : story.slices) {
      if (slice.length == 0) continue;
      StoryLine line;
      line.name = attribution_.names()[slice.id];
      line.at_us = slice.start >= from_ ? us(slice.start - from_) : -us(from_ - slice.start);
      line.us = us(slice.length);
      if (const auto* cause = cause_of_slice(story, slice); cause != nullptr) {
        line.pid = cause->pid;
        if (cause->sender.known()) add_sender(cause->sender, slice, line);
      }
      lines_.push_back(std::move(line));
    }
  }
  void add_sender(const Sender& sender, const Slice& slice, StoryLine& line) const {
    const auto sent = attribution_.ticks(sender.sent);
    line.sender = fmt::format("{}/{} on CPU {}", attribution_.comms().name(sender.comm), sender.pid,
                              sender.cpu);
    if (sent <= slice.start)
      line.sender += fmt::format(", {:.1f} us before", us(slice.start - sent));
    if (sender.callsite != 0) line.callsite = trace_.symbol(sender.callsite);
  }

  const TraceDirectory& trace_;
  const TraceMeta& meta_;
  Attribution attribution_;
  std::uint64_t from_;
  std::vector<StoryLine> lines_;
};

}  // namespace

Result<std::vector<StoryLine>> watch_story(const StoryTrace& from_trace, const Facts& facts,
                                           int cpu, std::span<const Gap> slices,
                                           std::uint64_t from) {
  const auto trace = TRY(TraceDirectory::load(from_trace.directory));
  TraceMeta meta;
  meta.level = "A";  // the senders are there or not
  meta.clock = from_trace.clock;
  meta.line = from_trace.line;
  meta.begin = from_trace.begin;
  meta.end = from_trace.end;
  const TraceClock clock(meta);
  std::vector<Gap> gaps;
  for (const auto& slice : slices)
    gaps.push_back({clock.ticks(slice.start),
                    clock.ticks(slice.start + slice.length) - clock.ticks(slice.start)});
  const auto fact = [&](const char* key) {
    const auto found = facts.find(key);
    return found == facts.end() ? std::string() : found->second;
  };
  const auto rules =
      TRY(Classifier::create(builtin_class_rules(), fact("kernel.arch"), fact("kernel.release")));
  const CpuGaps cpu_gaps{.cpu = cpu, .microsecond = meta.line.ticks(1000), .gaps = gaps};
  return StoryTeller(trace, meta, rules, cpu_gaps, clock.ticks(from)).tell();
}

Result<std::vector<StoryLine>> wait_story(const StoryTrace& from_trace, int cpu, const Gap& wait) {
  const auto trace = TRY(TraceDirectory::load(from_trace.directory));
  const EventTable table(trace.formats);
  TraceMeta meta;
  meta.clock = from_trace.clock;
  meta.line = from_trace.line;
  const auto us = [&](std::uint64_t from, std::uint64_t until) {
    const auto ticks = meta.ticks(until) - meta.ticks(from);
    return static_cast<double>(ticks) / meta.line.ticks_per_second() * 1e6;
  };
  std::vector<StoryLine> lines;
  std::uint64_t since = wait.start;
  const auto end = wait.start + wait.length;
  const auto add = [&](std::int32_t pid, std::uint64_t until) {
    if (until <= since) return;
    const auto comm = trace.comms.find(pid);
    StoryLine line;
    line.name.kind = CauseKind::other_task;
    line.name.what = pid == 0                    ? "the CPU was idle"
                     : comm == trace.comms.end() ? "a task that has ended"
                                                 : comm->second;
    line.at_us = us(wait.start, since);
    line.us = us(since, until);
    line.pid = pid;
    lines.push_back(std::move(line));
    since = until;
  };
  const auto page = trace.pages.find(cpu);
  if (page == trace.pages.end()) return lines;
  auto reader = TRY(CpuReader::open(page->second, cpu, trace.formats.layout));
  for (TraceEvent event; reader.next(event);)
    if (table.role(event.id()) == EventRole::task_switch && event.time > wait.start)
      add(static_cast<std::int32_t>(table.prev_pid.as_signed(event)), std::min(event.time, end));
  return lines;
}

}  // namespace isolab
