// SPDX-License-Identifier: Apache-2.0
// `oslat --json FILE` (rt-tests 2.0 to 2.8). Bins without a round are left out. With a bin width
// that is not a multiple of 1 us (-W) edges have three decimals, and shortest and longest are in
// ns.
#include <fmt/format.h>

#include <cmath>

#include "import/lines.h"
#include "import/oslat_words.h"
#include "import/rt_tests_json.h"

namespace isolab {
namespace {

/// Whether edges are written in us with ns behind the point.
Result<bool> has_decimals(const std::vector<JsonPlace>& threads) {
  for (const auto& thread : threads)
    for (const auto& [key, value] : *TRY(thread.object("histogram")))
      if (key.find('.') != std::string::npos) return true;
  return false;
}

Result<Distribution> oslat_thread(const JsonPlace& place, bool nanoseconds) {
  const std::uint64_t cpu = TRY(place.count("cpu"));
  if (cpu >= 8192) return place.error("no CPU has that number");
  Distribution out(static_cast<int>(cpu), fmt::format("CPU {}", cpu));
  out.most = TRY(place.count("max"));
  const double mean = TRY(place.real("avg"));
  out.mean = nanoseconds ? mean * 1000 : mean;
  out.seconds = TRY(place.real("duration"));
  const JsonPlace histogram = TRY(place.at("histogram"));
  std::map<std::uint64_t, std::uint64_t> bins;
  for (const auto& [key, value] : *TRY(histogram.object())) {
    const auto edge = import_real(key);
    if (!edge || *edge > 1e9) return histogram.error(fmt::format("\"{}\" is not a length", key));
    bins[static_cast<std::uint64_t>(std::llround(*edge * (nanoseconds ? 1000 : 1)))] =
        TRY(histogram.count(key));
  }
  if (bins.empty()) return histogram.error("no round was counted");
  const auto last = std::prev(bins.end());
  for (auto bin = bins.begin(); bin != last; ++bin)
    if (!out.add(bin->first, bin->second)) return histogram.error("the counts are beyond 2^53");
  end_oslat_bins(out, last->first, last->second);
  return out;
}

bool is_oslat_json(std::string_view text) { return is_rt_tests_json(text, true); }

Result<ImportedData> read_oslat_json(std::span<const ImportFile> files, const ImportOptions&) {
  const RtTestsJson json = TRY(read_rt_tests_json(files.front()));
  const auto threads = TRY(threads_of(json));
  const bool nanoseconds = TRY(has_decimals(threads));
  std::vector<Distribution> columns;
  for (const auto& thread : threads) columns.push_back(TRY(oslat_thread(thread, nanoseconds)));
  ImportedData out;
  out.facts = json.facts;
  out.started_utc = json.started_utc;
  out.ended_utc = json.ended_utc;
  describe_oslat(columns, json.file, nanoseconds, out);
  return out;
}

}  // namespace

Importer import_oslat_json() {
  return {"oslat JSON", "oslat --json FILE", is_oslat_json, false, read_oslat_json};
}

}  // namespace isolab
