// SPDX-License-Identifier: Apache-2.0
// The recording: a directory, raw and immutable, that newer code can analyse again on any machine
// without root. docs/recording-format.md describes every file.
//
// Layout:  manifest.json  plan.json  profile.yaml  facts.json  facts-after.json
//          windows/000-idle-0/{window.json, cpu1.histogram.csv, cpu1.gaps, raw files of observers}
// Each window is written into a directory with a leading dot and renamed when it is whole; the
// manifest says "running" until the end. So a kill at any moment leaves either a readable recording
// marked incomplete or none.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/imported.h"
#include "base/records.h"
#include "base/result.h"
#include "results/benchmarks.h"

namespace isolab {

struct Manifest {
  static constexpr int kSchema = 1;
  int schema = kSchema;
  std::string version;  // of isolab: "0.1.0"
  std::string status;   // "running", "complete", "interrupted", "failed: why"
  std::string started_utc, ended_utc;
  std::vector<std::string> command_line;
  std::vector<Warning> warnings;  // of the run as a whole (preflight, restore)
  std::vector<std::string>
      changed;  // "PATH: 0 -> 16 (restored)", what the guard did to the machine
  std::vector<std::string> windows;  // directories under windows/; the writer's finish() fills it
  std::optional<Imported> imported;  // none: isolab measured it
  bool operator==(const Manifest&) const = default;
};

struct Recording {
  std::filesystem::path directory;
  std::vector<std::string> window_directories;  // relative to `directory`, beside `windows`
  Manifest manifest;
  Plan plan;
  std::string profile_text;  // verbatim, includes resolved
  Facts facts, facts_after;
  std::vector<WindowRecord> windows;      // complete ones, in run order
  std::vector<BenchmarkFile> benchmarks;  // attached afterwards
};

class RecordingWriter {
 public:
  /// Makes the directory (it must not exist; its parents are made) and writes everything known
  /// before the first window. It appears under its name when that is whole. With a group its
  /// members may read it, else its owner alone.
  static Result<RecordingWriter> create(const std::filesystem::path& directory, Manifest manifest,
                                        const Plan& plan, const std::string& profile_text,
                                        const Facts& facts, std::optional<gid_t> group = {});
  /// A directory for the raw files of the next window, `index` into plan.windows.
  Result<std::filesystem::path> begin_window(const Plan& plan, int index);
  /// Writes window.json, histograms and gap logs, syncs and renames the directory to its final
  /// name.
  Result<void> commit_window(const WindowRecord& record);
  /// Writes facts-after.json, then the manifest with its final status.
  Result<void> finish(Manifest manifest, const Facts& facts_after);
  const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
  std::filesystem::path open_window_;  // dot-directory being written
  std::filesystem::path final_window_;
  std::vector<std::string> committed_;
  std::optional<gid_t> group_;
};

/// The files of one window in an existing directory, synced. Also how a probe's process returns its
/// data.
Result<void> save_window(const std::filesystem::path& directory, const WindowRecord& record);
Result<WindowRecord> load_window(const std::filesystem::path& directory);

/// Whether the directory holds a recording. denied: unknown without access, with the remedy.
Result<bool> is_recording(const std::filesystem::path& directory);

/// Loads all but the observers' raw files. A recording that was cut short loads with
/// manifest.status "running"; a newer schema, or inconsistent bytes, is a parse error
/// with file and place.
Result<Recording> load_recording(const std::filesystem::path& directory);

std::string plan_to_json(const Plan& plan);
Result<Plan> plan_from_json(const std::string& text);

}  // namespace isolab
