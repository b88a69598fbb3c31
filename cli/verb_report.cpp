// SPDX-License-Identifier: Apache-2.0
// The verb report: a recording for people. Runs anywhere.
#include <memory>

#include "base/output.h"
#include "cli/finish_report.h"
#include "cli/machine_text.h"
#include "cli/shared_options.h"
#include "host/captured/machine.h"
#include "report/json/findings_json.h"
#include "report/text/report.h"
#include "results/recording.h"

namespace isolab {
namespace {

struct ReportRequest {
  std::filesystem::path recording;
  std::string classes;
  std::filesystem::path host;  // a captured machine to be set against the recorded one; empty: none
  bool full = false;
  bool json = false;
};

Result<std::string> report_text(const ReportRequest& request) {
  const Findings findings = TRY(findings_of(request.recording, request.classes));
  if (request.host.empty())
    return request.json ? metrics_to_json(findings)
                        : render_report(findings, {.full = request.full});
  if (request.json)
    return Error{ErrorKind::usage, "report --host has no JSON",
                 "isolab check --host and facts --host have"};
  const Machine machine = TRY(open_machine(request.host));
  return render_report(findings, {.full = request.full}) +
         render_machine(request.host.string(), TRY(load_recording(request.recording)), machine);
}

Result<ExitCode> print_report(const ReportRequest& request) {
  const std::string text = TRY(report_text(request));
  request.json ? print_as_json(text) : print(text);
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
            "tell who interrupted each arm and CPU in full, however many there "
            "are"},
           {"--host", &request->host,
            "add what this captured machine has different from the recorded "
            "one, and what check finds there"},
           classes_option(request->classes)},
          [request](const Call&) { return print_report(*request); }};
}

}  // namespace isolab
