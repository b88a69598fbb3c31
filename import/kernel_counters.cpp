// SPDX-License-Identifier: Apache-2.0
// Two or more readings of /proc/interrupts, /proc/softirqs or /proc/stat, a file each or one after
// the other in a file: what each row gained between them. /proc/stat counts time, so with it the
// rest has rates; without it --duration says how long lay between two readings.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/interrupts.h"
#include "base/warnings.h"
#include "import/lines.h"
#include "probes/formats/proc_stat.h"

namespace isolab {
namespace {

constexpr long kUserHz = 100;  // of /proc/stat, on every architecture but alpha and old ia64
constexpr std::size_t kMostReadings = 10'000;

enum class Table { interrupts, softirqs, stat };
constexpr std::array kTableNames = {"/proc/interrupts", "/proc/softirqs", "/proc/stat"};

struct Reading {
  Table table = Table::interrupts;
  std::string text;
  std::string file;
  int line = 0;  // where it begins
};

bool is_cpu_header(std::string_view line) {
  bool any = false;
  for (auto word = take_import_word(line); !word.empty(); word = take_import_word(line)) {
    if (!word.starts_with("CPU") || !import_count(word.substr(3))) return false;
    any = true;
  }
  return any;
}

bool is_stat_line(std::string_view line) {
  return take_import_text(line, "cpu") && !line.empty() &&
         import_count(take_import_word(line)).has_value();
}

/// Whether the line is the first of a row: a name, a colon, a count.
bool is_counter_row(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  auto rest = line.substr(colon + 1);
  return import_count(take_import_word(rest)).has_value();
}

/// The readings of a file. Blank lines and comments end one; any other text before the next is
/// skipped.
Result<std::vector<Reading>> readings_of(const ImportFile& file) {
  std::vector<Reading> out;
  ImportLines lines(file);
  bool open = false;
  while (const auto line = lines.next()) {
    const bool header = is_cpu_header(*line);
    const bool stat = line->starts_with("cpu ") && is_stat_line(*line);
    if (header || stat) {
      if (out.size() >= kMostReadings)
        return lines.error(fmt::format("more than {} readings", kMostReadings));
      out.push_back({stat ? Table::stat : Table::interrupts, {}, file.name, lines.number()});
      open = true;
    } else if (line->empty() || line->front() == '#') {
      open = false;
      continue;
    } else if (!open) {
      if (is_counter_row(*line)) return lines.error("a row of counts without its table's header");
      continue;  // what a script printed in between
    } else if (auto rest = *line; out.back().table == Table::interrupts &&
                                  take_import_text(rest, "HI:") && is_counter_row(*line)) {
      out.back().table = Table::softirqs;
    }
    out.back().text.append(*line).append("\n");
  }
  return out;
}

/// The readings of one table, each with the error's file and line.
template <class T, class Parse>
Result<std::vector<T>> parsed(const std::vector<Reading>& readings, Table table, Parse parse) {
  std::vector<T> out;
  for (const auto& reading : readings) {
    if (reading.table != table) continue;
    auto rows = parse(reading.text);
    if (!rows) {
      Error error = rows.error();
      error.what = fmt::format("{}:{}: the reading that begins here: {}", reading.file,
                               reading.line, error.what);
      return error;
    }
    out.push_back(*std::move(rows));
  }
  return out;
}

struct Tables {
  std::vector<std::vector<CounterRow>> interrupts, softirqs;
  std::vector<std::vector<CpuTime>> times;

  std::array<std::size_t, 3> sizes() const {
    return {interrupts.size(), softirqs.size(), times.size()};
  }
};

/// Seconds that a CPU's time grew by: all states together count the wall time. The greatest, since
/// a CPU that was offline has less.
double seconds_between(const std::vector<CpuTime>& gained) {
  double most = 0;
  for (const auto& time : gained)
    most =
        std::max(most, time.user + time.system + time.irq + time.softirq + time.steal + time.idle);
  return most;
}

Result<Tables> tables_of(std::span<const ImportFile> files) {
  std::vector<Reading> readings;
  for (const auto& file : files) {
    auto more = TRY(readings_of(file));
    readings.insert(readings.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
  }
  Tables out;
  out.interrupts = TRY(parsed<std::vector<CounterRow>>(
      readings, Table::interrupts, [](const std::string& text) { return parse_interrupts(text); }));
  out.softirqs = TRY(parsed<std::vector<CounterRow>>(
      readings, Table::softirqs, [](const std::string& text) { return parse_softirqs(text); }));
  out.times = TRY(parsed<std::vector<CpuTime>>(readings, Table::stat, [](const std::string& text) {
    return parse_proc_stat(text, kUserHz);
  }));
  std::size_t most = 0;
  for (const auto size : out.sizes()) most = std::max(most, size);
  for (std::size_t i = 0; i < kTableNames.size(); ++i)
    if (const auto size = out.sizes()[i]; size != 0 && (size != most || size < 2))
      return Error{
          ErrorKind::usage,
          fmt::format("cannot subtract {} reading{} of {}{}", size, size == 1 ? "" : "s",
                      kTableNames[i],
                      size == most ? "" : fmt::format(": of another table there are {}", most)),
          "name the readings in the order of time, as many of each table"};
  if (most == 0) return Error{ErrorKind::parse, files.front().name + ": it holds no reading"};
  return out;
}

WindowRecord between(const Tables& tables, std::size_t i, const ImportOptions& options) {
  WindowRecord out;
  out.status = "complete";
  if (!tables.interrupts.empty())
    out.interrupts = join_counters(tables.interrupts[i], tables.interrupts[i + 1]);
  if (!tables.softirqs.empty())
    out.softirqs = join_counters(tables.softirqs[i], tables.softirqs[i + 1]);
  double seconds = 0;
  if (!tables.times.empty()) {
    out.cpu_times = cpu_time_between(tables.times[i], tables.times[i + 1]);
    seconds = seconds_between(out.cpu_times);
  }
  if (seconds <= 0 && !options.duration)
    out.probe.notes[std::string(kLacksNote) + missing::kTime] =
        "how long lay between the readings is not known";
  if (seconds <= 0 && options.duration)
    seconds = static_cast<double>(options.duration->count()) / 1e9;
  out.end_ns = static_cast<std::uint64_t>(std::clamp(seconds, 0.0, 1e9) * 1e9);
  return out;
}

bool is_kernel_counters(std::string_view text) {
  const ImportFile file{"", text.substr(0, std::size_t{1} << 20), {}};
  ImportLines lines(file);
  for (auto line = lines.next(); line; line = lines.next()) {
    if (is_cpu_header(*line) || (line->starts_with("cpu ") && is_stat_line(*line))) return true;
  }
  return false;
}

Result<ImportedData> read_kernel_counters(std::span<const ImportFile> files,
                                          const ImportOptions& options) {
  const Tables tables = TRY(tables_of(files));
  if (options.duration && !tables.times.empty())
    return Error{ErrorKind::usage, "cannot take another time for these files: /proc/stat says it",
                 "leave out --duration"};
  const auto sizes = tables.sizes();
  const std::size_t readings = *std::max_element(sizes.begin(), sizes.end());
  ImportedData out;
  CpuSet came_or_went;
  for (std::size_t i = 0; i + 1 < readings; ++i) {
    out.windows.push_back({"", between(tables, i, options)});
    if (!tables.interrupts.empty())
      came_or_went =
          came_or_went | cpus_of_one_reading(tables.interrupts[i], tables.interrupts[i + 1]);
  }
  if (!came_or_went.empty())
    out.warnings.push_back(
        make_warning(WarningId::cpu_offline_at_edge,
                     fmt::format("CPU {} is in some of the readings only", came_or_went.list())));
  out.cannot_tell = {"who sent an interrupt, how long it took, and whether the CPUs were isolated",
                     "when in between a count was made"};
  if (tables.times.empty() && !options.duration)
    out.cannot_tell.emplace_back(
        "how long lay between the readings, so no rate: /proc/stat or --duration says it");
  out.cpus_why = "all CPUs of the readings";
  return out;
}

}  // namespace

Importer import_kernel_counters() {
  return {"kernel counters", "two copies of /proc/interrupts, /proc/softirqs or /proc/stat",
          is_kernel_counters, true, read_kernel_counters};
}

}  // namespace isolab
