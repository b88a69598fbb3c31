// SPDX-License-Identifier: Apache-2.0
// Files of other tools as a recording: what report, compare, history and the charts read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "import/importer.h"
#include "results/recording.h"

namespace isolab {

struct ImportRequest {
  std::vector<ImportFile> files;  // one at least, all of one format
  ImportOptions options;
  std::string arm;      // the files are repeats of this arm; empty: an arm a file
  std::string now_utc;  // RFC 3339: when it was imported
  std::vector<std::string> command_line;
};

/// Regular files that the user named: of at most 256 MiB, a trace.dat of any size.
Result<std::vector<ImportFile>> read_import_files(const std::vector<std::string>& names);

/// A recording in memory, and what goes into the directories of its windows.
struct ImportedRecording {
  Recording recording;
  std::vector<decltype(ImportedWindow::files)> files;  // by window
  /// Whether it is whole in memory: no window has files.
  bool in_memory() const;
};

/// The files as a recording in memory, marked as imported. parse: "FILE:LINE: REASON"; usage: the
/// files are of several formats, or an option contradicts them.
Result<ImportedRecording> import_recording(const ImportRequest& request);

/// Writes it into a directory that must not exist.
Result<void> write_recording(const ImportedRecording& imported,
                             const std::filesystem::path& directory);

}  // namespace isolab
