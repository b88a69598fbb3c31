// SPDX-License-Identifier: Apache-2.0
// `cyclictest --json FILE` (rt-tests 1.9 to 2.8). With -h each thread has its histogram, without
// the samples beyond it: they are what "cycles" has more than the bins. Without -h it has the
// shortest, the longest and the mean only.
#include <fmt/format.h>

#include <algorithm>

#include "import/cyclictest_words.h"
#include "import/distribution.h"
#include "import/lines.h"
#include "import/rt_tests_json.h"

namespace isolab {
namespace {

Result<Distribution> thread_distribution(const JsonPlace& place, std::size_t index,
                                         std::optional<std::uint64_t> bins) {
  Distribution out(static_cast<int>(index), fmt::format("thread {}", index));
  const std::uint64_t cycles = TRY(place.count("cycles"));
  out.least = TRY(place.count("min"));
  out.most = TRY(place.count("max"));
  out.mean = TRY(place.real("avg"));
  out.total = cycles;
  if (const auto histogram = place.find("histogram"))
    for (const auto& [key, value] : *TRY(histogram->object())) {
      const auto length = import_count(key);
      if (!length) return histogram->error(fmt::format("\"{}\" is not a length", key));
      if (!out.add(*length, TRY(histogram->count(key))))
        return histogram->error("the counts are beyond 2^53");
    }
  if (out.in_bins() > cycles)
    return place.error(
        fmt::format("the bins hold {} samples, \"cycles\" says {}", out.in_bins(), cycles));
  // The bins end where the command line says, or above the last one in use.
  std::uint64_t from = out.highest_bin() ? *out.highest_bin() + 1 : *out.least;
  if (bins && out.highest_bin()) from = std::max(from, *bins);
  out.set_overflow(cycles - out.in_bins(), from);
  return out;
}

bool is_cyclictest_json(std::string_view text) {
  return is_rt_tests_json(text, false) && text.find("\"cycles\"") != std::string_view::npos;
}

Result<ImportedData> read_cyclictest_json(std::span<const ImportFile> files,
                                          const ImportOptions& options) {
  const RtTestsJson json = TRY(read_rt_tests_json(files.front()));
  auto bins = option_of(json.command_line, "histogram", 'h');
  if (!bins) bins = option_of(json.command_line, "histofall", 'H');
  const auto resolution = json.root().find("resolution_in_ns");
  const bool nanoseconds = resolution && TRY(resolution->count()) == 1;

  const auto threads = TRY(threads_of(json));
  std::vector<Distribution> columns;
  CpuSet cpus;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    columns.push_back(TRY(thread_distribution(threads[i], i, bins)));
    columns.back().seconds = json.seconds;
    if (const auto cpu = threads[i].find("cpu"))
      if (const auto number = cpu->count(); number && *number < 8192)
        cpus.add(static_cast<int>(*number));
  }
  const bool by_cpu = static_cast<std::size_t>(cpus.count()) == columns.size();
  for (std::size_t i = 0; by_cpu && i < columns.size(); ++i)
    columns[i].set_cpu(static_cast<int>(*threads[i].find("cpu")->count()));

  ImportedData out;
  out.facts = json.facts;
  out.started_utc = json.started_utc;
  out.ended_utc = json.ended_utc;
  TRY(give_time(columns, json.file, options));
  check_totals(columns, json.file, out);
  WindowRecord window = window_of(columns, "cyclictest", "wakeup", nanoseconds);
  describe_cyclictest(columns, nanoseconds, window, out);
  if (json.seconds > 0)
    out.cannot_tell.emplace_back("how long was measured to better than a second");
  out.cpus_why = by_cpu ? "the CPUs its threads ran on last, by the file"
                        : "threads of cyclictest; the file names no CPU for each";
  out.windows.push_back({"", std::move(window)});
  return out;
}

}  // namespace

Importer import_cyclictest_json() {
  return {"cyclictest JSON", "cyclictest -h 400 --json FILE", is_cyclictest_json, false,
          read_cyclictest_json};
}

}  // namespace isolab
