// SPDX-License-Identifier: Apache-2.0
#include "report/html/page_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "report/export/folded.h"
#include "report/html/json_members.h"

namespace isolab {
namespace {

constexpr std::size_t kMostPoints = 20'000;  // of windows without a trace, all together
constexpr std::size_t kMostStacks = 2'000;

/// Adds values to a JSON array under construction.
class List {
 public:
  List& raw(std::string_view json) {
    out_ += out_.size() == 1 ? "" : ",";
    out_ += json;
    return *this;
  }
  List& integer(std::int64_t value) { return raw(std::to_string(value)); }
  List& flag(bool value) { return raw(value ? "1" : "0"); }
  /// Seven significant digits: three are shown.
  List& number(double value) {
    return raw(fmt::format("{:.7g}", std::isfinite(value) ? value : 0));
  }
  List& seconds(double value) {
    return raw(fmt::format("{:.6f}", std::isfinite(value) ? value : 0));
  }
  std::string take() { return std::move(out_) + "]"; }

 private:
  std::string out_ = "[";
};

std::string quoted_text(const std::string& text) {
  auto out = print_json(Json(text));
  out.pop_back();  // the newline
  return out;
}

class Texts {
 public:
  std::int64_t place(const std::string& text) {
    const auto [found, is_new] = places_.try_emplace(text, texts_.size());
    if (is_new) texts_.push_back(text);
    return static_cast<std::int64_t>(found->second);
  }
  std::string json() const {
    List out;
    for (const auto& text : texts_) out.raw(quoted_text(text));
    return out.take();
  }

 private:
  std::map<std::string, std::size_t> places_;
  std::vector<std::string> texts_;
};

class PageData {
 public:
  PageData(const Findings& findings, const PageExtras& extras)
      : findings_(findings), extras_(extras) {
    for (const auto& arm : findings.arms) arms_.place(arm.name);
  }

  std::string json() {
    const auto tracks = tracks_json(), stolen = stolen_json(), ccdf = ccdf_json();
    return fmt::format(
        R"({{"arms":{},"tracks":{},"stolen":{},"ccdf":{},"stacks":{},"texts":{},"wakeups":{}}})",
        arms_.json(), tracks, stolen, ccdf, stack_list_.take(), texts_.json(),
        findings_.probe_kind == "wakeup" ? "true" : "false");
  }

 private:
  using Track = std::tuple<std::string, std::int64_t, std::int64_t>;  // arm, CPU, repeat

  std::int64_t stack(const Json& sender) {
    List frames;
    for (const auto& frame : list_in(sender, "stack")) frames.integer(texts_.place(text_of(frame)));
    auto json = frames.take();
    const auto [found, is_new] = stacks_.try_emplace(json, stacks_.size());
    if (is_new) stack_list_.raw(json);
    return static_cast<std::int64_t>(found->second);
  }

  std::string cause(const Json& from) {
    const auto& wakes = member(from, "wakes");
    List out;
    out.number(number_in(from, "after_us"))
        .integer(texts_.place(text_in(from, "kind")))
        .integer(texts_.place(text_in(from, "what")))
        .integer(texts_.place(text_in(from, "class")))
        .integer(texts_.place(text_in(from, "subclass")))
        .integer(integer_in(from, "times"))
        .flag(flag_in(from, "same_ipi"))
        .integer(has(from, "pid") ? integer_in(from, "pid") : -1)
        .integer(has(from, "wakes") ? texts_.place(text_in(wakes, "comm")) : -1)
        .integer(has(from, "wakes") ? integer_in(wakes, "pid") : -1);
    if (!has(from, "sender")) return out.integer(0).take();
    const auto& sender = member(from, "sender");
    List who;
    who.integer(texts_.place(text_in(sender, "comm")))
        .integer(integer_in(sender, "pid"))
        .integer(integer_in(sender, "cpu"))
        .number(number_in(sender, "sent_us_before"))
        .flag(flag_in(sender, "by_order_only"))
        .integer(stack(sender));
    return out.raw(who.take()).take();
  }

  std::string point(const Json& spike) {
    List parts, causes, out;
    for (const auto& part : list_in(spike, "parts"))
      parts.raw(List()
                    .integer(texts_.place(text_in(part, "what")))
                    .integer(texts_.place(text_in(part, "class")))
                    .number(number_in(part, "after_us"))
                    .number(number_in(part, "us"))
                    .take());
    for (const auto& from : list_in(spike, "causes")) causes.raw(cause(from));
    return out.seconds(number_in(spike, "at_s"))
        .number(number_in(spike, "length_us"))
        .integer(texts_.place(text_in(spike, "class")))
        .number(number_in(spike, "before_us"))
        .number(number_in(spike, "traced_us"))
        .number(number_in(spike, "after_us"))
        .number(number_in(spike, "other_task_us"))
        .number(number_in(spike, "late_us"))
        .integer(integer_in(spike, "more_causes"))
        .number(number_in(spike, "period_ms"))
        .raw(parts.take())
        .raw(causes.take())
        .take();
  }

  /// The longest points of a window without stories.
  std::string plain_points(const GapTrack& track) const {
    auto points = track.points;
    const auto most = std::max<std::size_t>(20, kMostPoints / findings_.series.tracks.size());
    std::stable_sort(points.begin(), points.end(),
                     [](const auto& a, const auto& b) { return a.y > b.y; });
    if (points.size() > most) points.resize(most);
    List out;
    for (const auto& gap : points) out.raw(List().seconds(gap.x).number(gap.y).take());
    return out.take();
  }

  std::string tracks_json() {
    std::map<Track, List> stories;
    if (extras_.spikes)
      for (const auto& spike : list_in(*extras_.spikes, "spikes"))
        stories[{text_in(spike, "arm"), integer_in(spike, "cpu"), integer_in(spike, "repeat")}].raw(
            point(spike));
    List out;
    for (const auto& track : findings_.series.tracks) {
      const auto found = stories.find({track.arm, track.cpu, track.repeat});
      out.raw(fmt::format(
          R"({{"arm":{},"cpu":{},"repeat":{},"seconds":{:.6f},"gaps":{},"traced":{},"points":{}}})",
          arms_.place(track.arm), track.cpu, track.repeat, track.seconds, track.gaps,
          found == stories.end() ? "false" : "true",
          found == stories.end() ? plain_points(track) : found->second.take()));
    }
    return out.take();
  }

  std::string stolen_json() {
    List out;
    if (!extras_.stolen) return out.take();
    std::vector<const StolenStack*> rows;
    for (const auto& stack : extras_.stolen->stacks)
      if (stack.ns != 0) rows.push_back(&stack);
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto* a, const auto* b) { return a->ns > b->ns; });
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto& row = *rows[i];
      List frames;
      // The arm and the CPU are choices of the page. What is too small to be seen keeps its class.
      const auto all = flame_frames(row);
      const auto end = i < kMostStacks ? all.size() : std::size_t{3};
      for (std::size_t at = 2; at < end; ++at) frames.integer(texts_.place(all[at]));
      out.raw(List()
                  .integer(arms_.place(row.arm))
                  .integer(row.cpu)
                  .integer(texts_.place(row.klass))
                  .integer(static_cast<std::int64_t>(row.ns))
                  .integer(static_cast<std::int64_t>(row.gaps))
                  .raw(frames.take())
                  .take());
    }
    return out.take();
  }

  std::string ccdf_json() {
    List out;
    for (const auto& arm : findings_.series.arms) {
      List lengths, rates;
      for (const auto& step : arm.ccdf) {
        lengths.number(step.x);
        rates.number(step.y);
      }
      out.raw(List().integer(arms_.place(arm.arm)).raw(lengths.take()).raw(rates.take()).take());
    }
    return out.take();
  }

  const Findings& findings_;
  const PageExtras& extras_;
  Texts texts_, arms_;
  std::map<std::string, std::size_t> stacks_;
  List stack_list_;
};

}  // namespace

std::string page_data(const Findings& findings, const PageExtras& extras) {
  return PageData(findings, extras).json();
}

}  // namespace isolab
