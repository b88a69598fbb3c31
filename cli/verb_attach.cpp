// SPDX-License-Identifier: Apache-2.0
// The verb attach: results of Google Benchmark become part of a recording.
#include <fmt/format.h>

#include <memory>

#include "analysis/metrics/benchmarks.h"
#include "base/output.h"
#include "cli/shared_options.h"
#include "results/benchmarks.h"
#include "results/json.h"
#include "results/recording.h"

namespace isolab {
namespace {

struct AttachOptions {
  std::filesystem::path recording, file;
  bool json = false;
};

Result<ExitCode> attach(const AttachOptions& options) {
  TRY(load_recording(options.recording));
  const BenchmarkFile attached = TRY(attach_benchmarks(options.recording, options.file));
  std::size_t skipped = 0;
  for (const auto& run : attached.runs) skipped += run.times_ns.empty() ? 1 : 0;
  if (options.json)
    print_as_json(print_json(Json(JsonObject{{"file", attached.file},
                                             {"benchmarks", std::uint64_t{attached.runs.size()}},
                                             {"not_applicable", std::uint64_t{skipped}}})));
  else
    print(fmt::format("{}: {} benchmarks, {} of them not applicable on that machine\n",
                      visible_line(attached.file), attached.runs.size(), skipped));
  for (const auto& warning : benchmark_warnings({attached}))
    say("warning: " + warning.seen + ": " + warning.matters + "; " + warning.advice);
  return ExitCode::done;
}

}  // namespace

Verb verb_attach() {
  const auto options = std::make_shared<AttachOptions>();
  return {"attach",
          "add results of Google Benchmark to a recording as metrics",
          {json_flag(options->json), recording_argument(options->recording),
           Option{"file", &options->file, "JSON of --benchmark_out, such as that of the ladder"}
               .require()},
          [options](const Call&) { return attach(*options); }};
}

}  // namespace isolab
