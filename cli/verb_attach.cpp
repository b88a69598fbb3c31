// SPDX-License-Identifier: Apache-2.0
// The verb attach: results of Google Benchmark become part of a recording.
#include <fmt/format.h>

#include "analysis/metrics/benchmarks.h"
#include "base/exit_code.h"
#include "base/output.h"
#include "cli/commands.h"
#include "results/benchmarks.h"
#include "results/json.h"
#include "results/recording.h"
#include "runner/complain.h"

namespace isolab {

namespace fs = std::filesystem;

ExitCode attach_command(const fs::path& directory, const fs::path& file, bool json) {
  const auto attached = [&]() -> Result<BenchmarkFile> {
    TRY(load_recording(directory));
    return attach_benchmarks(directory, file);
  }();
  if (!attached) return complain(attached.error());
  std::size_t skipped = 0;
  for (const auto& run : attached->runs) skipped += run.times_ns.empty() ? 1 : 0;
  if (json)
    print_as_json(print_json(Json(JsonObject{{"file", attached->file},
                                             {"benchmarks", std::uint64_t{attached->runs.size()}},
                                             {"not_applicable", std::uint64_t{skipped}}})));
  else
    print(fmt::format("{}: {} benchmarks, {} of them not applicable on that machine\n",
                      visible_line(attached->file), attached->runs.size(), skipped));
  for (const auto& warning : benchmark_warnings({*attached}))
    say("warning: " + warning.seen + ": " + warning.matters + "; " + warning.advice);
  return ExitCode::done;
}

}  // namespace isolab
