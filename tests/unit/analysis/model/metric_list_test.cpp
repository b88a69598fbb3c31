// SPDX-License-Identifier: Apache-2.0
// Every column of the table of metrics is decided, the columns agree, and nothing else decides by a
// metric's name.
#include "analysis/model/metric_list.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace isolab {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;

TEST(MetricList, EachRowIsWhole) {
  std::set<std::string> names;
  for (const auto& info : all_metrics()) {
    SCOPED_TRACE(info.name);
    EXPECT_TRUE(names.insert(info.name).second) << "twice";
    EXPECT_EQ(find_metric_info(info.name), &info);
    EXPECT_THAT(info.unit, Not(IsEmpty()));
    EXPECT_EQ(info.unit, info.unit_rules->name);
    EXPECT_FALSE(info.labels.empty());
    EXPECT_EQ(info.labels.front(), "arm") << "budgets and tables look for it";
    EXPECT_EQ(std::set(info.labels.begin(), info.labels.end()).size(), info.labels.size());
    EXPECT_THAT(info.summary, Not(IsEmpty()));
    EXPECT_FALSE(info.summary.ends_with('.'));
    EXPECT_EQ(info.summary.find('{'), std::string::npos) << info.summary;
  }
}

TEST(MetricList, WhatIsComparedHasATableAndAName) {
  for (const auto& info : all_metrics()) {
    SCOPED_TRACE(info.name);
    const bool compared = info.statistic != Statistic::own;
    EXPECT_EQ(info.section != Section::left_out, compared);
    EXPECT_EQ(info.row_label.empty(), !compared);
    if (info.statistic == Statistic::count) {
      EXPECT_GT(info.unit_rules->rate_s, 0);
    }
    if (info.axis == Axis::drawn) {
      EXPECT_TRUE(compared);
    }
    if (info.section == Section::system_cost) {
      EXPECT_THAT(info.labels, Contains("state"));
    }
    if (info.source == Source::rows) {
      EXPECT_THAT(info.labels, Contains("row"));
    }
    if (info.source == Source::causes) {
      EXPECT_THAT(info.labels, Contains("callback"));
    }
  }
}

TEST(MetricList, PlacesOfARowLabelAreLabels) {
  for (const auto& info : all_metrics()) {
    SCOPED_TRACE(info.name + ": " + info.row_label);
    std::vector<std::string> known = info.labels;
    known.insert(known.end(), {"cpus", "rate"});
    for (auto open = info.row_label.find('{'); open != std::string::npos;
         open = info.row_label.find('{', open + 1)) {
      const auto close = info.row_label.find('}', open);
      ASSERT_NE(close, std::string::npos);
      EXPECT_THAT(known, Contains(info.row_label.substr(open + 1, close - open - 1)));
    }
  }
}

TEST(MetricList, TimesAreWithheldWhereTheyAreTheEmulators) {
  for (const auto& info : all_metrics()) {
    SCOPED_TRACE(info.name);
    if (info.unit_rules->ns > 0 || info.unit == "us/s") {
      EXPECT_EQ(info.emulated, Emulated::withheld);
    }
  }
}

TEST(MetricList, FamiliesHaveAMemberForEachThresholdAndPercentile) {
  for (const bool wakeups : {false, true}) {
    const LengthMetrics lengths = length_metrics(wakeups);
    for (const int us : kThresholdsUs) {
      const auto* info = find_metric_info(lengths.counts.over(us));
      ASSERT_NE(info, nullptr) << us;
      EXPECT_EQ(info->before_tail, us < 10);
      EXPECT_NE(info->row_label.find(">" + std::to_string(us) + "us"), std::string::npos);
    }
    for (const auto& percentile : kPercentiles) {
      const auto* info = find_metric_info(lengths.percentiles.at(percentile));
      ASSERT_NE(info, nullptr) << percentile.word;
      EXPECT_EQ(info->before_tail, percentile.share < 0.9999);
      EXPECT_NE(info->row_label.find(percentile.shown), std::string::npos);
    }
    EXPECT_EQ(find_metric_info(lengths.longest)->statistic, Statistic::maximum);
  }
}

/// A name of the list that means something else where it stands.
struct Namesake {
  const char *file, *name;
};
constexpr Namesake kNamesakes[] = {
    {"analysis/metrics/arm_effects.cpp", "time_lost"},       // a table of effects
    {"analysis/metrics/arm_effects.cpp", "cpu_time"},        // the same
    {"analysis/metrics/effect_rows.cpp", "missed_periods"},  // a number of the probe
    {"analysis/metrics/gaps.cpp", "missed_periods"},         // the same
    {"analysis/model/warnings.cpp", "gaps_dropped"},         // a warning
    {"cli/verb_watch.cpp", "cpu_time"},                      // an observer
    {"plots/classes_style.py", "interruptions"},             // a member of findings.json
    {"report/text/report.cpp", "cpu_time"},                  // a section of the report
};

bool is_namesake(const std::string& file, const std::string& name) {
  return std::any_of(std::begin(kNamesakes), std::end(kNamesakes),
                     [&](const auto& other) { return file == other.file && name == other.name; });
}

/// Text between quotes, up to a comment.
std::vector<std::string> literals_of(const std::string& line) {
  std::vector<std::string> out;
  const auto end = std::min(line.find("//"), line.size());
  for (auto open = line.find('"'); open < end;) {
    const auto close = line.find('"', open + 1);
    if (close == std::string::npos) break;
    out.push_back(line.substr(open + 1, close - open - 1));
    open = line.find('"', close + 1);
  }
  return out;
}

/// A name of the list, or a piece that can only be there to be compared with names: "_over_".
bool names_a_metric(const std::string& literal) {
  if (find_metric_info(literal) != nullptr) return true;
  if (literal.size() < 4 || (literal.front() != '_' && literal.back() != '_')) return false;
  return std::any_of(all_metrics().begin(), all_metrics().end(), [&](const auto& info) {
    return info.name.find(literal) != std::string::npos;
  });
}

void expect_no_names(const fs::path& path, const std::string& file) {
  std::ifstream in(path);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (file.starts_with("plots/") && line.starts_with("METRIC = ")) continue;  // what it draws
    for (const auto& literal : literals_of(line))
      EXPECT_TRUE(!names_a_metric(literal) || is_namesake(file, literal))
          << file << ":" << number << ": \"" << literal
          << "\": use metrics::NAME, or a column of analysis/model/metrics.def";
  }
}

/// Members of the JSON have names of metrics (report/json/): those are no decisions.
TEST(MetricList, NothingElseNamesAMetric) {
  const fs::path root = ISOLAB_SOURCE_DIR;
  int files = 0;
  for (const char* room : {"analysis", "cli", "plots", "report", "runner"})
    for (const auto& entry : fs::recursive_directory_iterator(root / room)) {
      const std::string file = entry.path().lexically_relative(root).string();
      const std::string kind = entry.path().extension().string();
      if ((kind != ".cpp" && kind != ".h" && kind != ".py") || file.starts_with("report/json/"))
        continue;
      expect_no_names(entry.path(), file);
      ++files;
    }
  EXPECT_GT(files, 100);
}

TEST(MetricList, APieceOfANameIsFoundToo) {
  EXPECT_TRUE(names_a_metric("gap_max"));
  EXPECT_TRUE(names_a_metric("_over_"));
  EXPECT_TRUE(names_a_metric("workload_"));
  EXPECT_FALSE(names_a_metric("gap"));
  EXPECT_FALSE(names_a_metric("histogram_overflow"));
}

TEST(MetricList, ALiteralIsFoundInALine) {
  EXPECT_THAT(literals_of(R"(if (name == "time_lost" || name == "gap_max") // "x")"),
              testing::ElementsAre("time_lost", "gap_max"));
}

}  // namespace
}  // namespace isolab
