// SPDX-License-Identifier: Apache-2.0
// The distribution of one CPU as tools print it: bins, samples beyond them, and totals of the
// tool's own, against which the bins are checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "import/importer.h"

namespace isolab {

/// Lengths are in ticks: 1 us or 1 ns, as the file counts.
class Distribution {
 public:
  explicit Distribution(int cpu, std::string column) : cpu_(cpu), column_(std::move(column)) {}

  /// Nothing: the counts of the file exceed 64 bits.
  [[nodiscard]] bool add(std::uint64_t length, std::uint64_t count);
  /// `count` samples of at least `from`, the file says no more of them.
  void set_overflow(std::uint64_t count, std::uint64_t from);

  std::uint64_t in_bins() const { return in_bins_; }
  std::uint64_t samples() const { return in_bins_ + overflow_; }
  std::uint64_t overflow() const { return overflow_; }
  std::optional<std::uint64_t> lowest_bin() const { return lowest_; }
  std::optional<std::uint64_t> highest_bin() const { return highest_; }
  const std::string& column() const { return column_; }
  int cpu() const { return cpu_; }
  void set_cpu(int cpu) { cpu_ = cpu; }

  // What the tool itself says; nothing: it does not.
  std::optional<std::uint64_t> total, least, most;
  std::optional<double> mean;
  double seconds = 0;        // 0: not known
  bool upper_edges = false;  // lengths of bins are their upper edges, so beyond `most` and `least`

  /// What the bins and the tool's own numbers disagree in, as fragments; empty: nothing.
  std::vector<std::string> disagreements() const;
  /// Samples of unknown length are placed where the bins end, the longest where it is.
  ProbeCpu probe_cpu(double ticks_per_second) const;

 private:
  int cpu_;
  std::string column_;  // "thread 0", "CPU 3 IRQ": for messages
  Histogram bins_;
  std::uint64_t in_bins_ = 0, overflow_ = 0, overflow_from_ = 0;
  std::optional<std::uint64_t> lowest_, highest_;
  double sum_ = 0;
};

/// A window without anything but the probe; ticks are us, or ns.
WindowRecord window_of(const std::vector<Distribution>& columns, const std::string& probe,
                       const std::string& kind, bool nanoseconds);

/// Adds a warning for each disagreement, or says what was checked.
void check_totals(const std::vector<Distribution>& columns, const std::string& file,
                  ImportedData& out);

}  // namespace isolab
