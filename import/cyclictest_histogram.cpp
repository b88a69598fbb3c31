// SPDX-License-Identifier: Apache-2.0
// `cyclictest -h N` on stdout, and what `--histfile` writes (rt-tests 1.0 to 2.8): a row of counts
// for each whole microsecond (nanosecond with --nsecs), then totals as comments. Samples of N and
// more are in no row: "# Histogram Overflows" counts them, and "# Max Latencies" has the longest.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "import/cyclictest_words.h"
#include "import/distribution.h"
#include "import/lines.h"

namespace isolab {
namespace {

constexpr std::size_t kMostThreads = 8192;
constexpr std::size_t kMostBins = 1'000'000;  // HIST_MAX of cyclictest.c

/// The comments that hold a number for each thread.
constexpr std::array kTotals = {"# Total:", "# Min Latencies:", "# Avg Latencies:",
                                "# Max Latencies:", "# Histogram Overflows:"};
enum Total : std::size_t { total, least, mean, most, overflows };

/// Of the summary "T: 0 ( 1234) P:99 I:200 C: 300000 Min: ...".
struct ThreadLine {
  std::uint64_t interval_us = 0, cycles = 0;
};

class HistogramText {
 public:
  explicit HistogramText(const ImportFile& file) : lines_(file) {}

  Result<void> read() {
    while (const auto line = lines_.next()) TRY(take(*line));
    for (const std::size_t each : {total, least, most, overflows})
      if (totals_[each].empty())
        return lines_.whole(fmt::format("it has no \"{}\" line: cut off", kTotals[each]));
    // With --histofall the rows, totals and the longest have a last column: the sum of all threads.
    threads_ = totals_[least].size();
    for (const std::size_t each : {total, most, overflows})
      if (totals_[each].size() != threads_ && totals_[each].size() != threads_ + 1)
        return lines_.whole(fmt::format("\"{}\" has {} numbers for {} threads", kTotals[each],
                                        totals_[each].size(), threads_));
    if (rows_.empty()) return lines_.whole("the histogram has no rows");
    if (rows_.begin()->second.size() != totals_[total].size())
      return lines_.whole(fmt::format("rows have {} columns, \"# Total:\" has {}",
                                      rows_.begin()->second.size(), totals_[total].size()));
    return {};
  }

  Result<std::vector<Distribution>> columns() const {
    std::vector<Distribution> out;
    for (std::size_t i = 0; i < threads_; ++i) {
      Distribution one(static_cast<int>(i), fmt::format("thread {}", i));
      for (const auto& [length, counts] : rows_)
        if (!one.add(length, counts[i])) return lines_.whole("the counts are beyond 2^53");
      if (one.in_bins() != totals_[total][i])
        return lines_.whole(fmt::format("thread {}: the bins hold {} samples, \"# Total:\" says {}",
                                        i, one.in_bins(), totals_[total][i]));
      one.set_overflow(totals_[overflows][i], rows_.rbegin()->first + 1);
      one.least = totals_[least][i];
      one.most = totals_[most][i];
      if (i < totals_[mean].size()) one.mean = static_cast<double>(totals_[mean][i]);
      if (const auto summary = summaries_.find(i); summary != summaries_.end()) {
        one.total = summary->second.cycles;
        one.seconds = static_cast<double>(summary->second.interval_us) / 1e6 *
                      static_cast<double>(summary->second.cycles);
      }
      out.push_back(std::move(one));
    }
    return out;
  }

 private:
  Result<void> take(std::string_view line) {
    for (std::size_t each = 0; each < kTotals.size(); ++each)
      if (take_import_text(line, kTotals[each])) return numbers(line, totals_[each]);
    std::string_view rest = line;
    if (take_import_text(rest, "T:")) return summary(rest);
    const bool row = !line.empty() && (line.front() >= '0' && line.front() <= '9');
    if (!row) {  // comments, WARN, the policy line, blank
      if (line.empty() || line.front() == '#' || rows_.empty()) return {};
      return lines_.error("neither a row of the histogram nor a comment");
    }
    return bin(line);
  }

  Result<void> numbers(std::string_view line, std::vector<std::uint64_t>& out) {
    if (!out.empty()) return lines_.error("the file holds more than one histogram");
    for (auto word = take_import_word(line); !word.empty(); word = take_import_word(line)) {
      const auto number = import_count(word);
      if (!number || out.size() > kMostThreads) return lines_.error("not a number for each thread");
      out.push_back(*number);
    }
    return {};
  }

  Result<void> bin(std::string_view line) {
    const auto length = import_count(take_import_word(line));
    std::vector<std::uint64_t> counts;
    for (auto word = take_import_word(line); !word.empty(); word = take_import_word(line)) {
      const auto count = import_count(word);
      if (!count || counts.size() > kMostThreads) return lines_.error("not a row of counts");
      counts.push_back(*count);
    }
    if (!length || *length >= kMostBins || counts.empty())
      return lines_.error("not a row of the histogram");
    if (!rows_.empty() &&
        (*length <= rows_.rbegin()->first || counts.size() != rows_.begin()->second.size()))
      return lines_.error(*length <= rows_.rbegin()->first
                              ? "the rows are not in order: more than one histogram?"
                              : "this row has another number of columns than the first");
    if ((cells_ += counts.size()) > 64 * kMostBins)
      return lines_.error("the histogram is too large");
    rows_.emplace_hint(rows_.end(), *length, std::move(counts));
    return {};
  }

  Result<void> summary(std::string_view line) {
    const auto thread = import_count(take_import_word(line));
    std::optional<std::uint64_t> interval, cycles;
    if (const auto at = line.find(" I:"); at != std::string_view::npos) {
      auto rest = line.substr(at + 3);
      interval = import_count(take_import_word(rest));
    }
    if (const auto at = line.find(" C:"); at != std::string_view::npos) {
      auto rest = line.substr(at + 3);
      cycles = import_count(take_import_word(rest));
    }
    if (!thread || *thread > kMostThreads || !interval || !cycles)
      return lines_.error("not a summary of a thread");
    summaries_[*thread] = {*interval, *cycles};  // without -q it is printed again and again
    return {};
  }

  ImportLines lines_;
  std::map<std::uint64_t, std::vector<std::uint64_t>> rows_;
  std::array<std::vector<std::uint64_t>, kTotals.size()> totals_;
  std::map<std::uint64_t, ThreadLine> summaries_;
  std::size_t threads_ = 0, cells_ = 0;
};

bool is_cyclictest_histogram(std::string_view text) {
  return text.find("# Histogram\n") != std::string_view::npos ||
         text.find("# Histogram\r\n") != std::string_view::npos ||
         text.find("# Max Latencies:") != std::string_view::npos;
}

Result<ImportedData> read_cyclictest_histogram(std::span<const ImportFile> files,
                                               const ImportOptions& options) {
  const ImportFile& file = files.front();
  HistogramText text(file);
  TRY(text.read());
  std::vector<Distribution> columns = TRY(text.columns());
  ImportedData out;
  TRY(give_time(columns, file.name, options));
  check_totals(columns, file.name, out);
  WindowRecord window = window_of(columns, "cyclictest", "wakeup", options.nanoseconds);
  describe_cyclictest(columns, options.nanoseconds, window, out);
  out.cannot_tell.emplace_back(
      "which CPU a thread ran on: threads are shown as CPUs, in the file's order");
  out.cpus_why = "threads of cyclictest; the file names no CPUs";
  out.windows.push_back({"", std::move(window)});
  return out;
}

}  // namespace

Importer import_cyclictest_histogram() {
  return {"cyclictest histogram", "cyclictest -q -h 400, or --histfile FILE",
          is_cyclictest_histogram, false, read_cyclictest_histogram};
}

}  // namespace isolab
