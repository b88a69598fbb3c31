// SPDX-License-Identifier: Apache-2.0
// A machine as text: every kernel file that was read through it, in the form of tests/hosts/*.txt.
// `isolab facts --capture FILE` makes one, so that a bug report is a fixture. Changes nothing.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/files.h"

namespace isolab {

/// Passes everything on to `files` and remembers what was read, listed and looked for. Writing is
/// refused.
class CapturingFiles final : public Files {
 public:
  explicit CapturingFiles(const Files& files) : files_(files) {}
  Result<std::string> read(const std::string& path) const override;
  Result<std::vector<std::string>> list(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  Result<void> write(const std::string& path, std::string_view text) override;
  Result<void> make_dir(const std::string& path) override;
  Result<void> remove_dir(const std::string& path) override;

  /// "# title", then "== PATH" and the text of each file. Left out and named: what is not text, and
  /// the list of installed packages.
  std::string archive(const std::string& title) const;

 private:
  const Files& files_;
  mutable std::map<std::string, std::string> texts_;
  mutable std::set<std::string> seen_;  // exists, whether or not it was read
};

/// Reads what facts and readiness read, and gives it as such an archive.
std::string capture_machine(const Files& files, const std::string& title);

}  // namespace isolab
