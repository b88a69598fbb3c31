// SPDX-License-Identifier: Apache-2.0
// The verb analyse: the findings of a recording as JSON. Runs anywhere.
#include <memory>

#include "base/output.h"
#include "cli/finish_report.h"
#include "cli/shared_options.h"
#include "report/json/findings_json.h"

namespace isolab {
namespace {

struct AnalyseOptions {
  std::filesystem::path recording;
  std::string classes;
  bool json = false;  // it always is
};

Result<ExitCode> print_findings(const AnalyseOptions& options) {
  print_as_json(findings_to_json(TRY(findings_of(options.recording, options.classes))));
  return ExitCode::done;
}

}  // namespace

Verb verb_analyse() {
  const auto options = std::make_shared<AnalyseOptions>();
  return {"analyse",
          "compute the findings of a recording again and print them as JSON",
          {json_flag(options->json), recording_argument(options->recording),
           classes_option(options->classes)},
          [options](const Call&) { return print_findings(*options); }};
}

}  // namespace isolab
