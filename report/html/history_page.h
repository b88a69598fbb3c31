// SPDX-License-Identifier: Apache-2.0
// One metric over the recordings of a directory as one HTML file: a chart and a table a series.
// Without script the tables are left. Nothing comes from a network.
#pragma once

#include <string>
#include <vector>

#include "analysis/model/metric_list.h"
#include "report/text/history.h"

namespace isolab {

/// `directory`: the place of the recordings, as the user named it.
std::string render_history_page(const MetricInfo& metric, const std::vector<HistorySeries>& series,
                                const std::string& directory);

}  // namespace isolab
