// SPDX-License-Identifier: Apache-2.0
#include "report/text/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/units.h"

namespace isolab {

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
    const std::size_t end = std::min(clean.find(' ', at), clean.size());
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
    for (std::size_t i = 1; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());

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
  for (const auto& row : rows_) print(row);
  return out;
}

}  // namespace isolab
