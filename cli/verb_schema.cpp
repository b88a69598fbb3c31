// SPDX-License-Identifier: Apache-2.0
// The verb schema: what the JSON of the other verbs looks like.
#include <memory>

#include "base/output.h"
#include "cli/shared_options.h"
#include "report/json/findings_json.h"

namespace isolab {

Verb verb_schema() {
  const auto json = std::make_shared<bool>(false);  // it always is
  return {"schema",
          "print the JSON schema of analyse, report --json and compare --json",
          {json_flag(*json)},
          [json](const Call&) -> Result<ExitCode> {
            print_as_json(findings_schema());
            return ExitCode::done;
          }};
}

}  // namespace isolab
