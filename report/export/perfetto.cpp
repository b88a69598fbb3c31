// SPDX-License-Identifier: Apache-2.0
#include "report/export/perfetto.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "analysis/attribution/attribution.h"
#include "analysis/attribution/interruptions.h"
#include "analysis/attribution/sender_row.h"
#include "analysis/attribution/silent_gaps.h"
#include "analysis/model/sender_words.h"
#include "analysis/model/windows.h"
#include "base/text.h"
#include "report/export/trace_cmd.h"
#include "results/json.h"

namespace isolab {
namespace {

// Names and stacks are printed with every cause and arrow: whatever they hold, the output stays
// within a constant times the trace.
constexpr std::size_t kLongestText = 256;    // bytes
constexpr std::size_t kLongestStack = 4096;  // bytes of a stack as JSON, about

std::string quoted(std::string text) {
  if (text.size() > kLongestText) text.replace(kLongestText - 3, std::string::npos, "...");
  auto out = print_json(Json(std::move(text)));
  out.pop_back();  // the newline
  return out;
}

std::string quoted_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i != 0) out += ',';
    if (out.size() > kLongestStack)
      return out + quoted(fmt::format("and {} more", texts.size() - i)) + "]";
    out += quoted(texts[i]);
  }
  return out + "]";
}

/// The members of one "args" object.
class Args {
 public:
  Args& text(const char* key, std::string value) { return raw(key, quoted(std::move(value))); }
  Args& number(const char* key, std::int64_t value) { return raw(key, fmt::format("{}", value)); }
  /// `json` is a value already printed.
  Args& raw(const char* key, std::string_view json) {
    append_item(members_, ",", fmt::format("\"{}\":{}", key, json));
    return *this;
  }
  const std::string& members() const { return members_; }

 private:
  std::string members_;
};

/// Nanoseconds as the format's microseconds, exactly.
std::string microseconds_text(std::uint64_t ns) {
  return fmt::format("{}.{:03}", ns / 1000, ns % 1000);
}

/// One window as one process. The first failure to write ends it.
class WindowTrack {
 public:
  WindowTrack(const Recording& recording, const WindowRecord& window, OutputFile& out,
              PerfettoSummary& summary)
      : recording_(&recording),
        window_(&window),
        out_(&out),
        summary_(&summary),
        arm_(recording.plan.arms[static_cast<std::size_t>(window.arm)].name) {
    for (const auto& cpu : window.probe.cpus)
      if (cpu.end != 0) origin_ = origin_ == 0 ? cpu.start : std::min(origin_, cpu.start);
  }

  Result<void> write(bool traced) {
    const auto name = fmt::format("window {}: {} #{}{}", window_->index, arm_, window_->repeat + 1,
                                  traced ? "" : ", without causes");
    metadata(process(), "process_name", Args().text("name", name));
    metadata(process(), "process_sort_index", Args().number("sort_index", window_->index));
    if (traced)
      TRY(attribute());
    else
      gaps_alone();
    ++summary_->windows;
    return failed_;
  }

 private:
  struct Stack {
    std::string list;  // as JSON, innermost first
    std::string top;   // the innermost frame that says something
  };

  // The ids are unlike any of Linux that Perfetto treats in its own way (0), and a thread's is in
  // one process only.
  int process() const { return window_->index + 1; }
  std::int64_t thread(int cpu) {
    const auto id = std::int64_t{process()} * 100'000 + cpu;
    if (!named_.insert(cpu).second) return id;
    const auto who = recording_->plan.measured.contains(cpu) ? "measured" : "housekeeping";
    metadata(id, "thread_name", Args().text("name", fmt::format("CPU {} ({})", cpu, who)));
    metadata(id, "thread_sort_index", Args().number("sort_index", cpu));
    return id;
  }

  /// Relative to the origin; negative for what was sent before it.
  std::string time(std::uint64_t ticks) const {
    const auto& line = window_->probe.line;
    if (ticks >= origin_) return microseconds_text(line.nanoseconds(ticks - origin_));
    return "-" + microseconds_text(line.nanoseconds(origin_ - ticks));
  }
  std::string length(std::uint64_t ticks) const {
    return microseconds_text(window_->probe.line.nanoseconds(ticks));
  }

  void put(const std::string& event) {
    if (!failed_) return;
    // The first event of the file has no comma before it, and it is a window's first.
    const bool first = summary_->windows == 0 && !begun_;
    begun_ = true;
    failed_ = out_->write((first ? "\n" : ",\n") + event);
  }
  void metadata(std::int64_t id, const char* what, const Args& args) {
    put(fmt::format(R"({{"ph":"M","name":"{}","pid":{},"tid":{},"args":{{{}}}}})", what, process(),
                    id, args.members()));
  }
  /// `more`: further members of the event.
  void event(const char* phase, const std::string& name, const std::string& category, int cpu,
             const std::string& at, const std::string& more, const Args& args) {
    const auto id = thread(cpu);
    put(fmt::format(R"({{"ph":"{}","name":{},"cat":{},"pid":{},"tid":{},"ts":{}{},"args":{{{}}}}})",
                    phase, quoted(name), quoted(category), process(), id, at, more,
                    args.members()));
  }
  void slice(int cpu, const Gap& gap, const std::string& name, const std::string& category,
             Args args) {
    args.raw("length_us", length(gap.length)).text("arm", arm_).number("repeat", window_->repeat);
    event("X", name, category, cpu, time(gap.start), ",\"dur\":" + length(gap.length), args);
    ++summary_->gaps;
  }

  void gaps_alone() {
    const bool heard_gaps = window_->probe.kind == "gap";
    for (const auto& cpu : window_->probe.cpus)
      cpu.gaps.for_each([&](const Gap& gap) {
        slice(cpu.cpu, gap, heard_gaps ? "gap" : "late wakeup", window_->probe.kind, {});
      });
  }

  Result<void> attribute() {
    std::size_t place = 0;
    while (&recording_->windows[place] != window_) ++place;
    const auto trace = TRY(TraceDirectory::load(recording_->directory /
                                                recording_->window_directories[place] / "trace"));
    const auto meta = TRY(TraceMeta::read(window_->notes));
    const auto rules = TRY(classifier_for(*recording_, {}));
    Attribution attribution(trace, meta, rules, gaps_of(*window_, recording_->plan.measured));
    std::vector<std::pair<int, Gap>> silent;  // their class is known when all of them are
    attribution.on_gap([&](const GapStory& story) {
      if (story.events == 0)
        silent.emplace_back(story.cpu, story.gap);
      else
        tell(story, attribution);
    });
    std::uint64_t faulty = 0;
    for (const auto& summary : TRY(attribute_trace(trace, attribution)))
      faulty += summary.faulty_pages;
    const auto silent_gaps = silent_gaps_of(*window_, meta, attribution);
    for (const auto& [cpu, gap] : silent) tell_silent(cpu, gap, silent_gaps.at(cpu));
    if (const auto lost = meta.lost(); lost != 0)
      remark(fmt::format("the kernel lost {} events, so some causes are missing", lost));
    if (faulty != 0) remark(fmt::format("{} damaged trace pages", faulty));
    return {};
  }
  void remark(const std::string& text) {
    summary_->remarks.push_back(fmt::format("Window {}: {}.", window_->index, text));
  }

  const Stack& stack_of(const Sender& sender, const CauseNames& names) {
    const auto [found, is_new] = stacks_.try_emplace({sender.stack, sender.callsite});
    if (is_new) {
      const auto frames = names.frames(sender.stack, sender.callsite);
      const auto telling = informative(frames, 1);
      found->second = {quoted_list(frames), telling.empty() ? "" : telling[0]};
    }
    return found->second;
  }
  static std::string task_of(const Sender& sender, const Attribution& from) {
    const auto row = sender_row(sender, from);
    return row.is_task() && row.origins.empty() ? fmt::format("{}/{}", row.comm, row.pid)
                                                : who_text(row, false);
  }
  static std::string line_of(const Cause& cause, const Attribution& from) {
    const auto& name = from.names()[cause.id];
    auto out = fmt::format("{} [{}{}{}]", name.what, name.klass, name.subclass.empty() ? "" : "/",
                           name.subclass);
    if (cause.times > 1) out += fmt::format(" x{}", cause.times);
    if (cause.sender.known())
      out += fmt::format(" from {} on CPU {}", task_of(cause.sender, from), cause.sender.cpu);
    return out;
  }
  void add_sender(const Sender& sender, const Attribution& from, Args& args) {
    args.text("sender", task_of(sender, from));
    args.text("sender_comm", from.comms().name(sender.comm)).number("sender_pid", sender.pid);
    args.number("sender_cpu", sender.cpu);
    args.text("sender_frame", stack_of(sender, from.names()).top);
  }

  void tell_silent(int cpu, const Gap& gap, const SilentGaps& silent_gaps) {
    Args args;
    args.raw("causes", "[]").text("class", silent_gaps.class_of(gap));
    const auto* period = silent_gaps.period_of(gap);
    if (period != nullptr) args.raw("period_ms", fmt::format("{:.4f}", period->period_ns / 1e6));
    slice(cpu, gap, period == nullptr ? "no kernel event" : "outside the kernel",
          silent_gaps.class_of(gap), std::move(args));
  }

  void tell(const GapStory& story, const Attribution& from) {
    Args args;
    std::vector<std::string> lines;
    for (const auto& cause : story.causes) lines.push_back(line_of(cause, from));
    if (story.more_causes != 0) lines.push_back(fmt::format("and {} more", story.more_causes));
    args.raw("causes", quoted_list(lines));
    std::string name = "kernel activity without an entry", klass = "unnamed";
    if (!story.causes.empty()) {
      const auto& main = from.names()[story.main];
      name = main.what, klass = main.klass;
      args.text("subclass", main.subclass).text("deferrable", main.deferrable);
      args.text("trigger", from.names()[story.trigger].what);
      if (const auto& sender = story.causes.front().sender; sender.known())
        add_sender(sender, from, args);
    }
    args.text("class", klass);
    args.raw("before_us", length(story.before()))
        .raw("traced_us", length(story.traced()))
        .raw("after_us", length(story.after()));
    if (story.away != 0) args.raw("other_task_us", length(story.away));
    if (story.late != 0) args.raw("late_us", length(story.late));
    slice(story.cpu, story.gap, name, klass, std::move(args));
    if (story.slices.size() > 1)
      for (const auto& part : story.slices) tell(story, part, from);
    for (const auto& cause : story.causes) tell(story, cause, from);
  }

  /// A part of a gap, inside the gap's slice.
  void tell(const GapStory& story, const Slice& part, const Attribution& from) {
    const auto& name = from.names()[part.id];
    event("X", name.what, "part", story.cpu, time(part.start), ",\"dur\":" + length(part.length),
          Args().text("class", name.klass).raw("length_us", length(part.length)));
  }

  void tell(const GapStory& story, const Cause& cause, const Attribution& from) {
    const auto& name = from.names()[cause.id];
    // Reading the counter and the kernel's clock may differ by a tick or two: inside its slice.
    const auto at =
        time(std::clamp(cause.time, story.gap.start, story.gap.start + story.gap.length));
    Args args;
    args.text("kind", to_string(name.kind)).text("class", name.klass);
    args.text("subclass", name.subclass).number("times", cause.times);
    if (cause.by_order) args.text("joined", "by order only");
    if (cause.sender.known()) add_sender(cause.sender, from, args);
    event("i", name.what, name.klass, story.cpu, at, R"(,"s":"t")", args);
    ++summary_->causes;
    if (cause.sender.known()) arrow(story.cpu, name, cause.sender, at, from);
  }

  /// Perfetto joins an arrow's end to the slice or instant that the file names last before it on
  /// its thread; both ends follow theirs.
  void arrow(int victim, const CauseName& name, const Sender& sender, const std::string& at,
             const Attribution& from) {
    const auto sent = time(from.ticks(sender.sent));
    Args args;
    args.text("task", task_of(sender, from)).number("to_cpu", victim);
    args.raw("stack", stack_of(sender, from.names()).list);
    event("i", "send: " + name.what, name.klass, sender.cpu, sent, R"(,"s":"t")", args);
    const auto id = fmt::format(",\"id\":{}", ++summary_->arrows);
    event("s", "send", "send", sender.cpu, sent, id, {});
    event("f", "send", "send", victim, at, id + R"(,"bp":"e")", {});
  }

  const Recording* recording_;
  const WindowRecord* window_;
  OutputFile* out_;
  PerfettoSummary* summary_;
  std::string arm_;
  std::uint64_t origin_ = 0;  // ticks
  std::set<int> named_;
  std::map<std::pair<StackId, std::uint64_t>, Stack> stacks_;
  bool begun_ = false;
  Result<void> failed_;
};

/// Empty: the window's gaps can be attributed.
Result<std::string> why_without_causes(const WindowRecord& window) {
  const auto meta = TraceMeta::read(window.notes);
  if (!meta && meta.error().kind != ErrorKind::unsupported) return meta.error();
  if (window.probe.kind != "gap") return std::string("no busy loop measured");
  if (!meta) return std::string("not traced");
  if (!meta->traced()) return fmt::format("not traced: {}", fmt::join(meta->reasons, " "));
  if (!window_counts(window)) return "not whole: " + window.status;
  return std::string();
}

}  // namespace

Result<PerfettoSummary> export_perfetto(const Recording& recording, std::optional<int> window,
                                        OutputFile& out) {
  if (window) TRY(window_numbered(recording, *window));
  PerfettoSummary summary;
  std::map<std::string, std::vector<int>> without;
  TRY(out.write(fmt::format(
      R"({{"displayTimeUnit":"ns","otherData":{{"tool":{},"plan":{},"kernel":{}}},"traceEvents":[)",
      quoted("isolab " + recording.manifest.version), quoted(recording.plan.name),
      quoted(recording.facts.contains("kernel.release") ? recording.facts.at("kernel.release")
                                                        : std::string("unknown")))));
  for (const auto& one : recording.windows) {
    if (window && one.index != *window) continue;
    const auto why = TRY(why_without_causes(one));
    if (!why.empty()) without[why].push_back(one.index);
    WindowTrack track(recording, one, out, summary);
    TRY(track.write(why.empty()));
    for (const auto& cpu : one.probe.cpus)
      if (cpu.gaps_dropped != 0)
        summary.remarks.push_back(
            fmt::format("Window {}: the log of CPU {} was full, {} gaps are missing.", one.index,
                        cpu.cpu, cpu.gaps_dropped));
  }
  TRY(out.write("\n]}\n"));
  for (const auto& [why, numbers] : without)
    summary.remarks.push_back(fmt::format("Gaps without causes in window{} {} ({}).",
                                          numbers.size() > 1 ? "s" : "", fmt::join(numbers, ", "),
                                          why));
  return summary;
}

}  // namespace isolab
