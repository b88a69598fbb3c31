// SPDX-License-Identifier: Apache-2.0
// The verb report: a recording for people. Runs anywhere.
#include "base/exit_code.h"
#include "base/output.h"
#include "cli/commands.h"
#include "cli/finish_report.h"
#include "cli/machine_text.h"
#include "host/captured/machine.h"
#include "report/json/findings_json.h"
#include "report/text/report.h"
#include "results/recording.h"
#include "runner/complain.h"

namespace isolab {

namespace fs = std::filesystem;

ExitCode report_command(const fs::path& directory, const std::string& classes, bool full,
                        const fs::path& host, bool json) {
  const auto text = [&]() -> Result<std::string> {
    const auto findings = TRY(findings_of(directory, classes));
    if (host.empty())
      return json ? metrics_to_json(findings) : render_report(findings, {.full = full});
    if (json)
      return Error{ErrorKind::usage, "report --host has no JSON",
                   "isolab check --host and facts --host have"};
    const Machine machine = TRY(open_machine(host));
    return render_report(findings, {.full = full}) +
           render_machine(host.string(), TRY(load_recording(directory)), machine);
  }();
  if (!text) return complain(text.error());
  json ? print_as_json(*text) : print(*text);
  return ExitCode::done;
}

}  // namespace isolab
