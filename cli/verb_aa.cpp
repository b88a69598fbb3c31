// SPDX-License-Identifier: Apache-2.0
// The verb aa: what compare flags between sessions of one profile.
#include <memory>
#include <system_error>

#include "analysis/false_positives.h"
#include "analysis/session_groups.h"
#include "base/output.h"
#include "cli/run_sessions.h"
#include "cli/shared_options.h"
#include "results/durable.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

Result<void> print_false_positives(const RunOptions& options, SessionsRecorded& recorded) {
  const fs::path& directory = recorded.directory = options.profile;
  std::error_code error;
  if (!fs::is_directory(directory, error)) TRY(record_sessions(options, recorded));
  const auto sessions = TRY(sessions_in(directory));
  const auto outcome = TRY(measure_false_positives(sessions));
  const auto json = false_positives_json(outcome);
  TRY(write_durably(directory / kFalsePositivesFile, json));
  if (options.json) {
    print_as_json(json);
  } else {
    print(citation(outcome) + "\n");
    for (const auto& name : outcome.flagged_names) print("  flagged: " + name + "\n");
  }
  say_line("kept in " + (directory / kFalsePositivesFile).string());
  return {};
}

std::vector<Option> aa_options(RunOptions& run) {
  return {
      json_flag(run.json),
      Option{"profile", &run.profile, "a profile, or a directory with its sessions"}
          .require()
          .names_a(ValueKind::profile),
      allow_commands_flag(run.allow_commands),
      hash_option(run.hash),
      group_option(run.group),
      Option{"--sessions", &run.sessions, "number of sessions, at least twelve"}
          .between(12, 1000)
          .show_default(),
      {"-o,--output", &run.output, "directory of the sessions (must not exist)"},
      {"-q,--quiet", &run.quiet, "no progress in the sessions' logs"},
  };
}

}  // namespace

Verb verb_aa() {
  const auto options = std::make_shared<RunOptions>();
  options->sessions = 12;
  return {"aa", "measure the false-positive rate of compare on sessions of one profile (A/A)",
          aa_options(*options), [options](const Call&) -> Result<ExitCode> {
            SessionsRecorded recorded;
            return outcome_of(print_false_positives(*options, recorded), recorded);
          }};
}

}  // namespace isolab
