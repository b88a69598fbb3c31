// SPDX-License-Identifier: Apache-2.0
#include "analysis/model/findings.h"

#include <algorithm>

namespace isolab {

const Metric* find_metric(const Findings& findings, const std::string& name,
                          const std::map<std::string, std::string>& labels) {
  for (const auto& metric : findings.metrics) {
    const bool fits =
        metric.name == name && std::all_of(labels.begin(), labels.end(), [&](const auto& wanted) {
          const auto found = metric.labels.find(wanted.first);
          return found != metric.labels.end() && found->second == wanted.second;
        });
    if (fits) return &metric;
  }
  return nullptr;
}

}  // namespace isolab
