// SPDX-License-Identifier: Apache-2.0
#include "import/distribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "base/warnings.h"

namespace isolab {
namespace {

constexpr std::uint64_t kMostSamples = std::uint64_t{1} << 53;  // exact as a double

}  // namespace

bool Distribution::add(std::uint64_t length, std::uint64_t count) {
  if (count == 0) return true;
  if (count > kMostSamples || in_bins_ > kMostSamples - count) return false;
  bins_.add(length, count);
  in_bins_ += count;
  sum_ += static_cast<double>(length) * static_cast<double>(count);
  lowest_ = std::min(lowest_.value_or(length), length);
  highest_ = std::max(highest_.value_or(length), length);
  return true;
}

void Distribution::set_overflow(std::uint64_t count, std::uint64_t from) {
  overflow_ = std::min(count, kMostSamples);
  overflow_from_ = from;
}

std::vector<std::string> Distribution::disagreements() const {
  std::vector<std::string> out;
  const auto differ = [&](const std::string& what, auto own, auto stated) {
    out.push_back(fmt::format("{}: {} is {}, the file says {}", column_, what, own, stated));
  };
  if (total && *total != samples())
    differ(overflow_ > 0 ? "the sum of bins and overflow" : "the sum of the bins", samples(),
           *total);
  if (samples() == 0) return out;
  if (!upper_edges && least && lowest_ && *least != *lowest_)
    differ("the lowest bin", *lowest_, *least);
  if (!upper_edges && most && overflow_ == 0 && highest_ && *most != *highest_)
    differ("the highest bin", *highest_, *most);
  if (most && overflow_ > 0 && *most < overflow_from_)
    differ("the overflow's lower limit", overflow_from_, *most);
  // Tools print the mean whole or with two decimals; bins are as fine as the samples were.
  const double own = in_bins_ == 0 ? 0 : sum_ / static_cast<double>(in_bins_);
  if (mean && overflow_ == 0 && in_bins_ > 0 && std::abs(own - *mean) >= 1.0)
    differ("the mean of the bins", fmt::format("{:.2f}", own), fmt::format("{:.2f}", *mean));
  return out;
}

ProbeCpu Distribution::probe_cpu(double ticks_per_second) const {
  ProbeCpu out;
  out.cpu = cpu_;
  out.end =
      static_cast<std::uint64_t>(std::llround(std::clamp(seconds, 0.0, 1e9) * ticks_per_second));
  out.histogram = bins_;
  if (overflow_ > 0) {
    const bool longest_apart = most && *most > overflow_from_;
    out.histogram.add(overflow_from_, overflow_ - (longest_apart ? 1 : 0));
    if (longest_apart) out.histogram.add(*most);
    out.numbers[kOverflow] = static_cast<double>(overflow_);
    out.numbers[kOverflowFrom] = static_cast<double>(overflow_from_);
  }
  if (samples() > 0)
    if (const auto longest = most ? most : highest_)
      out.numbers["longest_ticks"] = static_cast<double>(*longest);
  return out;
}

WindowRecord window_of(const std::vector<Distribution>& columns, const std::string& probe,
                       const std::string& kind, bool nanoseconds) {
  WindowRecord out;
  out.status = "complete";
  out.probe.probe = probe;
  out.probe.kind = kind;
  out.probe.line.counter = nanoseconds ? "ns" : "us";
  out.probe.line.ticks1 = 1;
  out.probe.line.ns1 = nanoseconds ? 1 : 1000;
  for (const auto& column : columns) {
    out.probe.cpus.push_back(column.probe_cpu(nanoseconds ? 1e9 : 1e6));
    out.end_ns = std::max(out.end_ns,
                          static_cast<std::uint64_t>(std::clamp(column.seconds, 0.0, 1e9) * 1e9));
  }
  out.probe.notes[std::string(kLacksNote) + "causes"] = "the file has no trace";
  return out;
}

void check_totals(const std::vector<Distribution>& columns, const std::string& file,
                  ImportedData& out) {
  bool agree = true;
  for (const auto& column : columns)
    for (const auto& what : column.disagreements()) {
      agree = false;
      out.warnings.push_back(make_warning(WarningId::import_mismatch, file + ": " + what));
    }
  if (!agree) return;
  std::uint64_t samples = 0, overflow = 0;
  for (const auto& column : columns) samples += column.samples(), overflow += column.overflow();
  const auto every = [&](auto has) { return std::all_of(columns.begin(), columns.end(), has); };
  std::vector<std::string> what;
  if (every([](const Distribution& one) { return one.total.has_value(); })) what.push_back("count");
  if (every([](const Distribution& one) {
        return !one.upper_edges && one.least && one.most && one.in_bins() > 0;
      }))
    what.insert(what.end(), {"shortest", "longest"});
  if (every([](const Distribution& one) {
        return one.mean && one.overflow() == 0 && one.in_bins() > 0;
      }))
    what.push_back("mean");
  if (what.empty()) return;
  out.checked.push_back(
      fmt::format("{}: {} samples, {} of them of unknown length; the file's own totals agree: {}",
                  file, samples, overflow, join(what, ", ")));
}

}  // namespace isolab
