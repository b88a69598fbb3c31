// SPDX-License-Identifier: Apache-2.0
// A profile, checked against the plug-ins' descriptors but not yet against
// a machine. docs/profiles.md is the reference of its keys.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/plan.h"
#include "base/result.h"
#include "plan/yaml_files.h"
#include "plan/yaml_tree.h"

namespace isolab {

struct ProfileArm {
  std::string name;
  std::vector<PluginUse> workloads;
  std::vector<PlannedSetting> settings;
  std::vector<PluginUse> observers;  // the profile's, unless the arm has its own observe:
  bool untraced_run = false;         // also run without ipi_trace, as arm "NAME untraced"
  std::optional<PlannedBoot> boot;   // kernel: and cmdline+:
};

/// One axis of the matrix: every arm that uses `workload` is run once per value of `param`.
struct MatrixAxis {
  std::string workload;
  std::string param;
  std::vector<ParamValue> values;
  Place place;
};

struct Profile {
  std::string name;
  std::string question;
  std::string measured = "auto";      // "auto", "isolated" or a CPU list
  std::string housekeeping = "auto";  // "auto" (all others) or a CPU list
  std::optional<PlannedIsolation> isolation;
  PluginUse probe;  // name "none": the measured CPUs stay unoccupied
  std::vector<PluginUse> observers;
  std::vector<ProfileArm> arms;
  std::vector<MatrixAxis> matrix;
  int repeats = 1;
  Nanos warmup{0};
  Nanos measure{0};
  std::string order = "interleaved";
  std::uint64_t seed = 1;
  bool untraced_runs = false;  // what untraced_run: is for arms that do not say
  std::vector<Budget> budgets;
  Place measured_place, housekeeping_place, isolation_place, design_place;

  std::string source;  // the files verbatim, includes first
  bool ships = false;  // every one of the files ships with isolab (plan/allowed_commands.h)
};

/// Limits of a profile: arms, windows, and duration.
constexpr std::size_t kMostArms = 1000, kMostWindows = 100'000;
constexpr std::chrono::hours kLongestRun = std::chrono::days(366);

/// Reads and checks a profile; each file is opened once. All errors at once, in `what`, a line each
/// (usage); nothing but files is touched.
Result<Profile> read_profile(const std::string& path);
/// The same from other files; none of them counts as shipped.
Result<Profile> read_profile(YamlFiles& files, const std::string& name);
/// The same from text (tests).
Result<Profile> read_profile_text(const std::string& name, const std::string& text);

/// Every key with its resolved value in a fixed order: what the profile's hash is taken of, so that
/// comments, spacing and spelled-out defaults do not change it.
std::string canonical_text(const Profile& profile);
/// SHA-256 of it, hexadecimal.
std::string profile_hash(const Profile& profile);

}  // namespace isolab
