// SPDX-License-Identifier: Apache-2.0
#include "import/lines.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/output.h"

namespace isolab {
namespace {

constexpr std::string_view kImportBlank = " \t";
constexpr std::size_t kExcerpt = 60;  // bytes of a line in a message

}  // namespace

ImportFile ImportFile::of(std::string name, std::string text) {
  const auto kept = std::make_shared<const std::string>(std::move(text));
  return {std::move(name), *kept, kept};
}

std::optional<std::string_view> ImportLines::next() {
  if (left_.empty()) return std::nullopt;
  const auto end = left_.find('\n');
  line_ = left_.substr(0, end);
  left_ = end == std::string_view::npos ? std::string_view{} : left_.substr(end + 1);
  if (line_.ends_with('\r')) line_.remove_suffix(1);
  line_ = line_.substr(0, kLongest);
  ++number_;
  return line_;
}

Error ImportLines::error(const std::string& reason) const {
  return {ErrorKind::parse, fmt::format("{}:{}: {}: \"{}{}\"", name_, number_, reason,
                                        visible_line(line_.substr(0, kExcerpt)),
                                        line_.size() > kExcerpt ? "..." : "")};
}

Error ImportLines::whole(const std::string& reason) const {
  return {ErrorKind::parse, fmt::format("{}: {}", name_, reason)};
}

std::string_view take_import_word(std::string_view& line) {
  const auto first = line.find_first_not_of(kImportBlank);
  if (first == std::string_view::npos) {
    line = {};
    return {};
  }
  const auto last = std::min(line.find_first_of(kImportBlank, first), line.size());
  const auto word = line.substr(first, last - first);
  line.remove_prefix(last);
  return word;
}

std::optional<std::uint64_t> import_count(std::string_view word) {
  std::uint64_t count = 0;
  const char* end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, count);
  if (word.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return count;
}

std::optional<double> import_real(std::string_view word) {
  double number = 0;
  const char* end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, number, std::chars_format::fixed);
  if (word.empty() || read.ec != std::errc{} || read.ptr != end || !std::isfinite(number) ||
      number < 0)
    return std::nullopt;
  return number;
}

bool take_import_text(std::string_view& line, std::string_view text) {
  std::string_view ahead = line;
  const auto first = ahead.find_first_not_of(kImportBlank);
  if (first != std::string_view::npos) ahead.remove_prefix(first);
  if (!ahead.starts_with(text)) return false;
  line = ahead.substr(text.size());
  return true;
}

}  // namespace isolab
