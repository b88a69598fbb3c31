// SPDX-License-Identifier: Apache-2.0
// The verb export: a recording in the formats of other tools. Runs anywhere, needs no root.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "base/output.h"
#include "base/output_file.h"
#include "cli/shared_options.h"
#include "report/export/folded.h"
#include "report/export/perfetto.h"
#include "report/export/trace_cmd.h"
#include "results/json.h"

namespace isolab {
namespace {

struct ExportOptions {
  std::filesystem::path recording;
  std::filesystem::path perfetto, trace_cmd, folded;  // files to make; empty: not this one
  std::optional<int> window;  // its number; none: all, for trace-cmd the first traced one
  bool json = false;
};

/// What was written, as members of the answer.
Result<JsonObject> write_perfetto(const Recording& recording, const ExportOptions& options) {
  auto out = TRY(OutputFile::create(options.perfetto));
  const auto summary = TRY(export_perfetto(recording, options.window, out));
  TRY(out.finish());
  for (const auto& remark : summary.remarks) say(remark);
  return JsonObject{{"file", options.perfetto.string()}, {"bytes", out.size()},
                    {"windows", summary.windows},        {"gaps", summary.gaps},
                    {"causes", summary.causes},          {"arrows", summary.arrows}};
}

Result<JsonObject> write_trace_cmd(const Recording& recording, const ExportOptions& options) {
  auto out = TRY(OutputFile::create(options.trace_cmd));
  const auto summary = TRY(export_trace_cmd(recording, options.window, out));
  TRY(out.finish());
  if (!options.window && summary.traced > 1)
    say(fmt::format("window {} of {} traced windows; --window chooses another", summary.window,
                    summary.traced));
  return JsonObject{{"file", options.trace_cmd.string()}, {"bytes", summary.file.bytes},
                    {"window", summary.window},           {"cpus", summary.file.cpus},
                    {"pages", summary.file.pages},        {"clock", summary.clock}};
}

Result<JsonObject> write_folded(const Recording& recording, const ExportOptions& options) {
  auto out = TRY(OutputFile::create(options.folded));
  const auto summary = TRY(export_folded(recording, options.window, out));
  TRY(out.finish());
  for (const auto& remark : summary.remarks) say(remark);
  return JsonObject{{"file", options.folded.string()},
                    {"bytes", out.size()},
                    {"stacks", summary.stacks},
                    {"ns", summary.ns}};
}

std::string number_of(const JsonObject& of, const char* key) {
  auto text = print_json(of.at(key));
  text.pop_back();
  return text;
}

Result<ExitCode> export_all(const ExportOptions& options) {
  if (options.perfetto.empty() && options.trace_cmd.empty() && options.folded.empty())
    return Error{ErrorKind::usage, "nothing to export",
                 "name a file: --perfetto OUT.json, --trace-cmd OUT.dat or --folded OUT.txt"};
  const auto recording = TRY(load_recording(options.recording));
  JsonObject answer;
  if (!options.perfetto.empty()) {
    const auto done = TRY(write_perfetto(recording, options));
    if (!options.json)
      print(fmt::format(
          "{}: {} windows, {} gaps, {} causes, {} arrows (open it in ui.perfetto.dev)\n",
          visible_line(options.perfetto.string()), number_of(done, "windows"),
          number_of(done, "gaps"), number_of(done, "causes"), number_of(done, "arrows")));
    answer["perfetto"] = done;
  }
  if (!options.trace_cmd.empty()) {
    const auto done = TRY(write_trace_cmd(recording, options));
    if (!options.json)
      print(fmt::format(
          "{}: window {}, {} CPUs, {} pages (trace-cmd report -i FILE, kernelshark FILE)\n",
          visible_line(options.trace_cmd.string()), number_of(done, "window"),
          number_of(done, "cpus"), number_of(done, "pages")));
    answer["trace_cmd"] = done;
  }
  if (!options.folded.empty()) {
    const auto done = TRY(write_folded(recording, options));
    if (!options.json)
      print(fmt::format("{}: {} stacks, {} ns of lost time (flamegraph.pl --countname ns FILE)\n",
                        visible_line(options.folded.string()), number_of(done, "stacks"),
                        number_of(done, "ns")));
    answer["folded"] = done;
  }
  if (options.json) print_as_json(print_json(answer));
  return ExitCode::done;
}

}  // namespace

Verb verb_export() {
  const auto options = std::make_shared<ExportOptions>();
  return {"export",
          "write a recording for other tools: Perfetto, trace-cmd, KernelShark, flame graphs",
          {json_flag(options->json),
           recording_argument(options->recording),
           {"--perfetto", &options->perfetto,
            "make this file: gaps, causes and arrows from senders, as Chrome "
            "trace JSON"},
           {"--trace-cmd", &options->trace_cmd,
            "make this file: the raw trace of one window, as trace.dat"},
           {"--folded", &options->folded,
            "make this file: lost time by sender and its stack, as input of a flame graph"},
           {"--window", &options->window,
            "only this window, by its number (default: all; --trace-cmd: the "
            "first traced one)"}},
          [options](const Call&) { return export_all(*options); }};
}

}  // namespace isolab
