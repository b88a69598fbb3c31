// SPDX-License-Identifier: Apache-2.0
// The verb explain: files of other tools become a recording and its report. Runs anywhere.
#include <memory>

#include "analysis/analyse.h"
#include "base/output.h"
#include "base/scratch.h"
#include "base/units.h"
#include "cli/finish_report.h"
#include "cli/shared_options.h"
#include "host/os.h"
#include "import/recording.h"
#include "report/json/findings_json.h"
#include "report/text/report.h"

namespace isolab {
namespace {

struct ExplainOptions {
  std::vector<std::string> files;
  std::filesystem::path output;  // empty: nothing is kept
  std::string arm;
  std::string cpus;                // of a trace: a list; empty: all
  std::string duration, interval;  // empty: the file says it, or it is unknown
  bool nanoseconds = false;
  bool no_plots = false;
  bool json = false;
};

Result<std::optional<Nanos>> positive_time(const char* option, const std::string& text) {
  if (text.empty()) return std::optional<Nanos>{};
  const Nanos time = TRY(parse_duration(text));
  if (time <= Nanos{0})
    return Error{ErrorKind::usage, std::string("cannot take a time of 0 for ") + option};
  return std::optional<Nanos>{time};
}

/// Of a recording that is not kept.
Result<Findings> findings_in_passing(const ImportedRecording& imported) {
  if (imported.in_memory()) return analyse(imported.recording);
  const Scratch scratch = TRY(Scratch::make());
  TRY(write_recording(imported, scratch.path() / "recording"));
  return analyse(TRY(load_recording(scratch.path() / "recording")));
}

Result<ExitCode> explain(const ExplainOptions& options, const std::vector<std::string>& words) {
  ImportRequest request;
  request.options.duration = TRY(positive_time("--duration", options.duration));
  request.options.interval = TRY(positive_time("--interval", options.interval));
  request.options.nanoseconds = options.nanoseconds;
  if (!options.cpus.empty()) request.options.cpus = TRY(CpuSet::parse(options.cpus));
  request.files = TRY(read_import_files(options.files));
  request.arm = options.arm;
  request.now_utc = utc_now();
  request.command_line = words;
  const ImportedRecording imported = TRY(import_recording(request));
  if (!options.output.empty()) {
    TRY(write_recording(imported, options.output));
    return finish_report(options.output, ExitCode::done, options.json, !options.no_plots);
  }
  const Findings findings = TRY(findings_in_passing(imported));
  options.json ? print_as_json(metrics_to_json(findings)) : print(TRY(render_report(findings, {})));
  return ExitCode::done;
}

}  // namespace

Verb verb_explain() {
  const auto options = std::make_shared<ExplainOptions>();
  return {"explain",
          "report on files of other tools: cyclictest, oslat, rtla, hwlatdetect, /proc/interrupts, "
          "trace.dat",
          {json_flag(options->json),
           Option{"files", &options->files,
                  "files of one format, recognised by their content (docs/explain.md)"}
               .require(),
           {"-o,--output", &options->output,
            "keep the recording in this directory (default: only the report is made)"},
           {"--arm", &options->arm, "the files are repeats of this arm (default: an arm a file)"},
           {"--cpus", &options->cpus, "of a trace, the CPUs to report on (default: all of it)"},
           {"--duration", &options->duration,
            "how long was measured, like 10min, where the file does not say"},
           {"--interval", &options->interval,
            "cyclictest's interval, like 200us, where the file does not say"},
           {"--nsecs", &options->nanoseconds, "lengths are in ns (cyclictest --nsecs)"},
           no_plots_flag(options->no_plots)},
          [options](const Call& call) { return explain(*options, call.words); }};
}

}  // namespace isolab
