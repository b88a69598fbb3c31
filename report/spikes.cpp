// SPDX-License-Identifier: Apache-2.0
#include "report/spikes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "analysis/attribution/interruptions.h"
#include "analysis/attribution/sender_row.h"
#include "analysis/attribution/silent_gaps.h"
#include "analysis/model/probe_data.h"
#include "analysis/model/sender_words.h"
#include "base/text.h"
#include "report/text/format.h"
#include "results/json.h"
#include "trace/read/meta.h"

namespace isolab {

namespace {

constexpr std::size_t kFrames = 12;

/// A gap's story in words that outlive its trace.
struct Spike {
  double us = 0;
  std::string text;
  JsonObject json;
  std::optional<std::pair<int, Gap>>
      silent;  // its CPU: whether it has a period is not in the text yet
};

std::string silent_text(const Period* period) {
  if (period == nullptr) return "    no kernel event and no period: unexplained\n";
  return wrapped("    ", 6,
                 fmt::format("no kernel event, in phase with a timer of {:.4f} ms: outside the "
                             "kernel (hypervisor or firmware)",
                             period->period_ns / 1e6));
}

class WindowSpikes {
 public:
  WindowSpikes(const WindowRecord& window, std::string arm, const Attribution& attribution,
               const SpikeOptions& options)
      : window_(window), arm_(std::move(arm)), attribution_(attribution), options_(options) {
    least_ = window.probe.line.ticks(static_cast<std::uint64_t>(options.over.count()));
  }

  /// Keeps the longest; the shortest of those kept is first in the heap.
  void consider(const GapStory& story) {
    if (options_.limit == 0 || story.gap.length <= least_) return;
    const double us = microseconds(story.gap.length);
    const auto shorter = [](const Spike& a, const Spike& b) { return a.us > b.us; };
    if (kept_.size() == options_.limit) {
      if (us <= kept_.front().us) return;
      std::pop_heap(kept_.begin(), kept_.end(), shorter);
      kept_.pop_back();
    }
    kept_.push_back({us, tell(story), describe(story), {}});
    if (story.events == 0) kept_.back().silent.emplace(story.cpu, story.gap);
    std::push_heap(kept_.begin(), kept_.end(), shorter);
  }
  /// After the last gap: only then the periods of its silent ones are known.
  std::vector<Spike> take(const std::map<int, SilentGaps>& silent_gaps) {
    for (auto& spike : kept_) {
      if (!spike.silent) continue;
      const Period* period = silent_gaps.at(spike.silent->first).period_of(spike.silent->second);
      spike.text += silent_text(period);
      spike.json["class"] = silent_gaps.at(spike.silent->first).class_of(spike.silent->second);
      if (period != nullptr) spike.json["period_ms"] = Json(rounded(period->period_ns / 1e6));
    }
    return std::move(kept_);
  }

 private:
  double microseconds(std::uint64_t ticks) const {
    return static_cast<double>(ticks) / window_.probe.line.ticks_per_second() * 1e6;
  }
  double since(std::uint64_t ticks, std::uint64_t origin) const {
    return ticks >= origin ? microseconds(ticks - origin) : -microseconds(origin - ticks);
  }

  /// When the gap began, after the probe began to measure that CPU.
  double at_s(const GapStory& story) const {
    for (const auto& cpu : window_.probe.cpus)
      if (cpu.cpu == story.cpu) return since(story.gap.start, cpu.start) / 1e6;
    return 0;
  }

  std::string tell(const GapStory& story) const {
    auto out =
        fmt::format("{}  {} #{}  CPU {}  at {:.6f} s\n", words_us(microseconds(story.gap.length)),
                    arm_, window_.repeat + 1, story.cpu, at_s(story));
    if (story.events == 0) return out;
    out += fmt::format(
        "    before {}, traced {}, after {}{}\n", words_us(microseconds(story.before())),
        words_us(microseconds(story.traced())), words_us(microseconds(story.after())),
        story.away == 0
            ? ""
            : fmt::format("; another task ran for {}", words_us(microseconds(story.away))));
    if (story.slices.size() > 1) out += wrapped("    ", 6, "time: " + parts_text(story));
    for (const auto& cause : story.causes) out += tell(cause, story.gap.start);
    if (story.more_causes != 0) out += fmt::format("    and {} more causes\n", story.more_causes);
    return out;
  }

  /// The gap's slices in time order; those of one cause in a row are one.
  std::string parts_text(const GapStory& story) const {
    std::vector<std::string> parts;
    for (const auto& slice : story.slices) {
      if (parts.size() == GapStory::kMostCauses) {
        parts.push_back("...");
        break;
      }
      const auto& name = attribution_.names()[slice.id];
      parts.push_back(
          fmt::format("{} {}", words_us(microseconds(slice.length)),
                      name.kind == CauseKind::late_delivery ? "late delivery" : ascii(name.what)));
    }
    return join(parts, ", ");
  }

  std::string tell(const Cause& cause, std::uint64_t start) const {
    const auto& name = attribution_.names()[cause.id];
    const auto klass = name.klass == name.subclass ? name.klass : name.klass + "/" + name.subclass;
    auto head = fmt::format("+{}  {}: {} [{}]", words_us(since(cause.time, start)),
                            to_string(name.kind), name.what, klass);
    if (cause.times > 1) head += fmt::format(" x {}", cause.times);
    if (cause.same_ipi) head += " (same IPI)";
    if (cause.pid >= 0) head += fmt::format(" (pid {})", cause.pid);
    if (cause.woken_pid >= 0)
      head += fmt::format(" wakes {} (pid {})", attribution_.comms().name(cause.woken),
                          cause.woken_pid);
    auto out = wrapped("    ", 8, ascii(head));
    if (!cause.sender.known()) return out;
    const auto sender = sender_row(cause.sender, attribution_);
    out += wrapped(
        "        ", 10,
        ascii(fmt::format("{} {} earlier by {}{}", sent_word(name),
                          words_us(since(cause.time, attribution_.ticks(cause.sender.sent))),
                          who_text(sender, true), cause.by_order ? ", joined by order only" : "")));
    const auto stack = informative(sender.frames, kFrames);
    if (!stack.empty()) out += wrapped("          ", 12, ascii(join(stack, " < ")));
    return out;
  }

  Json us(std::uint64_t ticks) const { return Json(rounded(microseconds(ticks))); }

  JsonObject describe(const GapStory& story) const {
    JsonArray causes;
    for (const auto& cause : story.causes) causes.push_back(describe(cause, story.gap.start));
    return {{"length_us", us(story.gap.length)},
            {"arm", arm_},
            {"repeat", window_.repeat},
            {"cpu", story.cpu},
            {"class", story.main == kNoCause ? std::string("unexplained")
                                             : attribution_.names()[story.main].klass},
            {"at_s", Json(rounded(at_s(story)))},
            {"events", story.events},
            {"before_us", us(story.before())},
            {"traced_us", us(story.traced())},
            {"after_us", us(story.after())},
            {"other_task_us", us(story.away)},
            {"late_us", us(story.late)},
            {"parts", parts_json(story)},
            {"causes", Json(std::move(causes))},
            {"more_causes", story.more_causes}};
  }

  Json parts_json(const GapStory& story) const {
    JsonArray parts;
    for (const auto& slice : story.slices) {
      const auto& name = attribution_.names()[slice.id];
      parts.emplace_back(
          JsonObject{{"what", ascii(name.what)},
                     {"class", name.klass},
                     {"after_us", Json(rounded(since(slice.start, story.gap.start)))},
                     {"us", us(slice.length)}});
    }
    return Json(std::move(parts));
  }

  Json describe(const Cause& cause, std::uint64_t start) const {
    const auto& name = attribution_.names()[cause.id];
    JsonObject out{{"after_us", Json(rounded(since(cause.time, start)))},
                   {"kind", to_string(name.kind)},
                   {"what", ascii(name.what)},
                   {"class", name.klass},
                   {"subclass", name.subclass},
                   {"times", std::uint64_t{cause.times}},
                   {"same_ipi", cause.same_ipi}};
    if (cause.pid >= 0) out.emplace("pid", int{cause.pid});
    if (cause.pid >= 0) out.emplace("prio", int{cause.prio});
    if (cause.woken_pid >= 0)
      out.emplace("wakes", Json(JsonObject{{"comm", ascii(attribution_.comms().name(cause.woken))},
                                           {"pid", int{cause.woken_pid}}}));
    if (!cause.sender.known()) return Json(std::move(out));
    out.emplace("sender", describe(cause.sender, cause));
    return Json(std::move(out));
  }

  Json describe(const Sender& sender, const Cause& cause) const {
    const auto row = sender_row(sender, attribution_);
    JsonArray stack, origins;
    for (const auto& frame : informative(row.frames, kFrames)) stack.emplace_back(frame);
    for (const auto& origin : row.origins)
      origins.emplace_back(JsonObject{{"kind", to_string(origin.kind)},
                                      {"function", ascii(origin.function)},
                                      {"comm", ascii(origin.comm)},
                                      {"pid", int{origin.pid}},
                                      {"cpu", origin.cpu}});
    JsonObject out{
        {"who", ascii(who_text(row, true))},
        {"comm", ascii(row.comm)},
        {"pid", int{row.pid}},
        {"cpu", row.cpu},
        {"sent_us_before", Json(rounded(since(cause.time, attribution_.ticks(sender.sent))))},
        {"by_order_only", cause.by_order},
        {"stack", Json(std::move(stack))}};
    if (row.context != SenderContext::task) out.emplace("context", to_string(row.context));
    if (!row.within.empty()) out.emplace("within", ascii(row.within));
    if (!origins.empty()) out.emplace("origins", Json(std::move(origins)));
    return Json(std::move(out));
  }

  const WindowRecord& window_;
  std::string arm_;
  const Attribution& attribution_;
  const SpikeOptions& options_;
  std::uint64_t least_ = 0;
  std::vector<Spike> kept_;
};

Result<std::vector<Spike>> spikes_of(const Recording& recording, std::size_t i,
                                     const Classifier& rules, const TraceMeta& meta,
                                     const SpikeOptions& options) {
  const auto& window = recording.windows[i];
  const auto trace =
      TRY(TraceDirectory::load(recording.directory / recording.window_directories[i] / "trace"));
  Attribution attribution(trace, meta, rules, gaps_of(window, meta.whole(recording.plan.measured)));
  WindowSpikes spikes(window, recording.plan.arms[static_cast<std::size_t>(window.arm)].name,
                      attribution, options);
  attribution.on_gap([&](const GapStory& story) { spikes.consider(story); });
  TRY(attribute_trace(trace, attribution));
  return spikes.take(silent_gaps_of(window, meta, attribution));
}

/// What the window's spikes do not cover: CPUs with a cut trace, gap logs that were full.
void add_limits(const WindowRecord& window, const std::string& arm, const TraceMeta& meta,
                const CpuSet& measured, std::vector<std::string>& out) {
  const auto whole = meta.whole(measured);
  const auto& line = window.probe.line;
  const auto seconds = [&](std::uint64_t ticks) {
    return static_cast<double>(ticks) / line.ticks_per_second();
  };
  for (const auto& cpu : window.probe.cpus) {
    const auto place = fmt::format("{} #{}, CPU {}: ", arm, window.repeat + 1, cpu.cpu);
    if (!whole.contains(cpu.cpu))
      out.push_back(place + "not known: its trace is cut");
    else if (cpu.gaps_dropped != 0)
      out.push_back(place + fmt::format("known until {:.3g} s of {:.3g} s: the gap log was full, "
                                        "{} gaps are not in it",
                                        seconds(logged_until(cpu) - cpu.start),
                                        seconds(cpu.end - cpu.start), cpu.gaps_dropped));
  }
}

struct AllSpikes {
  std::vector<Spike> spikes;        // the longest first
  std::vector<std::string> limits;  // what they do not cover
};

Result<AllSpikes> all_spikes(const Recording& recording, const SpikeOptions& options) {
  const auto rules = TRY(classifier_for(recording, options.own_rules));
  AllSpikes found;
  auto& all = found.spikes;
  bool any = false;
  for (std::size_t i = 0; i < recording.windows.size(); ++i) {
    const auto& window = recording.windows[i];
    const auto meta = TraceMeta::read(window.notes);
    if (!meta || !meta->traced() || window.probe.kind != "gap") continue;
    any = true;
    for (auto& spike : TRY(spikes_of(recording, i, rules, *meta, options)))
      all.push_back(std::move(spike));
    add_limits(window, recording.plan.arms[static_cast<std::size_t>(window.arm)].name, *meta,
               recording.plan.measured, found.limits);
  }
  if (!any)
    return Error{ErrorKind::unsupported,
                 "no window of this recording has both a trace and a gap log",
                 "observe: [ipi_trace] with probe: busy_loop"};
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.us > b.us; });
  if (!options.each_window && all.size() > options.limit) all.resize(options.limit);
  return found;
}

}  // namespace

Result<std::string> render_spikes(const Recording& recording, const SpikeOptions& options) {
  const auto all = TRY(all_spikes(recording, options));
  std::string out;
  for (const auto& spike : all.spikes) out += spike.text;
  if (all.spikes.empty())
    out = fmt::format("no gap over {} in the traced windows\n",
                      human_time(static_cast<double>(options.over.count())));
  for (const auto& limit : all.limits) out += wrapped("", 4, ascii(limit));
  return out;
}

Result<Json> spikes_as_json(const Recording& recording, const SpikeOptions& options) {
  auto all = TRY(all_spikes(recording, options));
  JsonArray spikes, limits;
  for (auto& spike : all.spikes) spikes.emplace_back(std::move(spike.json));
  for (const auto& limit : all.limits) limits.emplace_back(ascii(limit));
  return Json(JsonObject{
      {"schema", 1}, {"spikes", Json(std::move(spikes))}, {"limits", Json(std::move(limits))}});
}

Result<std::string> spikes_to_json(const Recording& recording, const SpikeOptions& options) {
  return print_json(TRY(spikes_as_json(recording, options)));
}

}  // namespace isolab
