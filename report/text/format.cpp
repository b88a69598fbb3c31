// SPDX-License-Identifier: Apache-2.0
#include "report/text/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstring>
#include <sstream>
#include <string_view>

#include "base/units.h"

namespace isolab {
namespace {

/// Whether the blank at `at` is between a number and its unit: "12.1 ms", "95 %".
bool before_unit(const std::string& line, std::size_t at) {
  static constexpr std::array<std::string_view, 7> kUnits = {"ns", "us", "ms", "s",
                                                             "%",  "h",  "min"};
  if (at == 0 || at >= line.size() || std::isdigit(static_cast<unsigned char>(line[at - 1])) == 0)
    return false;
  const auto rest = std::string_view(line).substr(at + 1);
  return std::any_of(kUnits.begin(), kUnits.end(), [&](std::string_view unit) {
    return rest.starts_with(unit) &&
           (rest.size() == unit.size() ||
            std::isalnum(static_cast<unsigned char>(rest[unit.size()])) == 0);
  });
}

}  // namespace

std::string short_number(double value) {
  std::string out = human_number(value);
  std::erase(out, ' ');
  return out;
}

std::string short_us(double us) { return short_number(us); }

std::string words_us(double us) {
  if (std::abs(us) >= 999'500) return short_us(us / 1e6) + " s";
  if (std::abs(us) >= 999.5) return short_us(us / 1e3) + " ms";
  return short_us(us) + " us";
}

std::string per_operation(double value) {
  return fmt::format("{:.2f}", std::round(value * 100) / 100 + 0.0);  // -0.0 + 0.0 is 0.0
}

std::string short_span(double seconds) {
  return human_span(Nanos{static_cast<std::int64_t>(std::llround(seconds * 1e9))});
}

std::string rate_text(const Metric* metric) {
  if (metric == nullptr || !metric->value) return "-";
  if (metric->n == 0 && metric->upper95)
    return fmt::format("0 (<{})", short_number(*metric->upper95));
  return short_number(*metric->value);
}

std::string interval_text(const Metric* metric) {
  if (metric == nullptr || !metric->lower95 || !metric->upper95) return "";
  return fmt::format("[{},{}]", short_number(*metric->lower95), short_number(*metric->upper95));
}

std::string ascii(const std::string& text) {
  std::string out = text;
  for (char& letter : out)
    if (letter < ' ' || letter > '~') letter = letter == '\n' || letter == '\t' ? ' ' : '?';
  return out;
}

bool numbers_in_order(const std::string& a, const std::string& b) {
  return ::strverscmp(a.c_str(), b.c_str()) < 0;
}

std::string wrapped(const std::string& head, std::size_t indent, const std::string& text,
                    std::size_t width) {
  std::string out;
  std::string line = head;
  bool fresh = true;  // nothing but the head or the indentation on this line yet
  std::size_t at = 0;
  const std::string clean = ascii(text);
  while (at < clean.size()) {
    std::size_t end = std::min(clean.find(' ', at), clean.size());
    if (before_unit(clean, end)) end = std::min(clean.find(' ', end + 1), clean.size());
    const std::string word = clean.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (!fresh && line.size() + 1 + word.size() > width) {
      out += line + '\n';
      line = std::string(indent, ' ');
      fresh = true;
    }
    line += (fresh ? "" : " ") + word;
    fresh = false;
  }
  return out + line + '\n';
}

namespace {

/// Where `line` is best broken: the last blank before `width`, after two blanks for choice (there a
/// cell ends); 0: nowhere after `begin`.
std::size_t place_to_break(const std::string& line, std::size_t begin, std::size_t width) {
  std::size_t any = 0;
  for (std::size_t at = std::min(width, line.size() - 1); at > begin; --at) {
    if (line[at] != ' ' || before_unit(line, at)) continue;
    if (line[at - 1] == ' ' && at > begin + width / 2) return at;
    if (any == 0) any = at;
  }
  return any;
}

}  // namespace

std::string folded(const std::string& text, std::size_t width) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto indent = std::min(line.find_first_not_of(' '), line.size());
    const std::string hang(std::min(indent + 4, width / 2), ' ');
    std::size_t begin = indent;
    if (line.size() > width && line.find_first_not_of("=-") == std::string::npos)
      line.resize(width);  // the rule under a heading
    while (line.size() > width) {
      const auto at = place_to_break(line, begin, width);
      if (at == 0) break;
      const auto next = line.find_first_not_of(' ', at);
      if (next == std::string::npos) break;
      out += line.substr(0, line.find_last_not_of(' ', at) + 1) + '\n';
      line = hang + line.substr(next);
      begin = hang.size();
    }
    out += line + '\n';
  }
  return out;
}

TextTable::TextTable(std::vector<std::string> header, std::size_t first_width)
    : header_(std::move(header)), left_(header_.size()), first_width_(first_width) {
  for (std::size_t i = 0; i < header_.size(); ++i) {
    left_[i] = header_[i].starts_with('<');
    if (left_[i]) header_[i].erase(0, 1);
  }
}

std::string TextTable::text() const {
  std::vector<std::size_t> widths(header_.size(), 0);
  for (std::size_t i = 1; i < header_.size(); ++i) widths[i] = header_[i].size();
  for (const auto& row : rows_)
    for (const auto* line : {&row.cells, &row.below})
      for (std::size_t i = 1; i < line->size(); ++i)
        widths[i] = std::max(widths[i], (*line)[i].size());

  std::string out;
  const auto print = [&](const std::vector<std::string>& row) {
    std::string line = ascii(row.front());
    if (line.size() > first_width_ && row.size() > 1) {
      out += line + '\n';
      line.clear();
    }
    line.resize(std::max(line.size(), first_width_), ' ');
    for (std::size_t i = 1; i < row.size(); ++i)
      line += left_[i] ? fmt::format(" {:<{}}", ascii(row[i]), widths[i])
                       : fmt::format(" {:>{}}", ascii(row[i]), widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  };
  print(header_);
  for (const auto& row : rows_) {
    print(row.cells);
    if (!row.below.empty()) print(row.below);
  }
  return out;
}

}  // namespace isolab
