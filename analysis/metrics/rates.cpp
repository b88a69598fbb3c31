// SPDX-License-Identifier: Apache-2.0
#include "analysis/metrics/rates.h"

#include <algorithm>
#include <map>

#include "analysis/statistics/counts.h"

namespace isolab {

Metric make_metric(std::string name, Labels labels) {
  Metric out;
  out.name = std::move(name);
  out.labels = std::move(labels);
  return out;
}

Metric not_applicable(std::string name, Labels labels, std::string reason) {
  Metric out = make_metric(std::move(name), std::move(labels));
  out.not_applicable = std::move(reason);
  return out;
}

Metric counted_rate(std::string name, Labels labels, const std::vector<Counted>& parts,
                    double per) {
  Metric out = make_metric(std::move(name), std::move(labels));
  std::map<int, Counted> repeats;
  for (const auto& part : parts) {
    out.n += part.count;
    out.exposure_s += part.seconds;
    repeats[part.repeat].count += part.count;
    repeats[part.repeat].seconds += part.seconds;
  }
  out.repeats = static_cast<int>(repeats.size());
  if (out.exposure_s <= 0) {
    out.not_applicable = "no observation time";
    return out;
  }
  const double scale = per / out.exposure_s;
  out.value = static_cast<double>(out.n) * scale;
  const Interval interval = poisson_interval(out.n);
  if (out.n > 0) out.lower95 = interval.lower * scale;
  out.upper95 = interval.upper * scale;
  Spread spread;
  for (const auto& [repeat, part] : repeats)
    if (part.seconds > 0) spread.add(static_cast<double>(part.count) * per / part.seconds);
  spread.put_into(out);
  return out;
}

void Spread::add(double value) { values_.push_back(value); }

void Spread::put_into(Metric& metric) const {
  if (values_.empty()) return;
  const auto [least, most] = std::minmax_element(values_.begin(), values_.end());
  metric.repeat_min = *least;
  metric.repeat_max = *most;
}

}  // namespace isolab
