// SPDX-License-Identifier: Apache-2.0
// Lines and numbers of a text of another author, with errors that name file and line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "import/importer.h"

namespace isolab {

/// Walks over the lines of a file, without their ends (\n, \r\n).
class ImportLines {
 public:
  static constexpr std::size_t kLongest = std::size_t{1} << 18;  // bytes of a line

  explicit ImportLines(const ImportFile& file) : name_(file.name), left_(file.text) {}

  /// The next line; nothing at the end. A line longer than kLongest is cut there: every reader
  /// below refuses what is left of it.
  std::optional<std::string_view> next();
  int number() const { return number_; }
  /// "FILE:LINE: REASON", with the line's beginning.
  Error error(const std::string& reason) const;
  /// "FILE: REASON", of the file as a whole.
  Error whole(const std::string& reason) const;

 private:
  std::string name_;
  std::string_view left_, line_;
  int number_ = 0;
};

/// The next word of `line`, ended by blanks; empty at its end.
std::string_view take_import_word(std::string_view& line);
/// A whole word of digits; nothing if it is none or beyond 64 bits.
std::optional<std::uint64_t> import_count(std::string_view word);
/// A decimal number >= 0, like 2.56; nothing if it is none, negative or not finite.
std::optional<double> import_real(std::string_view word);
/// Takes the first word of `line`, and the blanks before it.
bool take_import_text(std::string_view& line, std::string_view text);

}  // namespace isolab
