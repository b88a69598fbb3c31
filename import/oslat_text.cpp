// SPDX-License-Identifier: Apache-2.0
// What oslat prints at its end (rt-tests 1.9 to 2.8): "Core:" and its numbers, a row for each bin
// named by its upper edge, the last one "(including overflows)", then shortest, mean, longest and
// the duration of each CPU.
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "import/lines.h"
#include "import/oslat_words.h"

namespace isolab {
namespace {

class OslatText {
 public:
  explicit OslatText(const ImportFile& file) : lines_(file) {}

  Result<std::vector<Distribution>> read() {
    while (const auto line = lines_.next()) TRY(take(*line));
    if (!durations_) return lines_.whole("it has no \"Duration:\" line: cut off");
    if (bins_.empty() || most_.empty()) return lines_.whole("it has no rows or no \"Maximum:\"");
    std::vector<Distribution> out;
    for (std::size_t i = 0; i < cpus_.size(); ++i) {
      Distribution column(static_cast<int>(cpus_[i]), fmt::format("CPU {}", cpus_[i]));
      column.most = ticks(most_[i]);
      if (i < means_.size()) column.mean = means_[i] * (nanoseconds_ ? 1000 : 1);
      column.seconds = seconds_[i];
      const auto last = std::prev(bins_.end());
      for (auto bin = bins_.begin(); bin != last; ++bin)
        if (!column.add(ticks(bin->first), bin->second[i]))
          return lines_.whole("the counts are beyond 2^53");
      end_oslat_bins(column, ticks(last->first), last->second[i]);
      out.push_back(std::move(column));
    }
    return out;
  }
  bool nanoseconds() const { return nanoseconds_; }

 private:
  std::uint64_t ticks(double us) const {
    return static_cast<std::uint64_t>(std::llround(us * (nanoseconds_ ? 1000 : 1)));
  }

  Result<void> take(std::string_view line) {
    const auto colon = line.find(":\t");
    if (colon == std::string_view::npos) return {};
    std::string_view name = line.substr(0, colon);
    name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
    const std::string_view values = line.substr(colon + 2);
    if (name == "Core") {
      if (!cpus_.empty()) return lines_.error("the file holds more than one result");
      for (const double cpu : TRY(numbers(values, 0))) cpus_.push_back(cpu);
      return {};
    }
    if (cpus_.empty()) return {};  // what was asked for, before the result
    if (name == "Average") return keep(values, means_);
    if (name == "Maximum") return keep(values, most_);
    if (name == "Duration") {
      durations_ = true;
      return keep(values, seconds_);
    }
    if (!name.ends_with(" (us)")) return {};
    return bin(name.substr(0, name.size() - 5), values);
  }

  Result<void> keep(std::string_view values, std::vector<double>& out) {
    out = TRY(numbers(values, cpus_.size()));
    return {};
  }

  Result<void> bin(std::string_view edge_text, std::string_view values) {
    const auto edge = import_real(edge_text);
    if (!edge || *edge > 1e9) return lines_.error("the bin's length is not a number");
    nanoseconds_ = nanoseconds_ || edge_text.find('.') != std::string_view::npos;
    if (!bins_.empty() && *edge <= bins_.rbegin()->first)
      return lines_.error("the bins are not in order");
    std::vector<std::uint64_t> counts;
    for (const double count : TRY(numbers(values, cpus_.size())))
      counts.push_back(static_cast<std::uint64_t>(count));
    bins_.emplace(*edge, std::move(counts));
    return {};
  }

  /// Numbers up to a word in parentheses; 0: as many as there are.
  Result<std::vector<double>> numbers(std::string_view values, std::size_t expected) const {
    std::vector<double> out;
    for (auto word = take_import_word(values); !word.empty() && word.front() != '(';
         word = take_import_word(values)) {
      const auto number = import_real(word);
      if (!number || *number > 9e15 || out.size() > 8192)
        return lines_.error("not a row of numbers");
      out.push_back(*number);
    }
    if (out.empty() || (expected != 0 && out.size() != expected))
      return lines_.error(fmt::format("{} numbers for {} CPUs", out.size(), expected));
    return out;
  }

  ImportLines lines_;
  std::vector<double> cpus_;
  std::map<double, std::vector<std::uint64_t>> bins_;
  std::vector<double> means_, most_, seconds_;
  bool durations_ = false, nanoseconds_ = false;
};

bool is_oslat_text(std::string_view text) {
  return text.find("Counter Freq:\t") != std::string_view::npos &&
         text.find("Core:\t") != std::string_view::npos;
}

Result<ImportedData> read_oslat_text(std::span<const ImportFile> files, const ImportOptions&) {
  OslatText text(files.front());
  const auto columns = TRY(text.read());
  ImportedData out;
  describe_oslat(columns, files.front().name, text.nanoseconds(), out);
  return out;
}

}  // namespace

Importer import_oslat_text() {
  return {"oslat text", "oslat, its output", is_oslat_text, false, read_oslat_text};
}

}  // namespace isolab
