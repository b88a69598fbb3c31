// SPDX-License-Identifier: Apache-2.0
// `rtla timerlat top`, `rtla osnoise top` and `rtla hwnoise` (Linux 5.17 to 7.0,
// tools/tracing/rtla): a table a second, each over the whole time; the last whole one is read. It
// has the longest, no distribution.
#include <fmt/format.h>

#include <cmath>

#include "base/warnings.h"
#include "import/distribution.h"
#include "import/lines.h"
#include "import/rtla_text.h"

namespace isolab {
namespace {

constexpr const char* kTimerTitle = "Timer Latency";
constexpr const char* kOsTitle = "Operating System Noise";
constexpr const char* kHardwareTitle = "Hardware-related Noise";
constexpr const char* kNoDistribution = "rtla's table has no distribution, only the longest";

struct NoiseRow {
  int cpu = 0;
  double runtime_us = 0, noise_us = 0;
  std::uint64_t longest_us = 0;
  std::vector<std::uint64_t> counts;  // HW, NMI, and of osnoise IRQ, softirq, thread
};

struct TimerRow {
  int cpu = 0;
  std::uint64_t count = 0;
  std::vector<std::vector<std::string>> groups;  // cur, min, avg, max of IRQ, thread, user
};

class RtlaTop {
 public:
  explicit RtlaTop(const ImportFile& file) : lines_(file) {}

  Result<void> read() {
    while (const auto line = lines_.next()) TRY(take(*line));
    if (noise.empty() && timers.empty()) return lines_.whole("the table has no rows");
    if (seconds <= 0 && !timers.empty()) return lines_.whole("the table has no duration");
    return {};
  }

  bool timer = false, hardware = false, nanoseconds = false;
  double seconds = 0;
  std::vector<NoiseRow> noise;
  std::vector<TimerRow> timers;
  std::vector<std::string> remarks;

 private:
  Result<void> take(std::string_view line) {
    for (const char* title : {kTimerTitle, kOsTitle, kHardwareTitle})
      if (line.find(title) != std::string_view::npos && line.find('|') == std::string_view::npos)
        return begin(title);
    if (line.find("Timer Latency (") != std::string_view::npos) {
      nanoseconds = line.find("(ns)") != std::string_view::npos;
      return duration(line.substr(0, line.find('|')));
    }
    if (std::string_view rest = line; take_import_text(rest, "duration:"))
      return duration(rest.substr(0, rest.find('|')));
    if (line.find("missed") != std::string_view::npos) remarks.emplace_back(line);
    std::string_view rest = line;
    const auto cpu = import_count(take_import_word(rest));
    auto count = take_import_word(rest);
    if (!cpu || *cpu >= 8192 || !count.starts_with('#') || !titled_) return {};
    count.remove_prefix(1);
    const auto samples = import_count(count);
    if (!samples) return lines_.error("not a row of the table");
    if (timer) return timer_row(static_cast<int>(*cpu), *samples, rest);
    return noise_row(static_cast<int>(*cpu), rest);
  }

  /// Each table is of the whole time: the last one replaces those before.
  Result<void> begin(const char* title) {
    titled_ = true;
    timer = title == kTimerTitle;
    hardware = title == kHardwareTitle;
    noise.clear();
    timers.clear();
    return {};
  }

  Result<void> duration(std::string_view text) {
    const auto read = rtla_duration(text);
    if (!read) return lines_.error("the duration is not DAYS HH:MM:SS");
    seconds = *read;
    return {};
  }

  Result<void> noise_row(int cpu, std::string_view rest) {
    std::vector<double> numbers;
    for (auto word = take_import_word(rest); !word.empty(); word = take_import_word(rest)) {
      const auto number = import_real(word);
      if (!number || *number > 9e15) return lines_.error("not a row of numbers");
      numbers.push_back(*number);
    }
    if (numbers.size() != (hardware ? 7U : 10U))
      return lines_.error(fmt::format("{} numbers, not {}", numbers.size(), hardware ? 7 : 10));
    NoiseRow row{cpu, numbers[0], numbers[1], static_cast<std::uint64_t>(numbers[4]), {}};
    for (std::size_t i = 5; i < numbers.size(); ++i)
      row.counts.push_back(static_cast<std::uint64_t>(numbers[i]));
    if (row.runtime_us <= 0) return lines_.error("no runtime");
    const double available = 100 * (1 - row.noise_us / row.runtime_us);
    if (std::abs(available - numbers[2]) > 0.001)
      return lines_.error(fmt::format("noise and runtime give {:.5f} % available", available));
    noise.push_back(std::move(row));
    return {};
  }

  Result<void> timer_row(int cpu, std::uint64_t count, std::string_view rest) {
    TimerRow row{cpu, count, {}};
    while (!rest.empty()) {
      const auto bar = rest.find('|');
      std::string_view group = rest.substr(0, bar);
      rest = bar == std::string_view::npos ? std::string_view{} : rest.substr(bar + 1);
      std::vector<std::string> words;
      for (auto word = take_import_word(group); !word.empty(); word = take_import_word(group))
        words.emplace_back(word);
      if (words.empty() && row.groups.empty()) continue;  // before the first bar
      if (words.size() != 4) return lines_.error("not cur, min, avg and max between two bars");
      for (const auto& word : words)
        if (word != "-" && !import_count(word)) return lines_.error("not a number");
      row.groups.push_back(std::move(words));
    }
    if (row.groups.size() < 2 || row.groups.size() > 3)
      return lines_.error("not the columns of IRQ and thread");
    timers.push_back(std::move(row));
    return {};
  }

  ImportLines lines_;
  bool titled_ = false;
};

/// IRQ, thread and return to user space, an arm each.
void add_timers(const RtlaTop& top, ImportedData& out) {
  constexpr const char* kParts[] = {"IRQ", "thread", "return to user"};
  for (std::size_t group = 0; group < std::size(kParts); ++group) {
    std::vector<Distribution> columns;
    for (const auto& row : top.timers) {
      if (group >= row.groups.size()) continue;
      const auto least = import_count(row.groups[group][1]);
      const auto most = import_count(row.groups[group][3]);
      if (!least || !most) continue;
      Distribution column(row.cpu, fmt::format("{} on CPU {}", kParts[group], row.cpu));
      column.set_overflow(row.count, *least);
      column.least = least;
      column.most = most;
      column.seconds = top.seconds;
      columns.push_back(std::move(column));
    }
    if (columns.empty()) continue;
    WindowRecord window = window_of(columns, "timerlat", "wakeup", top.nanoseconds);
    auto& notes = window.probe.notes;
    notes[std::string(kLacksNote) + missing::kPercentiles] = kNoDistribution;
    notes[std::string(kLacksNote) + missing::kCorrected] = kNoDistribution;
    out.windows.push_back({kParts[group], std::move(window)});
  }
  out.cannot_tell = {"who delayed the timer, and whether the CPUs were isolated",
                     "the distribution: only shortest, mean and longest are in the table"};
}

/// What interfered, as rows of interrupts: the table has their numbers over the time.
void add_counts(const RtlaTop& top, WindowRecord& window) {
  constexpr const char* kIds[] = {"HW", "NMI", "IRQ", "softirq", "thread"};
  constexpr const char* kLabels[] = {"hardware noise", "Non-maskable interrupts", "interrupts",
                                     "softirqs", "threads"};
  for (std::size_t id = 0; id < (top.hardware ? 2U : 5U); ++id) {
    CounterRow row;
    row.id = kIds[id];
    row.label = kLabels[id];
    row.kind = id == 1 ? "nmi" : "other";
    for (const auto& cpu : top.noise) {
      row.before[cpu.cpu] = 0;
      row.after[cpu.cpu] = cpu.counts[id];
    }
    window.interrupts.push_back(std::move(row));
  }
}

void add_noise(const RtlaTop& top, ImportedData& out) {
  std::vector<Distribution> columns;
  for (const auto& row : top.noise) {
    columns.emplace_back(row.cpu, fmt::format("CPU {}", row.cpu));
    columns.back().seconds = row.runtime_us / 1e6;
  }
  WindowRecord window = window_of(columns, top.hardware ? "hwnoise" : "osnoise", "gap", false);
  for (std::size_t i = 0; i < top.noise.size(); ++i) {
    auto& numbers = window.probe.cpus[i].numbers;
    // Nothing seen is nothing over the threshold, which the table does not say: 5 us by default
    // until Linux 6.1, then 1 us (osnoise tracer).
    if (top.noise[i].longest_us == 0) numbers[kSeenFrom] = 5;
    numbers["longest_ticks"] = static_cast<double>(top.noise[i].longest_us);
    numbers[kLostSeconds] = top.noise[i].noise_us / 1e6;
  }
  window.probe.notes[std::string(kLacksNote) + missing::kPercentiles] = kNoDistribution;
  add_counts(top, window);
  out.windows.push_back({"", std::move(window)});
  out.cannot_tell = {"who made the noise beyond its kind, and whether the CPUs were isolated",
                     "how many noises there were and how long each was: only the longest",
                     "noise below rtla's threshold (-T), and the threshold itself"};
}

bool is_rtla_top(std::string_view text) {
  const bool rows = text.find(" #") != std::string_view::npos;
  return rows && (text.find("Timer Latency (") != std::string_view::npos ||
                  text.find(kOsTitle) != std::string_view::npos ||
                  text.find(kHardwareTitle) != std::string_view::npos);
}

Result<ImportedData> read_rtla_top(std::span<const ImportFile> files, const ImportOptions&) {
  const auto plain = ImportFile::of(files.front().name, without_escapes(files.front().text));
  RtlaTop top(plain);
  TRY(top.read());
  ImportedData out;
  top.timer ? add_timers(top, out) : add_noise(top, out);
  if (!top.timer)
    out.checked.push_back(plain.name +
                          ": of each CPU, noise and runtime give the share it says was available");
  for (const auto& remark : top.remarks)
    out.warnings.push_back(make_warning(WarningId::import_mismatch, plain.name + ": " + remark));
  out.cpus_why = "the CPUs of the file";
  return out;
}

}  // namespace

Importer import_rtla_top() {
  return {"rtla table", "rtla timerlat top, rtla osnoise top, rtla hwnoise", is_rtla_top, false,
          read_rtla_top};
}

}  // namespace isolab
