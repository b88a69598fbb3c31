// SPDX-License-Identifier: Apache-2.0
// The values of one metric over time, by series: what `isolab history` prints and its page draws.
#pragma once

#include <string>
#include <vector>

#include "analysis/model/metric_list.h"
#include "report/text/format.h"
#include "results/index.h"

namespace isolab {

/// The recordings of one profile text on one machine, and one set of labels, by time.
struct HistorySeries {
  std::string name;  // "quick 0123456789ab on lab1, arm idle"; may hold any text of a recording
  std::vector<HistoryPoint> points;
};

/// `points` by labels, then by time, as RecordingIndex::history() gives them.
std::vector<HistorySeries> history_series(const std::vector<HistoryPoint>& points);
/// A row a recording: start, value, interval, n, kernel, place.
TextTable history_table(const HistorySeries& series);
/// "gap_max_us (us): what the metric is".
std::string history_title(const MetricInfo& metric);
std::string render_history(const MetricInfo& metric, const std::vector<HistorySeries>& series);

}  // namespace isolab
