// SPDX-License-Identifier: Apache-2.0
// Words, numbers and tables of the text report.
#pragma once

#include <string>
#include <vector>

#include "analysis/model/findings.h"

namespace isolab {

inline constexpr std::size_t kReportWidth = 100;

/// Three significant digits without a space: "12.3k", "0.045", "812".
std::string short_number(double value);
/// A length in us with three significant digits: "0.026", "41.3", "100k".
std::string short_us(double us);
/// The same in words of its size: "41.3 us", "10.1 ms", "1.20 s".
std::string words_us(double us);
/// Two decimals: "16.00", and "0.00" for what rounds to it from below.
std::string per_operation(double value);
/// "3.0 h", "30 s": observation time.
std::string short_span(double seconds);
/// The value, or "0 (<3.0)" for a zero that has an upper bound, or "-".
std::string rate_text(const Metric* metric);
/// "[11.9k,12.7k]"; empty for a zero or where there is none.
std::string interval_text(const Metric* metric);
/// Everything outside printable ASCII becomes '?'.
std::string ascii(const std::string& text);
/// For std::sort: numbers in texts by their size, so "pages=16" comes before "pages=128".
bool numbers_in_order(const std::string& a, const std::string& b);

/// `text` broken at spaces, but not between a number and its unit, into lines of at most `width`,
/// the first after `head`, the others indented by `indent`. A word that is longer than a line stays
/// whole.
std::string wrapped(const std::string& head, std::size_t indent, const std::string& text,
                    std::size_t width = kReportWidth);

/// Every line of more than `width` columns broken between two cells or words, never between a
/// number and its unit; what follows is indented by four more than the line. A word that is longer
/// than a line stays whole.
std::string folded(const std::string& text, std::size_t width);

/// Columns of text: the first to the left, the others to the right unless their header begins with
/// '<' (which is not printed). A first cell that is too wide gets its own line, so that no
/// name is ever cut.
class TextTable {
 public:
  struct Row {
    std::vector<std::string> cells;
    std::vector<std::string> below;  // a second line of the same row: intervals; may be empty
  };
  TextTable(std::vector<std::string> header, std::size_t first_width);
  void row(std::vector<std::string> cells, std::vector<std::string> below = {}) {
    rows_.push_back({std::move(cells), std::move(below)});
  }
  bool empty() const { return rows_.empty(); }
  std::string text() const;
  const std::vector<std::string>& header() const { return header_; }
  bool is_left(std::size_t column) const { return column == 0 || left_[column]; }
  const std::vector<Row>& rows() const { return rows_; }

 private:
  std::vector<std::string> header_;
  std::vector<bool> left_;
  std::size_t first_width_;
  std::vector<Row> rows_;
};

}  // namespace isolab
