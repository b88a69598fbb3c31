// SPDX-License-Identifier: Apache-2.0
// A number of a recording, with everything that is needed to read it.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace isolab {

using Labels = std::map<std::string, std::string>;

/// One number with everything needed to read it. Names, units and directions come from the list in
/// analysis/model/metric_list.h.
struct Metric {
  std::string name;
  std::map<std::string, std::string>
      labels;                              // arm, cpu ("3" or "all"), row, workload, count, state
  std::optional<double> value;             // absent: not applicable, and why
  std::optional<double> lower95, upper95;  // of counted rates: exact Poisson; a zero has upper only
  std::optional<double> repeat_min, repeat_max;  // the same number of each repeat alone
  double exposure_s = 0;                         // how long was looked, summed over the CPUs
  std::uint64_t n = 0;                           // events or samples behind the value
  int repeats = 0;                               // windows pooled
  std::string not_applicable;
  std::string source = {};  // of an expected number: what it follows from on this machine
  // of an expected number: "as expected", "different", "too few operations" to tell,
  // "background unknown": more than expected, and no idle arm
  std::string verdict = {};
  std::uint64_t operations_needed = 0;  // about, where there were too few
};

/// Name and labels; cpu "all" stands for every measured CPU together.
struct MetricKey {
  std::string name;
  std::map<std::string, std::string> labels;
  auto operator<=>(const MetricKey&) const = default;
};

}  // namespace isolab
