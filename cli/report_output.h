// SPDX-License-Identifier: Apache-2.0
// How a report gets to stdout: colour and width of a terminal, neither of a file or a pipe.
#pragma once

#include <cstddef>
#include <string>

#include "cli/verb.h"

namespace isolab {

/// --color auto|always|never. auto: where stdout is a terminal, TERM is not "dumb" and NO_COLOR is
/// not set (https://no-color.org).
Option color_option(std::string& mode);

struct ReportOutput {
  bool colour = false;
  std::size_t width = 100;  // of the terminal; 100 of a wider one, and of a file or a pipe
};
ReportOutput report_output(const std::string& color_mode);

/// A finished text to stdout, lines that are too wide for `output` folded.
void print_report_text(const std::string& text, const ReportOutput& output);

}  // namespace isolab
