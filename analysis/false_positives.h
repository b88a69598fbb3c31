// SPDX-License-Identifier: Apache-2.0
// A/A: what `isolab compare` flags between sessions of the same profile on one machine.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/model/comparison.h"

namespace isolab {

/// The name of the file that keeps the outcome, beside the sessions.
inline constexpr const char* kFalsePositivesFile = "aa.json";

struct FalsePositives {
  static constexpr int kSchema = 1;
  std::string profile, profile_hash, kernel, machine, started_utc, isolab_version;
  std::size_t sessions = 0;
  /// Sessions dealt A B B A A B B A ... as an interleaved comparison would have been.
  std::size_t tests = 0, flagged = 0;
  std::vector<std::string> flagged_names;
  /// The first half compared with the second: the result without interleaving.
  std::size_t drift_tests = 0, drift_flagged = 0;
};

/// usage: fewer than twice kSessionsForVerdict sessions, or sessions of several profiles.
Result<FalsePositives> measure_false_positives(const std::vector<std::filesystem::path>& sessions);

std::string false_positives_json(const FalsePositives& one);
Result<FalsePositives> false_positives_from_json(const std::string& file, const std::string& text);
/// One sentence for the foot of a table.
std::string citation(const FalsePositives& one);

/// Results of A/A runs of the same profile and kernel on the same machine. Their files are searched
/// in the recordings' directories, the two above each, and all directly below those.
std::vector<std::string> citations_for(const Comparison& comparison,
                                       const std::vector<std::filesystem::path>& recordings);

}  // namespace isolab
