// SPDX-License-Identifier: Apache-2.0
// Known IPIs per operation: the row's growth on the measured CPUs, less what the idle arm shows in
// the same time, divided by the operations of the window.
#include "analysis/metrics/ipis_per_op.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "analysis/metrics/interrupt_rows.h"
#include "analysis/metrics/rates.h"
#include "analysis/model/metric_list.h"
#include "base/counters.h"

namespace isolab {
namespace {

constexpr double kRelativeTolerance = 0.1;
constexpr double kDeviations = 4;
constexpr double kEdgeOps = 2;  // per window: an operation cut at its start and one at its end
constexpr std::uint64_t kMostOps = 1'000'000'000'000'000;  // of any answer, also of absurd counts
constexpr double kSharp = 0.5;  // of what is expected: with this tolerance a check shows something

/// What is summed over the windows of an arm for one workload.
struct Tally {
  double row = 0;      // IPIs on all measured CPUs
  double seconds = 0;  // CPU-seconds
  double ops = 0;
  int windows = 0;
  double splits = 0;
};

constexpr const char* kSplits[] = {"direct_map.level2_splits", "direct_map.level3_splits"};

/// A number in a note; 0 where there is none.
double noted(const std::map<std::string, std::string>& notes, const char* key) {
  const auto found = notes.find(key);
  const double value = found == notes.end() ? 0 : std::strtod(found->second.c_str(), nullptr);
  return std::isfinite(value) ? value : 0;
}

/// Large pages of the direct map split in the window, as the observer `interrupts` read them.
double splits_in(const WindowRecord& window) {
  double sum = 0;
  for (const char* name : kSplits) sum += noted(window.notes, name);
  return sum;
}

double expected_per_split(const WorkRecord& work) {
  return noted(work.notes, "expected_ipis_per_split");
}

}  // namespace

std::uint64_t operations_of(const WorkRecord& work) {
  const bool alone = work.op_count.empty() && work.at_end.size() == 1;
  const std::string& count = alone ? work.at_end.begin()->first : work.op_count;
  const auto start = work.at_start.find(count);
  const auto end = work.at_end.find(count);
  if (start == work.at_start.end() || end == work.at_end.end()) return 0;
  return counter_gain(start->second, end->second).value_or(0);
}

namespace {

double row_of(const WindowRecord& window, const CpuSet& measured, const std::string& row,
              bool& there) {
  const auto counts = row_counts(window, measured, -1);
  const auto found = counts.find(row);
  there = found != counts.end() && !found->second.empty();
  double sum = 0;
  if (there)
    for (const auto& part : found->second) sum += static_cast<double>(part.count);
  return sum;
}

/// By how much longer windows must be until `scatter` (falls with the root of the time) and `edges`
/// (fall with the time) together are `room` > 0.
double factor_needed(double scatter, double edges, double room) {
  const double root = (scatter + std::sqrt(scatter * scatter + 4 * edges * room)) / (2 * room);
  return root * root;
}

/// Variance of the sum of counts as their scatter shows it; 0 below two.
double spread_of_sum(const std::vector<double>& counts) {
  const auto n = static_cast<double>(counts.size());
  if (counts.size() < 2) return 0;
  const double mean = std::accumulate(counts.begin(), counts.end(), 0.0) / n;
  double squares = 0;
  for (const double count : counts) squares += (count - mean) * (count - mean);
  return squares / (n - 1) * n;
}

class Expectations {
 public:
  Expectations(const std::vector<ArmWindows>& arms, int idle, const CpuSet& measured)
      : arms_(arms), idle_(idle), measured_(measured), cpus_(measured.count()) {}

  std::vector<IpisPerOp> all() const {
    std::vector<IpisPerOp> out;
    for (const auto& arm : arms_) {
      if (arm.windows.empty()) continue;
      for (const auto& work : arm.windows.front()->work)
        if (!work.expected_row.empty()) out.push_back(one(arm, work));
    }
    return out;
  }

 private:
  IpisPerOp one(const ArmWindows& arm, const WorkRecord& first) const {
    IpisPerOp out;
    out.arm = arm.name;
    out.workload = first.workload;
    out.row = first.expected_row;
    out.op = first.op_count;
    const auto source = first.notes.find("expected_source");
    if (source != first.notes.end()) out.source = source->second;
    if (first.expected_ipis_per_op < 0)
      out.unknown =
          out.source.empty() ? "the recording has no reason" : std::exchange(out.source, {});
    out.expected = std::max(first.expected_ipis_per_op, 0.0);
    if (first.op_count.empty() && first.at_end.size() > 1) {
      out.not_applicable = "the recording does not name the count of operations";
      return out;
    }
    if (shares_row(*arm.windows.front(), first)) {
      out.not_applicable = "another workload of this arm sends to the same row";
      return out;
    }
    Tally tally;
    bool there = true;
    for (const auto* window : arm.windows) out.ops += ops_in(*window, out.workload);
    for (const auto* window : arm.windows) {
      tally.row += row_of(*window, measured_, out.row, there);
      if (!there) {
        out.not_applicable = "the row was not recorded here";
        return out;
      }
      tally.seconds += window_seconds(*window) * cpus_;
      tally.splits += splits_in(*window);
      ++tally.windows;
    }
    tally.ops = static_cast<double>(out.ops);
    if (out.ops == 0) {
      out.not_applicable = "no operation in the window";
      return out;
    }
    if (const double per_split = expected_per_split(first); per_split > 0) {
      out.splits = tally.splits;
      out.expected += per_split * tally.splits / tally.ops;
    }
    judge(tally, out);
    return out;
  }

  void judge(const Tally& tally, IpisPerOp& out) const {
    double idle_row = 0;
    double idle_seconds = 0;
    std::vector<double> idle_counts;
    if (idle_ >= 0) {
      for (const auto* window : arms_[static_cast<std::size_t>(idle_)].windows) {
        bool there = false;
        const double count = row_of(*window, measured_, out.row, there);
        if (!there) continue;
        idle_row += count;
        idle_counts.push_back(count);
        idle_seconds += window_seconds(*window) * cpus_;
      }
    }
    const double scale = idle_seconds > 0 ? tally.seconds / idle_seconds : 0;
    const double delivered = tally.ops * cpus_;  // an operation sends to each measured CPU
    out.seconds = tally.seconds;
    out.windows = tally.windows;
    out.measured = (tally.row - idle_row * scale) / delivered;
    // A count of 0 still has a standard deviation near 1; a background that comes in bursts has a
    // larger one than Poisson's, which its windows show.
    const double idle_variance = std::max({idle_row, 1.0, spread_of_sum(idle_counts)});
    const double variance = idle_variance * scale * scale + std::max(tally.row, 1.0);
    const double edges =
        kEdgeOps * tally.windows * cpus_ * std::max(out.expected, out.measured) / delivered;
    const double relative = kRelativeTolerance * out.expected;
    out.tolerance = relative + kDeviations * std::sqrt(variance) / delivered + edges;
    if (!out.unknown.empty()) return;
    const double excess = out.measured - out.expected;
    out.no_background = idle_seconds == 0 && excess > out.tolerance;
    if (out.no_background) return;
    out.differs = std::abs(excess) > out.tolerance;
    const double sharp = kSharp * (out.expected > 0 ? out.expected : 1);
    if (out.differs || out.tolerance < sharp) return;
    // As many as expected may arrive in longer windows, though fewer did in these.
    const double expected_row = idle_row * scale + out.expected * delivered;
    const double scatter =
        kDeviations / delivered *
        std::sqrt(idle_variance * scale * scale + std::max({tally.row, expected_row, 1.0}));
    const double needed = std::ceil(tally.ops * factor_needed(scatter, edges, sharp - relative));
    out.ops_needed =
        needed < static_cast<double>(kMostOps) ? static_cast<std::uint64_t>(needed) : kMostOps;
  }

  static bool shares_row(const WindowRecord& window, const WorkRecord& self) {
    return std::any_of(window.work.begin(), window.work.end(), [&](const WorkRecord& other) {
      return &other != &self && other.expected_ipis_per_op != 0 &&
             other.expected_row == self.expected_row;
    });
  }

  static std::uint64_t ops_in(const WindowRecord& window, const std::string& workload) {
    for (const auto& work : window.work)
      if (work.workload == workload) return operations_of(work);
    return 0;
  }

  const std::vector<ArmWindows>& arms_;
  int idle_;
  const CpuSet& measured_;
  int cpus_;
};

Labels labels_of(const IpisPerOp& ipis) {
  return {{"arm", ipis.arm}, {"cpu", "all"}, {"row", ipis.row}, {"workload", ipis.workload}};
}

}  // namespace

std::vector<IpisPerOp> ipis_per_op(const std::vector<ArmWindows>& arms, int idle,
                                   const CpuSet& measured) {
  return Expectations(arms, idle, measured).all();
}

void add_ipis_per_op_metrics(const std::vector<IpisPerOp>& all, std::vector<Metric>& out) {
  for (const auto& ipis : all) {
    if (!ipis.not_applicable.empty()) {
      out.push_back(not_applicable(metrics::ipis_per_op, labels_of(ipis), ipis.not_applicable));
      out.back().n = ipis.ops;  // they were done, whatever they sent
      continue;
    }
    Metric metric = make_metric(metrics::ipis_per_op, labels_of(ipis));
    metric.value = ipis.measured;
    metric.n = ipis.ops;
    metric.exposure_s = ipis.seconds;
    metric.repeats = ipis.windows;
    out.push_back(std::move(metric));
    const Labels labels{{"arm", ipis.arm}, {"row", ipis.row}, {"workload", ipis.workload}};
    if (!ipis.unknown.empty()) {
      out.push_back(not_applicable(metrics::ipis_per_op_expected, labels, ipis.unknown));
      continue;
    }
    Metric expected = make_metric(metrics::ipis_per_op_expected, labels);
    expected.value = ipis.expected;
    expected.source = ipis.source;
    expected.n = static_cast<std::uint64_t>(ipis.splits);
    expected.verdict = ipis.differs          ? "different"
                       : ipis.no_background  ? "background unknown"
                       : ipis.ops_needed > 0 ? "too few operations"
                                             : "as expected";
    expected.operations_needed = ipis.ops_needed;
    out.push_back(std::move(expected));
  }
}

}  // namespace isolab
