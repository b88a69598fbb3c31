// SPDX-License-Identifier: Apache-2.0
#include "analysis/metrics/page_cost.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include "analysis/metrics/ipis_per_op.h"
#include "analysis/metrics/rates.h"
#include "base/counters.h"

namespace isolab {
namespace {

constexpr const char* kBuild = "kernel_build";
constexpr const char* kTouch = "direct_map";
constexpr int kModelledCpus[] = {2, 4, 8, 16, 32, 64, 96};
constexpr double kUnsharp = 0.3;  // a tolerance above this share of what is expected

/// One value of each repeat.
using ByRepeat = std::map<int, double>;

std::vector<double> numbers_in(const std::map<std::string, std::string>& notes,
                               const std::string& key) {
  const auto found = notes.find(key);
  if (found == notes.end()) return {};
  std::istringstream in(found->second);
  std::vector<double> out;
  for (double value = 0; in >> value;) out.push_back(value);
  return out;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

const WorkRecord* work_in(const WindowRecord& window, const std::string& workload) {
  for (const auto& work : window.work)
    if (work.workload == workload) return &work;
  return nullptr;
}

/// Mean of a per-round note in each repeat.
ByRepeat round_means(const ArmWindows& arm, const std::string& note, int* rounds = nullptr) {
  ByRepeat out;
  for (const auto* window : arm.windows) {
    const auto* work = work_in(*window, kBuild);
    const auto values = work == nullptr ? std::vector<double>{} : numbers_in(work->notes, note);
    if (values.empty()) continue;
    out[window->repeat] = mean(values);
    if (rounds != nullptr) *rounds += static_cast<int>(values.size());
  }
  return out;
}

std::optional<double> gained(const WorkRecord& work, const std::string& count) {
  const auto from = work.at_start.find(count);
  const auto to = work.at_end.find(count);
  if (from == work.at_start.end() || to == work.at_end.end()) return std::nullopt;
  const auto gain = counter_gain(from->second, to->second);
  return gain ? std::optional<double>(static_cast<double>(*gain)) : std::nullopt;
}

/// us per touched page in each repeat.
ByRepeat touch_times(const ArmWindows& arm) {
  ByRepeat out;
  for (const auto* window : arm.windows) {
    const auto* work = work_in(*window, kTouch);
    if (work == nullptr) continue;
    const auto pages = gained(*work, "pages");
    const auto spent = gained(*work, "touch_ns");
    if (pages && spent && *pages > 0) out[window->repeat] = *spent / *pages / 1e3;
  }
  return out;
}

/// What `combine` makes of the two arms' values of the same repeat.
template <class F>
std::vector<double> paired(const ByRepeat& arm, const ByRepeat& control, F combine) {
  std::vector<double> out;
  for (const auto& [repeat, value] : arm)
    if (const auto other = control.find(repeat); other != control.end() && other->second > 0)
      out.push_back(combine(value, other->second));
  return out;
}

std::optional<Estimate> ratio_of(const ByRepeat& arm, const ByRepeat& control) {
  return median_estimate(paired(arm, control, [](double a, double b) { return a / b; }));
}

double median_of(const ByRepeat& values) {
  std::vector<double> all;
  for (const auto& [repeat, value] : values) all.push_back(value);
  const auto estimate = median_estimate(std::move(all));
  return estimate ? estimate->value : 0;
}

const PluginUse* use_of(const Arm& arm, const std::string& workload) {
  for (const auto& use : arm.workloads)
    if (use.name == workload) return &use;
  return nullptr;
}

std::string value_of(const PluginUse& use, const std::string& param) {
  const auto found = use.params.find(param);
  return found == use.params.end() || found->second.empty() ? "" : found->second.front();
}

/// Arms that differ in the kind of memory alone (direct_map also in its rate: secret memory does
/// not reach that of plain memory).
bool differ_in_memory_alone(const Arm& a, const Arm& b) {
  if (a.workloads.size() != b.workloads.size() || a.settings != b.settings) return false;
  for (std::size_t i = 0; i < a.workloads.size(); ++i) {
    PluginUse left = a.workloads[i];
    PluginUse right = b.workloads[i];
    for (auto* use : {&left, &right}) {
      if (use->name == kBuild) use->params.erase("heap");
      if (use->name != kTouch) continue;
      use->params.erase("secret");
      use->params.erase("rate");
    }
    if (!(left == right)) return false;
  }
  return true;
}

class Costs {
 public:
  Costs(const Plan& plan, const std::vector<ArmWindows>& arms, const std::vector<IpisPerOp>& ipis,
        int online)
      : plan_(plan), arms_(arms), ipis_(ipis), online_(online) {}

  std::vector<PageCost> all() {
    for (const auto& arm : arms_)
      for (const auto& control : arms_)
        if (&arm != &control && !arm.windows.empty() && !control.windows.empty()) {
          compare_builds(arm, control);
          compare_touches(arm, control);
        }
    return std::move(out_);
  }

 private:
  const Arm& planned(const ArmWindows& arm) const {
    return plan_.arms[static_cast<std::size_t>(arm.arm)];
  }

  void compare_builds(const ArmWindows& arm, const ArmWindows& control) {
    const auto* use = use_of(planned(arm), kBuild);
    const auto* other = use_of(planned(control), kBuild);
    if (use == nullptr || other == nullptr || value_of(*use, "heap") != "secret") return;
    const std::string heap = value_of(*other, "heap");
    if (heap != "memfd" && heap != "plain") return;
    if (!differ_in_memory_alone(planned(arm), planned(control))) return;

    PageCost cost;
    cost.workload = kBuild;
    cost.measure = "system time per round";
    const ByRepeat system = round_means(arm, "round_system_s", &cost.rounds);
    const ByRepeat base = round_means(control, "round_system_s");
    const ByRepeat pages = round_means(arm, "round_pages");
    ByRepeat extra_us;
    for (const auto& [repeat, value] : system)
      if (base.contains(repeat) && pages.contains(repeat) && pages.at(repeat) > 0)
        extra_us[repeat] = (value - base.at(repeat)) / pages.at(repeat) * 1e6;
    std::vector<double> page_counts;
    for (const auto& [repeat, value] : pages) page_counts.push_back(value);
    cost.pages = median_estimate(page_counts);
    cost.user_ratio =
        ratio_of(round_means(arm, "round_user_s"), round_means(control, "round_user_s"));
    cost.elapsed_ratio =
        ratio_of(round_means(arm, "round_elapsed_s"), round_means(control, "round_elapsed_s"));
    add(std::move(cost), arm, control, system, base, extra_us);
  }

  void compare_touches(const ArmWindows& arm, const ArmWindows& control) {
    const auto* use = use_of(planned(arm), kTouch);
    const auto* other = use_of(planned(control), kTouch);
    if (use == nullptr || other == nullptr) return;
    if (value_of(*use, "secret") != "true" || value_of(*other, "secret") != "false") return;
    if (!differ_in_memory_alone(planned(arm), planned(control))) return;
    PageCost cost;
    cost.workload = kTouch;
    cost.measure = "time per page";
    const ByRepeat time = touch_times(arm);
    const ByRepeat base = touch_times(control);
    ByRepeat extra_us;
    for (const auto& [repeat, value] : time)
      if (base.contains(repeat)) extra_us[repeat] = value - base.at(repeat);
    add(std::move(cost), arm, control, time, base, extra_us);
  }

  void add(PageCost cost, const ArmWindows& arm, const ArmWindows& control, const ByRepeat& values,
           const ByRepeat& base, const ByRepeat& extra_us) {
    const auto ratio = ratio_of(values, base);
    std::vector<double> extra;
    for (const auto& [repeat, value] : extra_us) extra.push_back(value);
    const auto cost_us = median_estimate(extra);
    if (!ratio || !cost_us) return;
    cost.arm = arm.name;
    cost.control = control.name;
    cost.cpus = online_;
    cost.arm_value = median_of(values);
    cost.control_value = median_of(base);
    cost.ratio = *ratio;
    cost.cost_us = *cost_us;
    cost.ipis_per_page = ipis_per_page(arm, cost.workload);
    if (online_ > 1) {
      cost.slope = (ratio->value - 1) / (online_ - 1);
      std::vector<int> sizes(std::begin(kModelledCpus), std::end(kModelledCpus));
      if (std::find(sizes.begin(), sizes.end(), online_) == sizes.end()) sizes.push_back(online_);
      std::sort(sizes.begin(), sizes.end());
      for (const int cpus : sizes)
        cost.model.push_back({cpus, 1 + *cost.slope * (cpus - 1), cpus != online_});
    }
    out_.push_back(std::move(cost));
  }

  /// direct_map's operation is a mapping, kernel_build's a page. None where the background is so
  /// uneven that the count says nothing.
  std::optional<double> ipis_per_page(const ArmWindows& arm, const std::string& workload) const {
    for (const auto& one : ipis_) {
      if (one.arm != arm.name || one.workload != workload || !one.not_applicable.empty()) continue;
      if (one.tolerance > kUnsharp * std::max(one.expected, 1.0)) continue;
      double pages = 1;
      if (workload == kTouch) pages = std::stod(value_of(*use_of(planned(arm), kTouch), "pages"));
      return one.measured / pages;
    }
    return std::nullopt;
  }

  const Plan& plan_;
  const std::vector<ArmWindows>& arms_;
  const std::vector<IpisPerOp>& ipis_;
  int online_;
  std::vector<PageCost> out_;
};

Metric estimated(std::string name, Labels labels, const Estimate& estimate, double exposure_s) {
  Metric out = make_metric(std::move(name), std::move(labels));
  out.value = estimate.value;
  out.lower95 = estimate.lower95;
  out.upper95 = estimate.upper95;
  out.repeat_min = estimate.least;
  out.repeat_max = estimate.most;
  out.repeats = estimate.repeats;
  out.n = static_cast<std::uint64_t>(estimate.repeats);
  out.exposure_s = exposure_s;
  return out;
}

double seconds_of(const ArmWindows& arm) {
  double sum = 0;
  for (const auto* window : arm.windows) sum += window_seconds(*window);
  return sum;
}

void add_values(const std::string& name, const ArmWindows& arm, const std::string& workload,
                const ByRepeat& values, int samples, std::vector<Metric>& out) {
  std::vector<double> all;
  for (const auto& [repeat, value] : values) all.push_back(value);
  const auto estimate = median_estimate(std::move(all));
  if (!estimate) return;
  out.push_back(
      estimated(name, {{"arm", arm.name}, {"workload", workload}}, *estimate, seconds_of(arm)));
  if (samples > 0) out.back().n = static_cast<std::uint64_t>(samples);
}

}  // namespace

std::vector<PageCost> page_costs(const Plan& plan, const std::vector<ArmWindows>& arms,
                                 const std::vector<IpisPerOp>& ipis, int online) {
  return Costs(plan, arms, ipis, online).all();
}

void add_page_cost_metrics(const std::vector<ArmWindows>& arms, const std::vector<PageCost>& costs,
                           std::vector<Metric>& out) {
  for (const auto& arm : arms) {
    for (const auto& [name, note] : {std::pair{"round_system_time", "round_system_s"},
                                     {"round_user_time", "round_user_s"},
                                     {"round_elapsed_time", "round_elapsed_s"},
                                     {"pages_per_round", "round_pages"}}) {
      int rounds = 0;
      const ByRepeat values = round_means(arm, note, &rounds);
      add_values(name, arm, kBuild, values, rounds, out);
    }
    add_values("time_per_page", arm, kTouch, touch_times(arm), 0, out);
  }
  for (const auto& cost : costs) {
    const Labels labels{{"arm", cost.arm}, {"control", cost.control}, {"workload", cost.workload}};
    double seconds = 0;
    for (const auto& arm : arms)
      if (arm.name == cost.arm) seconds = seconds_of(arm);
    const bool build = cost.workload == kBuild;
    out.push_back(estimated(build ? "system_time_ratio" : "time_per_page_ratio", labels, cost.ratio,
                            seconds));
    if (cost.user_ratio)
      out.push_back(estimated("user_time_ratio", labels, *cost.user_ratio, seconds));
    if (cost.elapsed_ratio)
      out.push_back(estimated("elapsed_time_ratio", labels, *cost.elapsed_ratio, seconds));
    out.push_back(estimated("cost_per_page", labels, cost.cost_us, seconds));
  }
}

}  // namespace isolab
