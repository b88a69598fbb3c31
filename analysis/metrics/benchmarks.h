// SPDX-License-Identifier: Apache-2.0
// Metrics of benchmarks that were attached to a recording. Their arm is "benchmarks": they ran
// beside none of its windows.
#pragma once

#include "analysis/model/findings.h"
#include "results/benchmarks.h"

namespace isolab {

/// benchmark_time and benchmark_counter of each benchmark: the median of its repetitions, or, of
/// several files (sessions), of the files' medians. A skipped one is not applicable, with its
/// reason.
void add_benchmark_metrics(const std::vector<BenchmarkFile>& files, std::vector<Metric>& out);

/// Warnings about attached files: a debug build of Google Benchmark.
std::vector<Warning> benchmark_warnings(const std::vector<BenchmarkFile>& files);

}  // namespace isolab
