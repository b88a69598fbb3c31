// SPDX-License-Identifier: Apache-2.0
// The verb analyse: the findings of a recording as JSON. Runs anywhere.
#include "base/exit_code.h"
#include "base/output.h"
#include "cli/commands.h"
#include "cli/finish_report.h"
#include "report/json/findings_json.h"
#include "runner/complain.h"

namespace isolab {

namespace fs = std::filesystem;

ExitCode analyse_command(const fs::path& directory, const std::string& classes) {
  const auto findings = findings_of(directory, classes);
  if (!findings) return complain(findings.error());
  print_as_json(findings_to_json(*findings));
  return ExitCode::done;
}

}  // namespace isolab
