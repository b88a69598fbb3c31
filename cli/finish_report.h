// SPDX-License-Identifier: Apache-2.0
// The output for a recording: findings.json, the text, the charts, the verdict.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/attribution/classes.h"
#include "analysis/model/findings.h"
#include "base/exit_code.h"
#include "base/result.h"
#include "cli/report_output.h"
#include "results/durable.h"
#include "results/recording.h"

namespace isolab {

/// Analyses a fresh recording, writes findings.json into it, draws the charts, then prints the
/// first screen of the report (or the metrics as JSON). Returns `code`, or budget exceeded when the
/// run itself was fine.
ExitCode finish_report(const std::filesystem::path& recording, ExitCode code, bool json,
                       bool plots);

/// The result of keep_findings(): the exit code, and the messages after the report.
struct Kept {
  ExitCode code = ExitCode::done;
  std::vector<std::string> lines;
};
/// The part of it that prints nothing: findings.json, charts, the code.
Result<Kept> keep_findings(const std::filesystem::path& recording, const Findings& findings,
                           ExitCode code, bool plots);

/// The user's own rules of classes in a CSV file; none where `file` is empty.
Result<std::vector<ClassRule>> read_rules(const std::string& file);

inline constexpr const char* kFindings = "findings.json";
/// Draws the charts of a recording into its folder charts/; the files.
Result<std::vector<std::filesystem::path>> draw_below(const OpenDirectory& place,
                                                      const std::filesystem::path& directory,
                                                      const Findings& findings);

/// A recording with what is found in it.
struct AnalysedRecording {
  Recording recording;
  std::vector<ClassRule> own_rules;
  Findings findings;
};
/// `classes`: a file of own rules, or empty.
Result<AnalysedRecording> analysed_recording(const std::filesystem::path& directory,
                                             const std::string& classes);
/// The first screen of its report to stdout.
void print_first_screen(const AnalysedRecording& analysed, const ReportOutput& output);

/// The findings of a recording directory; `classes`: a file of own rules, or empty.
Result<Findings> findings_of(const std::filesystem::path& recording, const std::string& classes);

}  // namespace isolab
