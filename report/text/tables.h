// SPDX-License-Identifier: Apache-2.0
// The tables of the text report, one function each, as cells: the text report and the HTML page
// show the same ones.
#pragma once

#include <string>

#include "analysis/model/findings.h"
#include "report/text/format.h"

namespace isolab {

struct ReportTable {
  TextTable table;
  std::string notes = {};  // lines below the table, ended by newlines: reasons and sources
  /// Empty where there is nothing to show.
  std::string text() const { return table.empty() ? "" : table.text() + notes; }
  operator std::string() const { return text(); }  // as a section of the text report
};

ReportTable counts_table(const Findings& findings);        // over thresholds, per CPU-hour
ReportTable lengths_table(const Findings& findings);       // percentiles, maximum, time lost
ReportTable interrupts_table(const Findings& findings);    // per CPU-second
ReportTable counted_rows_table(const Findings& findings);  // where no time is known, so no rate
ReportTable other_rows_table(const Findings& findings);    // devices and softirqs
ReportTable ipis_table(const Findings& findings);          // per operation
ReportTable work_table(const Findings& findings);
ReportTable time_table(const Findings& findings);  // CPU time of measured and housekeeping CPUs

}  // namespace isolab
