// SPDX-License-Identifier: Apache-2.0
#include "cli/report_output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "base/environment.h"
#include "base/output.h"
#include "report/text/colour.h"
#include "report/text/format.h"

namespace isolab {

Option color_option(std::string& mode) {
  return Option{"--color", &mode, "colour: auto is for a terminal without NO_COLOR"}
      .show_default()
      .one_of({"auto", "always", "never"});
}

ReportOutput report_output(const std::string& color_mode) {
  ReportOutput output;
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  output.colour =
      color_mode == "always" || (color_mode == "auto" && terminal && !environment("NO_COLOR") &&
                                 environment("TERM").value_or("dumb") != "dumb");
  winsize size{};
  if (terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    output.width = std::min<std::size_t>(size.ws_col, kReportWidth);
  return output;
}

void print_report_text(const std::string& text, const ReportOutput& output) {
  const std::string page = visible(folded(text, output.width));
  print_made(output.colour ? coloured(page) : page);
}

}  // namespace isolab
