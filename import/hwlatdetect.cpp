// SPDX-License-Identifier: Apache-2.0
// `hwlatdetect` (rt-tests 1.0 to 2.8): its parameters, the longest, how many samples exceeded the
// threshold, and each of them as "ts: TIME, inner:US, outer:US". The detector looks for `width` of
// each `window`, on one CPU after the other.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "import/distribution.h"
#include "import/lines.h"

namespace isolab {
namespace {

struct HwlatText {
  std::optional<double> seconds;
  std::optional<std::uint64_t> threshold_us, window_us, width_us, longest_us, recorded;
  std::optional<CpuSet> cpus;
  bool below = false;  // "Max Latency: Below threshold"
  std::vector<std::uint64_t> samples_us;
};

/// "500000us" -> 500000.
std::optional<std::uint64_t> in_us(std::string_view text) {
  const auto word = take_import_word(text);
  return word.ends_with("us") ? import_count(word.substr(0, word.size() - 2)) : std::nullopt;
}

/// The longer of "ts: 1.2, inner:12, outer:0".
std::optional<std::uint64_t> sample_of(std::string_view line) {
  std::optional<std::uint64_t> longest;
  for (const std::string_view key : {"inner:", "outer:"}) {
    const auto at = line.find(key);
    if (at == std::string_view::npos) return std::nullopt;
    auto rest = line.substr(at + key.size());
    auto word = take_import_word(rest);
    if (word.ends_with(',')) word.remove_suffix(1);
    const auto length = import_count(word);
    if (!length) return std::nullopt;
    longest = std::max(longest.value_or(0), *length);
  }
  return longest;
}

Result<void> take_hwlat_line(const ImportLines& lines, std::string_view line, HwlatText& out) {
  const std::array numbers = {std::pair{"Latency threshold:", &HwlatText::threshold_us},
                              std::pair{"Sample window:", &HwlatText::window_us},
                              std::pair{"Sample width:", &HwlatText::width_us}};
  std::string_view rest = line;
  for (const auto& [key, member] : numbers)
    if (take_import_text(rest, key)) {
      if (!(out.*member = in_us(rest))) return lines.error("not a time in us");
      return {};
    }
  if (take_import_text(rest, "hwlatdetect:  test duration")) {
    if (!(out.seconds = import_real(take_import_word(rest)))) return lines.error("not a duration");
  } else if (take_import_text(rest, "CPU list:")) {
    if (const auto list = CpuSet::parse(std::string(take_import_word(rest)))) out.cpus = *list;
  } else if (take_import_text(rest, "Max Latency:")) {
    out.below = rest.find("Below threshold") != std::string_view::npos;
    out.longest_us = in_us(rest);
    if (!out.below && !out.longest_us) return lines.error("not a length");
  } else if (take_import_text(rest, "Samples recorded:")) {
    if (!(out.recorded = import_count(take_import_word(rest)))) return lines.error("not a count");
  } else if (take_import_text(rest, "ts:")) {
    const auto sample = sample_of(line);
    if (!sample) return lines.error("not a sample of hwlatdetect");
    out.samples_us.push_back(*sample);
  }
  return {};
}

Result<Distribution> hwlat_distribution(const ImportLines& lines, const HwlatText& text) {
  if (!text.seconds || !text.threshold_us || !text.window_us || !text.width_us)
    return lines.whole("its parameters are not all there");
  if (!text.recorded || (!text.below && !text.longest_us))
    return lines.whole("it has no \"Max Latency:\" or \"Samples recorded:\": cut off");
  if (*text.window_us == 0 || *text.width_us > *text.window_us)
    return lines.whole("the sample width is longer than the window");
  Distribution out(0, "the detector");
  for (const auto sample : text.samples_us)
    if (!out.add(sample, 1)) return lines.whole("too many samples");
  if (text.samples_us.empty()) out.set_overflow(*text.recorded, *text.threshold_us);
  out.total = text.recorded;
  if (*text.recorded > 0) out.most = text.longest_us;
  out.seconds =
      *text.seconds * static_cast<double>(*text.width_us) / static_cast<double>(*text.window_us);
  return out;
}

bool is_hwlatdetect(std::string_view text) {
  return text.find("hwlatdetect:  test duration") != std::string_view::npos;
}

Result<ImportedData> read_hwlatdetect(std::span<const ImportFile> files, const ImportOptions&) {
  ImportLines lines(files.front());
  HwlatText text;
  while (const auto line = lines.next()) TRY(take_hwlat_line(lines, *line, text));
  Distribution column = TRY(hwlat_distribution(lines, text));
  ImportedData out;
  if (text.cpus && text.cpus->count() == 1) column.set_cpu(*text.cpus->first());
  check_totals({column}, files.front().name, out);
  WindowRecord window = window_of({column}, "hwlatdetect", "gap", false);
  window.probe.cpus.front().numbers[kSeenFrom] = static_cast<double>(*text.threshold_us);
  auto& notes = window.probe.notes;
  notes[std::string(kLacksNote) + missing::kPercentiles] =
      fmt::format("the file holds latencies of {} us and more only", *text.threshold_us);
  notes[std::string(kLacksNote) + missing::kTimeLost] =
      "the file has the longest latency of each sample window, not their sum";
  out.cannot_tell = {
      fmt::format("latencies below {} us, and a second one in the same sample window",
                  *text.threshold_us),
      "what the hardware did, and what the kernel did: interrupts were off",
      fmt::format(
          "the time it did not look: {:.3g} % of {:.6g} s",
          100 - 100 * static_cast<double>(*text.width_us) / static_cast<double>(*text.window_us),
          *text.seconds)};
  const bool one_cpu = text.cpus && text.cpus->count() == 1;
  out.cpus_why = one_cpu ? "the CPU it was given" : "the detector moves over all CPUs";
  if (!one_cpu)
    out.cannot_tell.emplace_back(
        "which CPU had it: the detector moves from CPU to CPU, shown as CPU 0");
  out.windows.push_back({"", std::move(window)});
  return out;
}

}  // namespace

Importer import_hwlatdetect() {
  return {"hwlatdetect text", "hwlatdetect, its output", is_hwlatdetect, false, read_hwlatdetect};
}

}  // namespace isolab
