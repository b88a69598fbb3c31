// SPDX-License-Identifier: Apache-2.0
// Results of Google Benchmark (the cost ladder, or any other) that were attached to a recording:
// RECORDING/benchmarks/*.json, kept as they came.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace isolab {

/// One benchmark with its repetitions, in the order of the file.
struct BenchmarkRun {
  std::string name;        // "mprotect"
  std::string parameters;  // "peers:1 pages:32", without what is Google Benchmark's own
  /// Of an iteration, one a repetition: its counter median_ns where it has one, else the mean of
  /// Google Benchmark (real or manual time).
  std::vector<double> times_ns;
  double seconds = 0;  // spent on all iterations of all repetitions
  std::map<std::string, std::vector<double>> counters;  // user counters, one a repetition
  std::string error;  // why it was skipped ("not applicable: ..."); empty: it ran
};

struct BenchmarkFile {
  std::string file;                            // name without directory
  std::map<std::string, std::string> context;  // those words of its context that isolab_* names
  std::vector<BenchmarkRun> runs;
  /// library_build_type "debug": Google Benchmark was built with assertions, and so, most often,
  /// was what it measured.
  bool debug_build = false;
};

/// Google Benchmark 1.0 and later. parse: it is none of its JSON, or holds aggregates only.
Result<BenchmarkFile> read_benchmarks(const std::string& file, const std::string& text);

/// The attached files of a recording, sorted by name; none is fine.
Result<std::vector<BenchmarkFile>> load_benchmarks(const std::filesystem::path& recording);

/// Copies a file into the recording after reading it; usage error when one of that name is there.
Result<BenchmarkFile> attach_benchmarks(const std::filesystem::path& recording,
                                        const std::filesystem::path& file);

}  // namespace isolab
