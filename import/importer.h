// SPDX-License-Identifier: Apache-2.0
// What an importer is: one file and one line in import.def each. It recognises files of another
// tool by their content and fills the structs of a recording with what they say. Files are not
// trusted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/imported.h"
#include "base/records.h"
#include "base/result.h"
#include "base/units.h"

namespace isolab {

/// A file that the user named.
struct ImportFile {
  std::string name;                   // as it was named
  std::string_view text;              // all of it
  std::shared_ptr<const void> bytes;  // what the text is in: mapped, so memory stays bounded

  /// Of a text in memory.
  static ImportFile of(std::string name, std::string text);
};

/// What the user says where a file does not.
struct ImportOptions {
  std::optional<Nanos> duration;  // how long was measured
  std::optional<Nanos> interval;  // of cyclictest's timer
  bool nanoseconds = false;       // lengths are in ns (cyclictest --nsecs), not in us
  std::optional<CpuSet> cpus;     // of a trace: the measured ones; else all of the file
};

/// A window of an imported recording. `window` has everything but its place in the plan.
struct ImportedWindow {
  std::string part;  // what tells its arm from others of the same file: "IRQ"; empty: nothing
  WindowRecord window;
  CpuSet cpus = {};  // where the probe's are not all that count
  /// Puts files beside the window, into its directory. Empty: it has none.
  std::function<Result<void>(const std::filesystem::path& directory)> files = {};
};

/// What one file says, or files that belong together.
struct ImportedData {
  std::vector<ImportedWindow> windows;
  Facts facts;                           // of the machine, where the file names them
  std::string cpus_why;                  // how its CPUs are known: "CPUs of the file"
  std::string started_utc, ended_utc;    // RFC 3339; empty: the file does not say
  std::vector<std::string> cannot_tell;  // fragments
  std::vector<std::string> checked;      // fragments
  std::vector<Warning> warnings;
};

struct Importer {
  const char* format;   // "cyclictest histogram"
  const char* made_by;  // the command that makes such a file
  /// Whether the file is of this format; looks at its beginning or for one line.
  bool (*recognises)(std::string_view text);
  /// Whether several files are one measurement (snapshots), or each its own.
  bool together = false;
  /// One file, or where `together` all. parse: "FILE:LINE: REASON".
  Result<ImportedData> (*read)(std::span<const ImportFile> files, const ImportOptions& options);
};

#define IMPORT(name) Importer import_##name();
#include "import/import.def"
#undef IMPORT

}  // namespace isolab
