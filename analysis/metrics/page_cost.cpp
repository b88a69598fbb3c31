// SPDX-License-Identifier: Apache-2.0
#include "analysis/metrics/page_cost.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <sstream>

#include "analysis/metrics/ipis_per_op.h"
#include "analysis/metrics/rates.h"
#include "analysis/model/metric_list.h"
#include "base/counters.h"

namespace isolab {
namespace {

// Which workload it is, its record says: one with the parameter heap (plain, memfd, secret) notes
// its rounds, one with the parameter secret (true, false) counts pages and the time of touching
// them.
constexpr const char* kHeap = "heap";
constexpr const char* kSecret = "secret";
constexpr const char* kTouchTime = "touch_ns";
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
ByRepeat round_means(const ArmWindows& arm, const std::string& workload, const std::string& note,
                     int* rounds = nullptr) {
  ByRepeat out;
  for (const auto* window : arm.windows) {
    const auto* work = work_in(*window, workload);
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
ByRepeat touch_times(const ArmWindows& arm, const std::string& workload) {
  ByRepeat out;
  for (const auto* window : arm.windows) {
    const auto* work = work_in(*window, workload);
    if (work == nullptr) continue;
    const auto pages = gained(*work, "pages");
    const auto spent = gained(*work, kTouchTime);
    if (pages && spent && *pages > 0) out[window->repeat] = *spent / *pages / 1e3;
  }
  return out;
}

/// Names of the workloads whose record in some window `has` it.
template <class F>
std::set<std::string> workloads_with(const ArmWindows& arm, F has) {
  std::set<std::string> out;
  for (const auto* window : arm.windows)
    for (const auto& work : window->work)
      if (has(work)) out.insert(work.workload);
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

/// The workloads of both arms that have the parameter; null where they are not the same one.
std::pair<const PluginUse*, const PluginUse*> uses_with(const Arm& arm, const Arm& control,
                                                        const std::string& param) {
  const auto find = [&](const Arm& in) -> const PluginUse* {
    for (const auto& use : in.workloads)
      if (use.params.contains(param)) return &use;
    return nullptr;
  };
  const auto* use = find(arm);
  const auto* other = find(control);
  if (use == nullptr || other == nullptr || use->name != other->name) return {};
  return {use, other};
}

std::string value_of(const PluginUse& use, const std::string& param) {
  const auto found = use.params.find(param);
  return found == use.params.end() || found->second.empty() ? "" : found->second.front();
}

/// Arms that differ in the kind of memory alone (what touches pages also in its rate: secret memory
/// does not reach that of plain memory).
bool differ_in_memory_alone(const Arm& a, const Arm& b) {
  if (a.workloads.size() != b.workloads.size() || a.settings != b.settings) return false;
  for (std::size_t i = 0; i < a.workloads.size(); ++i) {
    PluginUse left = a.workloads[i];
    PluginUse right = b.workloads[i];
    for (auto* use : {&left, &right}) {
      use->params.erase(kHeap);
      if (use->params.erase(kSecret) != 0) use->params.erase("rate");
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
    const auto [use, other] = uses_with(planned(arm), planned(control), kHeap);
    if (use == nullptr || value_of(*use, kHeap) != "secret") return;
    const std::string heap = value_of(*other, kHeap);
    if (heap != "memfd" && heap != "plain") return;
    if (!differ_in_memory_alone(planned(arm), planned(control))) return;

    PageCost cost;
    const std::string& workload = use->name;
    cost.workload = workload;
    cost.measure = "system time per round";
    const ByRepeat system = round_means(arm, workload, "round_system_s", &cost.rounds);
    const ByRepeat base = round_means(control, workload, "round_system_s");
    const ByRepeat pages = round_means(arm, workload, "round_pages");
    ByRepeat extra_us;
    for (const auto& [repeat, value] : system)
      if (base.contains(repeat) && pages.contains(repeat) && pages.at(repeat) > 0)
        extra_us[repeat] = (value - base.at(repeat)) / pages.at(repeat) * 1e6;
    std::vector<double> page_counts;
    for (const auto& [repeat, value] : pages) page_counts.push_back(value);
    cost.pages = median_estimate(page_counts);
    const auto ratio = [&](const char* note) {
      return ratio_of(round_means(arm, workload, note), round_means(control, workload, note));
    };
    cost.user_ratio = ratio("round_user_s");
    cost.elapsed_ratio = ratio("round_elapsed_s");
    cost.ipis_per_page = ipis_per_page(arm, *use);
    add(std::move(cost), arm, control, system, base, extra_us);
  }

  void compare_touches(const ArmWindows& arm, const ArmWindows& control) {
    const auto [use, other] = uses_with(planned(arm), planned(control), kSecret);
    if (use == nullptr) return;
    if (value_of(*use, kSecret) != "true" || value_of(*other, kSecret) != "false") return;
    if (!differ_in_memory_alone(planned(arm), planned(control))) return;
    PageCost cost;
    cost.workload = use->name;
    cost.measure = "time per page";
    const ByRepeat time = touch_times(arm, use->name);
    const ByRepeat base = touch_times(control, use->name);
    ByRepeat extra_us;
    for (const auto& [repeat, value] : time)
      if (base.contains(repeat)) extra_us[repeat] = value - base.at(repeat);
    cost.ipis_per_page = ipis_per_page(arm, *use);
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

  /// An operation is a page, or a mapping of some. None where the background is so uneven that the
  /// count says nothing.
  std::optional<double> ipis_per_page(const ArmWindows& arm, const PluginUse& use) const {
    for (const auto& ipis : ipis_) {
      if (ipis.arm != arm.name || ipis.workload != use.name || !ipis.not_applicable.empty())
        continue;
      if (ipis.tolerance > kUnsharp * std::max(ipis.expected, 1.0)) continue;
      return ipis.measured / (use.params.contains(kSecret) ? std::stod(value_of(use, "pages")) : 1);
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
    for (const auto& [name, note] : {std::pair{metrics::round_system_time, "round_system_s"},
                                     {metrics::round_user_time, "round_user_s"},
                                     {metrics::round_elapsed_time, "round_elapsed_s"},
                                     {metrics::pages_per_round, "round_pages"}}) {
      const auto has = [key = note](const WorkRecord& work) { return work.notes.contains(key); };
      for (const auto& workload : workloads_with(arm, has)) {
        int rounds = 0;
        const ByRepeat values = round_means(arm, workload, note, &rounds);
        add_values(name, arm, workload, values, rounds, out);
      }
    }
    const auto touches = [](const WorkRecord& work) { return work.at_end.contains(kTouchTime); };
    for (const auto& workload : workloads_with(arm, touches))
      add_values(metrics::time_per_page, arm, workload, touch_times(arm, workload), 0, out);
  }
  for (const auto& cost : costs) {
    const Labels labels{{"arm", cost.arm}, {"control", cost.control}, {"workload", cost.workload}};
    double seconds = 0;
    for (const auto& arm : arms)
      if (arm.name == cost.arm) seconds = seconds_of(arm);
    out.push_back(
        estimated(cost.of_rounds() ? metrics::system_time_ratio : metrics::time_per_page_ratio,
                  labels, cost.ratio, seconds));
    if (cost.user_ratio)
      out.push_back(estimated(metrics::user_time_ratio, labels, *cost.user_ratio, seconds));
    if (cost.elapsed_ratio)
      out.push_back(estimated(metrics::elapsed_time_ratio, labels, *cost.elapsed_ratio, seconds));
    out.push_back(estimated(metrics::cost_per_page, labels, cost.cost_us, seconds));
  }
}

}  // namespace isolab
