// SPDX-License-Identifier: Apache-2.0
#include "report/worst_gap.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "analysis/attribution/interruptions.h"
#include "analysis/attribution/sender_row.h"
#include "analysis/attribution/silent_gaps.h"
#include "analysis/metrics/emulation.h"
#include "analysis/model/probe_data.h"
#include "analysis/model/sender_words.h"
#include "base/text.h"
#include "report/text/arm_causes.h"
#include "report/text/format.h"
#include "trace/read/meta.h"

namespace isolab {
namespace {

constexpr std::size_t kParts = 3;
constexpr std::uint64_t kLeastShare = 50;  // a cause with less than 1/50 of the gap is only counted
constexpr std::size_t kSenderFrames = 3;

/// A gap and where it was logged.
struct LoggedGap {
  std::size_t window = 0;
  const ProbeCpu* cpu = nullptr;
  Gap gap;
  double us = 0;
};

std::optional<LoggedGap> longest_gap(const Recording& recording) {
  std::optional<LoggedGap> longest;
  for (std::size_t i = 0; i < recording.windows.size(); ++i) {
    const auto& window = recording.windows[i];
    if (window.status != "complete" || window.probe.kind != "gap") continue;
    for (const auto& cpu : window.probe.cpus) {
      if (!cpu.error.empty()) continue;
      for (const Gap& gap : cpu.gaps) {
        const double us =
            static_cast<double>(gap.length) / window.probe.line.ticks_per_second() * 1e6;
        if (!longest || us > longest->us) longest = {i, &cpu, gap, us};
      }
    }
  }
  return longest;
}

/// Describes one gap of a window by the window's trace.
class GapDescription {
 public:
  GapDescription(const WindowRecord& window, const TraceMeta& meta, const Attribution& attribution)
      : window_(window), meta_(meta), attribution_(attribution) {}

  std::string text(const GapStory& story) const {
    if (story.events == 0) {
      const auto silent = silent_gaps_of(window_, meta_, attribution_);
      const Period* period = silent.at(story.cpu).period_of(story.gap);
      return period == nullptr ? "no kernel event and no period: UNEXPLAINED"
                               : fmt::format(
                                     "no kernel event, in phase with a timer of {:.4f} ms "
                                     "outside the kernel (hypervisor or firmware)",
                                     period->period_ns / 1e6);
    }
    std::string out = parts(story);
    if (!story.causes.empty()) append_item(out, "; ", "begins with " + first(story.causes.front()));
    return out;
  }

 private:
  double us(std::uint64_t ticks) const {
    return static_cast<double>(ticks) / window_.probe.line.ticks_per_second() * 1e6;
  }

  /// The causes with the most time of the gap.
  std::string parts(const GapStory& story) const {
    std::map<CauseId, std::uint64_t> ticks;
    for (const auto& slice : story.slices) ticks[slice.id] += slice.length;
    std::vector<std::pair<std::uint64_t, CauseId>> order;
    for (const auto& [id, length] : ticks) order.emplace_back(length, id);
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<std::string> texts;
    for (const auto& [length, id] : order)
      if (texts.size() < kParts && length >= story.gap.length / kLeastShare)
        texts.push_back(words_us(us(length)) + " " + short_name(attribution_.names()[id]));
    if (const auto others = order.size() - texts.size(); others > 0)
      texts.push_back(fmt::format("{} other cause{}", others, others == 1 ? "" : "s"));
    return join(texts, ", ");
  }

  std::string first(const Cause& cause) const {
    std::string out = short_name(attribution_.names()[cause.id]);
    if (cause.woken_pid >= 0)
      out += ascii(fmt::format(", which wakes {}", attribution_.comms().name(cause.woken)));
    if (!cause.sender.known()) return out;
    const auto sender = sender_row(cause.sender, attribution_);
    out += ascii(fmt::format(", {} by {}", sent_word(attribution_.names()[cause.id]),
                             who_text(sender, true)));
    const auto stack = informative(sender.frames, kSenderFrames);
    return stack.empty() ? out : out + ": " + ascii(join(stack, " < "));
  }

  const WindowRecord& window_;
  const TraceMeta& meta_;
  const Attribution& attribution_;
};

Result<std::string> cause_text(const Recording& recording, const LoggedGap& longest,
                               const std::vector<ClassRule>& own_rules) {
  const auto& window = recording.windows[longest.window];
  const auto meta = TraceMeta::read(window.notes);
  if (!meta || !meta->traced()) return std::string("cause not known: the window was not traced");
  const CpuSet whole = meta->whole(recording.plan.measured);
  if (!whole.contains(longest.cpu->cpu))
    return std::string("cause not known: the CPU's trace is cut");
  const auto rules = TRY(classifier_for(recording, own_rules));
  const auto trace = TRY(TraceDirectory::load(
      recording.directory / recording.window_directories[longest.window] / "trace"));
  Attribution attribution(trace, *meta, rules, gaps_of(window, whole));
  std::optional<GapStory> found;
  attribution.on_gap([&](const GapStory& story) {
    if (story.cpu == longest.cpu->cpu && story.gap == longest.gap) found = story;
  });
  TRY(attribute_trace(trace, attribution));
  if (!found) return std::string("cause not known: the gap is outside the trace");
  return GapDescription(window, *meta, attribution).text(*found);
}

}  // namespace

std::string worst_gap_text(const Recording& recording, const std::vector<ClassRule>& own_rules) {
  if (!emulation_of(recording.facts).empty()) return {};
  const auto longest = longest_gap(recording);
  if (!longest) return {};
  const auto& window = recording.windows[longest->window];
  const auto at = longest->gap.start >= longest->cpu->start
                      ? longest->gap.start - longest->cpu->start
                      : std::uint64_t{0};
  const auto cause = cause_text(recording, *longest, own_rules);
  return fmt::format("{} in {} (CPU {}, {:.3f} s into repeat {}): {}", words_us(longest->us),
                     ascii(recording.plan.arms[static_cast<std::size_t>(window.arm)].name),
                     longest->cpu->cpu,
                     static_cast<double>(at) / window.probe.line.ticks_per_second(),
                     window.repeat + 1, cause ? *cause : "cause not known: " + cause.error().what);
}

}  // namespace isolab
