// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/stolen_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "analysis/attribution/interruptions.h"
#include "analysis/attribution/sender_row.h"
#include "analysis/attribution/silent_gaps.h"
#include "analysis/model/sender_words.h"
#include "analysis/model/windows.h"
#include "trace/read/meta.h"

namespace isolab {
namespace {

constexpr std::size_t kMostFrames = 64;

/// What of a window lost time: numbers of the window's own attribution.
struct StolenKey {
  int cpu = 0;
  CauseId cause = kNoCause;
  std::optional<SenderKey> sender;  // where it is known
  bool operator<(const StolenKey& other) const {
    return std::tie(cpu, cause, sender) < std::tie(other.cpu, other.cause, other.sender);
  }
  bool operator==(const StolenKey&) const = default;
};
struct StolenTicks {
  std::uint64_t ticks = 0, gaps = 0;
  Sender sender;  // an example
};
using StolenTally = std::map<StolenKey, StolenTicks>;

const Cause* cause_of(const Slice& slice, const GapStory& story) {
  const Cause* found = nullptr;
  for (const auto& cause : story.causes)
    if (cause.id == slice.id && (found == nullptr || cause.time < slice.start + slice.length))
      found = &cause;
  return found;
}

void add_story(const GapStory& story, StolenTally& tally) {
  std::vector<StolenKey> seen;
  for (const auto& slice : story.slices) {
    StolenKey key{story.cpu, slice.id, {}};
    const auto* cause = cause_of(slice, story);
    const bool sent = cause != nullptr && cause->sender.known();
    if (sent) key.sender.emplace(cause->sender);
    auto& row = tally[key];
    if (sent) row.sender = cause->sender;
    row.ticks += slice.length;
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) continue;
    seen.push_back(key);
    ++row.gaps;
  }
}

/// Rows of all windows, joined by their words.
class StolenRows {
 public:
  void add(int arm, StolenStack row) {
    Key key{arm, row.cpu, row.klass, row.cause, row.sender, row.frames};
    const auto [place, is_new] = rows_.try_emplace(std::move(key), row);
    if (is_new) return;
    place->second.ns += row.ns;
    place->second.gaps += row.gaps;
  }
  std::vector<StolenStack> take() {
    std::vector<StolenStack> out;
    for (auto& [key, row] : rows_) out.push_back(std::move(row));
    auto begin = out.begin();
    while (begin != out.end()) {
      const auto end = std::find_if(begin, out.end(), [&](const auto& row) {
        return row.arm != begin->arm || row.cpu != begin->cpu;
      });
      std::stable_sort(begin, end, [](const auto& a, const auto& b) { return a.ns > b.ns; });
      begin = end;
    }
    return out;
  }

 private:
  using Key = std::tuple<int, int, std::string, std::string, std::string, std::vector<std::string>>;
  std::map<Key, StolenStack> rows_;
};

class StolenWindow {
 public:
  StolenWindow(const Recording& recording, std::size_t place, const Classifier& rules,
               StolenTime& out, StolenRows& rows)
      : recording_(recording),
        place_(place),
        window_(recording.windows[place]),
        rules_(rules),
        out_(out),
        rows_(rows) {}

  Result<void> add(const TraceMeta& meta) {
    const auto trace = TRY(TraceDirectory::load(recording_.directory /
                                                recording_.window_directories[place_] / "trace"));
    Attribution attribution(trace, meta, rules_,
                            gaps_of(window_, meta.whole(recording_.plan.measured)));
    StolenTally tally;
    attribution.on_gap([&](const GapStory& story) { add_story(story, tally); });
    std::uint64_t faulty = 0;
    for (const auto& summary : TRY(attribute_trace(trace, attribution)))
      faulty += summary.faulty_pages;
    for (const auto& [key, stolen] : tally) add_row(key, stolen, attribution);
    for (const auto& [cpu, silent] : silent_gaps_of(window_, meta, attribution))
      add_silent(cpu, silent.time());
    if (faulty != 0) remark(fmt::format("{} damaged trace pages", faulty));
    for (const auto& cpu : window_.probe.cpus)
      if (!meta.whole(recording_.plan.measured).contains(cpu.cpu))
        remark(fmt::format("the trace of CPU {} is cut, its gaps are left out", cpu.cpu));
      else if (cpu.gaps_dropped != 0)
        remark(fmt::format("the gap log of CPU {} was full, {} gaps are not in it", cpu.cpu,
                           cpu.gaps_dropped));
    return {};
  }
  void remark(const std::string& why) {
    out_.remarks.push_back(
        fmt::format("Window {} ({} #{}): {}.", window_.index, arm(), window_.repeat + 1, why));
  }

 private:
  const std::string& arm() const {
    return recording_.plan.arms[static_cast<std::size_t>(window_.arm)].name;
  }
  void add_row(const StolenKey& key, const StolenTicks& stolen, const Attribution& from) {
    const auto& name = from.names()[key.cause];
    StolenStack row{arm(), key.cpu, name.klass, name.what, {}, {}, {}, 0, stolen.gaps};
    if (key.sender) {
      const auto sender = sender_row(stolen.sender, from);
      row.how = sent_word(name);
      row.sender = who_text(sender, false);
      row.frames = informative(sender.frames, kMostFrames);
      std::reverse(row.frames.begin(), row.frames.end());
    }
    row.ns = window_.probe.line.nanoseconds(stolen.ticks);
    rows_.add(window_.arm, std::move(row));
  }
  void add_silent(int cpu, const SilentTime& time) {
    add_silent(cpu, "outside_kernel", time.outside_ticks, time.outside_gaps);
    add_silent(cpu, "unexplained", time.unexplained_ticks, time.unexplained_gaps);
  }
  void add_silent(int cpu, const char* klass, std::uint64_t ticks, std::uint64_t gaps) {
    if (gaps == 0) return;
    StolenStack row;
    row.arm = arm(), row.cpu = cpu, row.klass = klass, row.gaps = gaps;
    row.ns = window_.probe.line.nanoseconds(ticks);
    rows_.add(window_.arm, std::move(row));
  }

  const Recording& recording_;
  std::size_t place_;
  const WindowRecord& window_;
  const Classifier& rules_;
  StolenTime& out_;
  StolenRows& rows_;
};

}  // namespace

Result<StolenTime> stolen_time(const Recording& recording, const std::vector<ClassRule>& own_rules,
                               std::optional<int> window) {
  const auto rules = TRY(classifier_for(recording, own_rules));
  StolenTime out;
  StolenRows rows;
  bool any = false;
  for (std::size_t i = 0; i < recording.windows.size(); ++i) {
    const auto& record = recording.windows[i];
    if (window && record.index != *window) continue;
    StolenWindow place(recording, i, rules, out, rows);
    const auto meta = TraceMeta::read(record.notes);
    if (!meta && meta.error().kind != ErrorKind::unsupported) return meta.error();
    if (!window_counts(record))
      place.remark("left out: " + record.status);
    else if (!meta || !meta->traced())
      place.remark("not traced");
    else if (record.probe.kind != "gap")
      place.remark("no gap log");
    else {
      any = true;
      TRY(place.add(*meta));
    }
  }
  if (!any)
    return Error{ErrorKind::unsupported,
                 "no window of this recording has both a trace and a gap log",
                 "observe: [ipi_trace] with probe: busy_loop"};
  out.stacks = rows.take();
  return out;
}

}  // namespace isolab
