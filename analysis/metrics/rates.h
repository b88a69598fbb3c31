// SPDX-License-Identifier: Apache-2.0
// Counts of several windows become one rate.
#pragma once

#include <string>
#include <vector>

#include "analysis/model/metric.h"

namespace isolab {

/// A count and how long was looked, in one window on one CPU.
struct Counted {
  std::uint64_t count = 0;
  double seconds = 0;
  int repeat = 0;
};

/// A metric of the list, with its labels and nothing else yet.
Metric make_metric(std::string name, Labels labels);
Metric not_applicable(std::string name, Labels labels, std::string reason);
/// Pooled count over pooled observation time, times `per` seconds, with its exact interval and the
/// spread of the repeats. Not applicable where nothing was looked at.
Metric counted_rate(std::string name, Labels labels, const std::vector<Counted>& parts, double per);

/// One value of each repeat, for spreads.
class Spread {
 public:
  void add(double value);
  void put_into(Metric& metric) const;

 private:
  std::vector<double> values_;
};

}  // namespace isolab
