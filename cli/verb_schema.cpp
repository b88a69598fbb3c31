// SPDX-License-Identifier: Apache-2.0
// The verb schema: what the JSON of the other verbs looks like.
#include "base/exit_code.h"
#include "base/output.h"
#include "cli/commands.h"
#include "report/json/findings_json.h"

namespace isolab {

ExitCode schema_command() {
  print_as_json(findings_schema());
  return ExitCode::done;
}

}  // namespace isolab
