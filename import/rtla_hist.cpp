// SPDX-License-Identifier: Apache-2.0
// `rtla timerlat hist` and `rtla osnoise hist` (Linux 5.17 to 7.0, tools/tracing/rtla): a header
// with unit and duration, a column for each CPU (timerlat: IRQ, thread, return to user space), a
// row for each bin in use named by its lower edge, then "over:", "count:", "min:", "avg:" and
// "max:". Newer versions add the same of all CPUs below "ALL:".
#include <fmt/format.h>

#include <array>
#include <map>

#include "base/warnings.h"
#include "import/distribution.h"
#include "import/lines.h"
#include "import/rtla_text.h"

namespace isolab {
namespace {

/// The kinds of columns, and the arm each becomes.
struct ColumnKind {
  const char* word;
  const char* part;
};
constexpr std::array kColumnKinds = {ColumnKind{"IRQ", "IRQ"}, ColumnKind{"Thr", "thread"},
                                     ColumnKind{"Usr", "return to user"}, ColumnKind{"CPU", ""}};

class RtlaHist {
 public:
  explicit RtlaHist(const ImportFile& file) : lines_(file) {}

  Result<void> read() {
    while (const auto line = lines_.next()) {
      if (all_) break;
      TRY(take(*line));
    }
    if (columns_.empty())
      return lines_.whole("no \"Index\" line with CPUs: no samples, or made with --no-index");
    for (const char* row : {"over:", "count:", "max:"})
      if (!totals_.contains(row))
        return lines_.whole(fmt::format("no \"{}\" line: cut off, or made with --no-summary", row));
    for (std::size_t i = 0; i < columns_.size(); ++i) finish(i);
    return {};
  }

  bool timerlat = false, nanoseconds = false;
  std::optional<double> seconds;
  std::vector<std::string> parts_;  // of the columns
  std::vector<Distribution> columns_;
  std::vector<std::string> remarks;  // lines of rtla about missed events

 private:
  Result<void> take(std::string_view line) {
    if (line.starts_with("# RTLA timerlat histogram")) return begin(true);
    if (line.starts_with("# RTLA osnoise histogram")) return begin(false);
    if (line.starts_with("# Time unit is nanoseconds")) nanoseconds = true;
    if (std::string_view rest = line; take_import_text(rest, "# Duration:")) {
      seconds = rtla_duration(rest);
      if (!seconds) return lines_.error("the duration is not DAYS HH:MM:SS");
    }
    if (line.empty() || line.front() == '#') return {};
    if (line.starts_with("ALL:")) {
      all_ = true;
      return {};
    }
    std::string_view rest = line;
    const auto first = take_import_word(rest);
    if (first == "Index") return header(rest);
    if (columns_.empty()) return {};
    if (first.ends_with(':')) return total(std::string(first), rest);
    if (const auto edge = import_count(first)) return bin(*edge, rest);
    remarks.emplace_back(line);  // "123 events were missed ..." and the auto-analysis
    return {};
  }

  Result<void> begin(bool of_timerlat) {
    if (!columns_.empty()) return lines_.error("the file holds more than one histogram");
    timerlat = of_timerlat;
    titled_ = true;
    return {};
  }

  Result<void> header(std::string_view rest) {
    if (!columns_.empty()) return lines_.error("the file holds more than one histogram");
    if (!titled_) return lines_.error("columns before the title of a histogram");
    for (auto word = take_import_word(rest); !word.empty(); word = take_import_word(rest)) {
      std::optional<int> cpu;
      for (const auto& kind : kColumnKinds)
        if ((cpu = rtla_column(word, kind.word))) {
          parts_.emplace_back(kind.part);
          columns_.emplace_back(
              *cpu, fmt::format("{}{}CPU {}", kind.part, *kind.part == '\0' ? "" : " on ", *cpu));
          break;
        }
      if (!cpu || parts_.back().empty() == timerlat || columns_.size() > 3 * 8192)
        return lines_.error("not the columns of CPUs");
    }
    return {};
  }

  Result<void> bin(std::uint64_t edge, std::string_view rest) {
    if (any_bin_ && edge <= last_edge_) return lines_.error("the bins are not in order");
    if (totals_.contains("over:")) return lines_.error("a bin after the totals");
    if (edge > 1'000'000'000'000) return lines_.error("the bin's length is out of range");
    any_bin_ = true;
    last_edge_ = edge;
    for (auto& column : columns_) {
      const auto count = import_count(take_import_word(rest));
      if (!count) return lines_.error(fmt::format("not {} counts", columns_.size()));
      if (!column.add(edge, *count)) return lines_.error("the counts are beyond 2^53");
    }
    if (!take_import_word(rest).empty())
      return lines_.error(fmt::format("more than {} counts", columns_.size()));
    return {};
  }

  Result<void> total(const std::string& name, std::string_view rest) {
    if (totals_.contains(name)) return {};
    std::vector<std::optional<double>> values;
    for (auto word = take_import_word(rest); !word.empty(); word = take_import_word(rest)) {
      const auto number = import_real(word);
      if (!number && word != "-") return lines_.error("not a number for each column");
      values.push_back(number);
    }
    if (values.size() != columns_.size())
      return lines_.error(fmt::format("{} numbers for {} columns", values.size(), columns_.size()));
    totals_[name] = std::move(values);
    return {};
  }

  void finish(std::size_t i) {
    Distribution& column = columns_[i];
    const auto whole = [&](const char* name) -> std::optional<std::uint64_t> {
      const auto found = totals_.find(name);
      if (found == totals_.end() || !found->second[i] || *found->second[i] > 9e15)
        return std::nullopt;
      return static_cast<std::uint64_t>(*found->second[i]);
    };
    column.total = whole("count:");
    column.least = whole("min:");
    column.most = whole("max:");
    if (const auto mean = totals_.find("avg:"); mean != totals_.end())
      column.mean = mean->second[i];
    // osnoise counts one sample beyond the bins for each bucket of the kernel's histogram there, so
    // "over:" may be too small: "count:" is right.
    std::uint64_t over = whole("over:").value_or(0);
    if (!timerlat && column.total && *column.total > column.in_bins())
      over = std::max(over, *column.total - column.in_bins());
    // Bins end somewhere above the last one in use; nothing shorter is beyond them.
    column.set_overflow(over, any_bin_ ? last_edge_ + 1 : column.least.value_or(0));
    column.seconds = seconds.value_or(0);
  }

  ImportLines lines_;
  std::map<std::string, std::vector<std::optional<double>>> totals_;
  std::uint64_t last_edge_ = 0;
  bool titled_ = false, any_bin_ = false, all_ = false;
};

bool is_rtla_hist(std::string_view text) {
  return text.find("# RTLA timerlat histogram") != std::string_view::npos ||
         text.find("# RTLA osnoise histogram") != std::string_view::npos;
}

void describe_timerlat(WindowRecord& window, ImportedData& out) {
  window.probe.notes[std::string(kLacksNote) + missing::kCorrected] =
      "the file does not say which periods a late wake-up hid";
  out.cannot_tell = {"who delayed the timer, and whether the CPUs were isolated",
                     "which periods a late wake-up hid (coordinated omission)"};
}

void describe_osnoise(const RtlaHist& hist, WindowRecord& window, ImportedData& out) {
  const std::string lacks = kLacksNote;
  window.probe.notes[lacks + missing::kPercentiles] =
      "the file holds the noises over rtla's threshold only, not every round of its loop";
  for (std::size_t i = 0; i < hist.columns_.size(); ++i) {
    const auto& column = hist.columns_[i];
    // The threshold is not in the file: at most the shortest noise, which was recorded.
    window.probe.cpus[i].numbers[kSeenFrom] = static_cast<double>(column.least.value_or(0));
    if (column.mean && column.samples() > 0)
      window.probe.cpus[i].numbers[kLostSeconds] =
          *column.mean * static_cast<double>(column.samples()) / (hist.nanoseconds ? 1e9 : 1e6);
    else
      window.probe.notes[lacks + missing::kTimeLost] = "the file gives no mean of the noises";
  }
  out.cannot_tell = {"what the noise was, and whether the CPUs were isolated",
                     "noise below rtla's threshold (-T), and the threshold itself"};
}

Result<ImportedData> read_rtla_hist(std::span<const ImportFile> files, const ImportOptions&) {
  const auto plain = ImportFile::of(files.front().name, without_escapes(files.front().text));
  RtlaHist hist(plain);
  TRY(hist.read());
  ImportedData out;
  check_totals(hist.columns_, plain.name, out);
  for (const auto& kind : kColumnKinds) {
    std::vector<Distribution> columns;
    for (std::size_t i = 0; i < hist.columns_.size(); ++i)
      if (hist.parts_[i] == kind.part) columns.push_back(hist.columns_[i]);
    if (columns.empty()) continue;
    WindowRecord window = window_of(columns, hist.timerlat ? "timerlat" : "osnoise",
                                    hist.timerlat ? "wakeup" : "gap", hist.nanoseconds);
    hist.timerlat ? describe_timerlat(window, out) : describe_osnoise(hist, window, out);
    if (!hist.seconds) {
      window.probe.notes[std::string(kLacksNote) + missing::kTime] =
          "the file does not say how long was measured (--no-header)";
      out.cannot_tell.emplace_back("how long was measured, so no rate");
    }
    out.windows.push_back({kind.part, std::move(window)});
  }
  out.cannot_tell.push_back(fmt::format(
      "lengths finer than its bins, which are named by their lower edge: as wide as rtla's -b ({})",
      hist.nanoseconds ? "ns" : "us"));
  for (const auto& remark : hist.remarks)
    if (remark.find("missed") != std::string::npos)
      out.warnings.push_back(make_warning(WarningId::import_mismatch, plain.name + ": " + remark));
  out.cpus_why = "the CPUs of the file";
  return out;
}

}  // namespace

Importer import_rtla_hist() {
  return {"rtla histogram", "rtla timerlat hist, rtla osnoise hist", is_rtla_hist, false,
          read_rtla_hist};
}

}  // namespace isolab
