// SPDX-License-Identifier: Apache-2.0
// A machine as text: every kernel file that was read through it, in the form of tests/hosts/*.txt.
// `isolab facts --capture FILE` makes one, so that a bug report is a fixture. Changes nothing.
//
// "#" lines, then for each file a line "== PATH" and its text. "cpu{0-3}" in a path stands for four
// files, and "{}" in their text for the number; a path that comes again replaces the former. A path
// that ends in "/" is a directory, which may be empty.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/captured/read_only_files.h"

namespace isolab {

/// Passes everything on to `files` and remembers what was read, listed and looked for. Writing is
/// refused.
class CapturingFiles final : public ReadOnlyFiles {
 public:
  explicit CapturingFiles(const Files& files) : files_(files) {}
  Result<std::string> read(const std::string& path) const override;
  Result<std::vector<std::string>> list(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  Result<std::string> read_link(const std::string& path) const override;

  /// "# title", then "== PATH" and the text of each file, that of a link is its target. Left out
  /// and named: what is not text, and the list of installed packages. Of other processes only what
  /// host/captured/kept.h keeps.
  std::string archive(const std::string& title) const;

 private:
  const Files& files_;
  mutable std::map<std::string, std::string> texts_;
  mutable std::set<std::string> seen_;  // exists, whether or not it was read
};

/// The files of an archive, by path. `name` is for errors, which name the line. parse: it is not an
/// archive; a path is not absolute or has "."s for a part; it holds more than 256 MiB or 200000
/// files once its lists of CPUs are written out.
Result<std::map<std::string, std::string>> parse_capture(const std::string& name,
                                                         std::string_view text);
Result<std::map<std::string, std::string>> read_capture(const std::filesystem::path& file);

}  // namespace isolab
