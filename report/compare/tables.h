// SPDX-License-Identifier: Apache-2.0
// The tables of a comparison as data: which metric belongs under which heading, and each number as
// text. The terminal, the cover letter and the HTML page print the same cells.
#pragma once

#include <string>
#include <vector>

#include "analysis/model/comparison.h"
#include "analysis/model/metric_list.h"

namespace isolab {

/// What a text says beside the comparison itself.
struct CompareContext {
  std::vector<std::string> citations =
      {};                    // what A/A runs of this set-up measured, a sentence each
  std::string profile = {};  // for reproduce_command()
};

struct CompareRow {
  std::string arm;   // empty: the arms are what is compared
  std::string name;  // "do_flush_tlb_all", "gaps > 50 us", "kernel_build sys time"
  std::string base, other, change, range, p;  // range: of the change
  // "*" significant, "~" not, "" not judged, "n<6" too few sessions, "lost": a group's trace lost
  // events in all of them. "!" after it: sessions whose trace lost events are left out.
  std::string mark;
  bool significant = false;
  bool before_tail = false;  // MetricInfo::before_tail
  double weight = 0;         // for choosing the rows that fit: the larger of the two centres
};

struct CompareTable {
  std::string title;  // with the unit and how the centre is taken
  std::vector<CompareRow> rows;
  bool one_unit = false;  // rows can be ranked by their numbers
  bool rest = false;      // what no letter needs
};

/// All metrics of groups[other] against the base, in four tables: IPIs, lengths, cost, the rest.
std::vector<CompareTable> compare_tables(const Comparison& comparison, std::size_t other);

/// "1.23k", "0 (<0.50)": a rate or a value without its interval.
std::string centre_text(const GroupNumber& number, Statistic statistic);
/// "[0.9,1.1]", or nothing.
std::string range_text(const std::optional<Interval>& interval);
/// "-12.7%", "26.4x", "to 0 (<0.017x)", "from 0 (>58x)": what falls to none or rises from none is
/// said with the bound of its ratio; "-" where unknown.
std::string change_text(const ComparedMetric& metric, std::size_t other);
/// The interval of the change in the same unit: "[-4.8%,+2.7%]"; "(0.0%,+50.0%]" where the test
/// rejects no change itself and nothing beside it. Empty where change_text() has the bound.
std::string change_range_text(const Change& change);
std::string p_text(const std::optional<double>& p);
/// Of groups[other] against the base.
std::string mark_of(const ComparedMetric& metric, std::size_t other);

/// "* significant after Benjamini-Hochberg over 31 tests ...": the legend of every table.
std::string legend(const Comparison& comparison);
/// The sentence of it that says what "*" means.
std::string short_legend(const Comparison& comparison);
/// The profile in the command line that recorded the base, else its name.
std::string recorded_profile(const Comparison& comparison);
/// The command that records such sessions again, without the directory it wrote to. `profile`: what
/// it names; empty: recorded_profile().
std::string reproduce_command(const Comparison& comparison, const std::string& profile);
/// "6 sessions x 2 windows x 146 s".
std::string design_text(const Comparison& comparison, const GroupSummary& group);

}  // namespace isolab
