// SPDX-License-Identifier: Apache-2.0
// The verb report: a recording for people. Runs anywhere.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/output.h"
#include "base/text_file.h"
#include "cli/finish_report.h"
#include "cli/machine_text.h"
#include "cli/report_output.h"
#include "cli/shared_options.h"
#include "host/captured/machine.h"
#include "report/html/recording_page.h"
#include "report/json/findings_json.h"
#include "report/text/report.h"
#include "results/recording.h"

namespace isolab {
namespace {

struct ReportRequest {
  std::filesystem::path recording;
  std::string classes;
  std::filesystem::path host;  // a captured machine to be set against the recorded one; empty: none
  std::filesystem::path html;  // to make; empty: not
  std::vector<std::string> sections;
  bool full = false;
  bool json = false;
  std::string color = "auto";
};

/// "list" as a section: their names, one a line.
std::string section_list() {
  std::string out;
  for (const auto& [name, summary] : report_sections())
    out += fmt::format("{:<15} {}\n", name, summary);
  return out + fmt::format("{:<15} {}\n", "all", "every section, many arms in brief");
}

/// The sections that are asked for; "all" is every one, as no name at all is.
TextStyle style_of(const ReportRequest& request) {
  TextStyle style{request.full, request.sections};
  if (std::find(style.sections.begin(), style.sections.end(), "all") != style.sections.end())
    style.sections.clear();
  return style;
}

Result<void> write_recording_page(const AnalysedRecording& analysed,
                                  const std::filesystem::path& file) {
  const auto page =
      TRY(render_recording_page(analysed.recording, analysed.findings, analysed.own_rules));
  TRY(write_text_file(file, page));
  say_line("page: " + file.string());
  return {};
}

Result<ExitCode> print_report(const ReportRequest& request) {
  if (request.json && !request.host.empty())
    return Error{ErrorKind::usage, "report --host has no JSON",
                 "isolab check --host and facts --host have"};
  if (request.json && (request.full || !request.sections.empty()))
    return Error{ErrorKind::usage, "report --json has no sections", "it has every metric"};
  if (request.sections == std::vector<std::string>{"list"}) {
    print(section_list());
    return ExitCode::done;
  }
  const auto analysed = TRY(analysed_recording(request.recording, request.classes));
  if (request.json) {
    print_as_json(metrics_to_json(analysed.findings));
    if (!request.html.empty()) TRY(write_recording_page(analysed, request.html));
    return ExitCode::done;
  }
  const ReportOutput output = report_output(request.color);
  std::string machine;
  if (!request.host.empty())
    machine =
        render_machine(request.host.string(), analysed.recording, TRY(open_machine(request.host)));
  if (request.full || !request.sections.empty())
    print_report_text(TRY(render_report(analysed.findings, style_of(request))), output);
  else
    print_first_screen(analysed, output);
  print_report_text(machine, output);
  if (!request.html.empty()) TRY(write_recording_page(analysed, request.html));
  return ExitCode::done;
}

}  // namespace

Verb verb_report() {
  const auto request = std::make_shared<ReportRequest>();
  return {"report",
          "print the report of a recording",
          {json_flag(request->json),
           recording_argument(request->recording),
           {"--full", &request->full,
            "every section, with the causes of each arm and CPU in full, instead of one screen"},
           Option{"--section", &request->sections,
                  "only these sections, like ipis,gaps (list: their names; all: every one)"}
               .split_at_commas(),
           color_option(request->color),
           {"--host", &request->host,
            "add what this captured machine has different from the recorded "
            "one, and what check finds there"},
           {"--html", &request->html,
            "write a page to explore: tables, each gap's story, a flame graph of lost time"},
           classes_option(request->classes)},
          [request](const Call&) { return print_report(*request); }};
}

}  // namespace isolab
