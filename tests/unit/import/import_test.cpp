// SPDX-License-Identifier: Apache-2.0
// Files in the forms that tools write: tests/import/NAME gives the report tests/golden/import/NAME,
// a file bad_* the error there. After a wanted change ISOLAB_UPDATE_GOLDEN=1, then read the diff.
#include "import/recording.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "analysis/analyse.h"
#include "analysis/compare.h"
#include "import/registry.h"
#include "report/json/findings_json.h"
#include "report/text/report.h"
#include "tests/support/golden_file.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

const fs::path kFiles = fs::path(ISOLAB_SOURCE_DIR) / "tests/import";

ImportFile import_file(const std::string& name) {
  auto files = read_import_files({(kFiles / name).string()});
  EXPECT_TRUE(files) << files.error().what;
  return {name, files->front().text, files->front().bytes};
}

ImportRequest request_for(const std::vector<std::string>& names) {
  ImportRequest request;
  for (const auto& name : names) request.files.push_back(import_file(name));
  request.now_utc = "2026-11-28T00:00:00Z";
  request.command_line = {"isolab", "explain"};
  for (const auto& name : names) request.command_line.push_back(name);
  return request;
}

/// As read back from disk, where it has files.
Result<Recording> imported(const ImportRequest& request) {
  auto read = TRY(import_recording(request));
  if (read.in_memory()) return std::move(read.recording);
  const test::TemporaryDirectory place;
  TRY(write_recording(read, place / "recording"));
  return load_recording(place / "recording");
}

const Metric* metric_of(const Findings& findings, const std::string& name, const std::string& arm) {
  return find_metric(findings, name, {{"arm", arm}, {"cpu", "all"}});
}

std::vector<std::vector<std::string>> fixtures() {
  std::vector<std::vector<std::string>> out;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFiles))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  for (const auto& name : names) {  // A_1.txt and A_2.txt are snapshots that belong together
    const auto base = name.substr(0, name.rfind('_'));
    const bool first = name.ends_with("_1.txt");
    if (!out.empty() && !first && out.back().front() == base + "_1.txt")
      out.back().push_back(name);
    else
      out.push_back({name});
  }
  return out;
}

TEST(Import, EveryFixtureGivesItsReport) {
  std::vector<std::string> formats;
  for (const auto& names : fixtures()) {
    SCOPED_TRACE(names.front());
    const ImportRequest request = request_for(names);
    const auto recording = imported(request);
    std::string text;
    if (recording) {
      EXPECT_FALSE(names.front().starts_with("bad_"));
      formats.push_back(recording->manifest.imported->format);
      text = render_report(analyse(*recording), {}).value();
      EXPECT_NE(text.find("not measured by isolab"), std::string::npos);
      EXPECT_FALSE(recording->manifest.imported->cannot_tell.empty());
    } else {
      EXPECT_TRUE(names.front().starts_with("bad_")) << recording.error().text();
      text = recording.error().text() + "\n";
    }
    test::expect_golden("import/" + names.front(), text);
  }
  formats.emplace_back("trace.dat");  // made by trace_dat_test.cpp
  for (const auto& importer : all_importers())
    EXPECT_NE(std::find(formats.begin(), formats.end(), importer.format), formats.end())
        << importer.format << " has no fixture";
}

TEST(Import, ARecordingOnDiskHasTheSameFindings) {
  const test::TemporaryDirectory place;
  std::set<std::string> formats;  // one file of each
  for (const auto& names : fixtures()) {
    SCOPED_TRACE(names.front());
    const auto read = import_recording(request_for(names));
    if (!read || !read->in_memory()) continue;
    const auto* recording = &read->recording;
    if (!formats.insert(recording->manifest.imported->format).second) continue;
    const auto directory = place.path() / names.front();
    ASSERT_TRUE(write_recording(*read, directory));
    const auto loaded = load_recording(directory);
    ASSERT_TRUE(loaded) << loaded.error().what;
    EXPECT_EQ(loaded->manifest.imported, recording->manifest.imported);
    EXPECT_EQ(findings_to_json(analyse(*loaded)), findings_to_json(analyse(*recording)));
  }
}

// 30 + 20 of 200,000 samples are beyond 20 us: p99.9 is inside, p99.99 is not known.
TEST(Import, APercentileInTheOverflowIsRefused) {
  const auto recording = imported(request_for({"cyclictest_histogram_overflow.txt"}));
  ASSERT_TRUE(recording) << recording.error().what;
  const Findings findings = analyse(*recording);
  const auto* inside = metric_of(findings, "wakeup_p99_9", "imported");
  ASSERT_NE(inside, nullptr);
  EXPECT_EQ(inside->value, 8.0);
  const auto* outside = metric_of(findings, "wakeup_p99_99", "imported");
  ASSERT_NE(outside, nullptr);
  EXPECT_FALSE(outside->value);
  EXPECT_NE(outside->not_applicable.find("p99.99 lies in the overflow: 50 of 200000"),
            std::string::npos)
      << outside->not_applicable;
  const auto* longest = metric_of(findings, "wakeup_max", "imported");
  ASSERT_NE(longest, nullptr);
  EXPECT_EQ(longest->value, 3806.0);
  EXPECT_EQ(longest->n, 200000U);  // none is dropped
}

// 90 samples are longer than 10 us in 40 s; how many are longer than 50 us the file does not say.
TEST(Import, CountsBeyondTheHistogramAreRefused) {
  const auto recording = imported(request_for({"cyclictest_histogram_overflow.txt"}));
  ASSERT_TRUE(recording) << recording.error().what;
  const Findings findings = analyse(*recording);
  const auto* over10 = metric_of(findings, "wakeups_over_10us", "imported");
  ASSERT_NE(over10, nullptr);
  EXPECT_EQ(over10->n, 10U + 60 + 20 + 50);
  EXPECT_DOUBLE_EQ(*over10->value, 140 * 3600 / 40.0);
  const auto* over50 = metric_of(findings, "wakeups_over_50us", "imported");
  ASSERT_NE(over50, nullptr);
  EXPECT_FALSE(over50->value);
}

TEST(Import, AFileWithoutATimeHasNoRates) {
  auto request = request_for({"cyclictest_histogram_histfile.txt"});
  const auto untimed = imported(request);
  ASSERT_TRUE(untimed) << untimed.error().what;
  const auto findings = analyse(*untimed);
  const auto* rate = metric_of(findings, "wakeups_over_10us", "imported");
  ASSERT_NE(rate, nullptr);
  EXPECT_FALSE(rate->value);
  EXPECT_NE(rate->not_applicable.find("--duration"), std::string::npos);
  EXPECT_EQ(metric_of(findings, "wakeup_p99", "imported")->value, 5.0);

  request.options.duration = Nanos{20'000'000'000};
  const auto timed = imported(request);
  ASSERT_TRUE(timed) << timed.error().what;
  const auto with_time = analyse(*timed);
  EXPECT_DOUBLE_EQ(*metric_of(with_time, "wakeups_over_10us", "imported")->value, 90 * 3600 / 40.0);
}

TEST(Import, SeveralFilesAreArmsOrRepeatsOfOne) {
  auto request =
      request_for({"cyclictest_histogram_overflow.txt", "cyclictest_histogram_histfile.txt"});
  const auto arms = imported(request);
  ASSERT_TRUE(arms) << arms.error().what;
  ASSERT_EQ(arms->plan.arms.size(), 2U);
  EXPECT_EQ(arms->plan.arms[1].name, "cyclictest_histogram_histfile");
  request.arm = "lab";
  const auto repeats = imported(request);
  ASSERT_TRUE(repeats) << repeats.error().what;
  ASSERT_EQ(repeats->plan.arms.size(), 1U);
  EXPECT_EQ(repeats->windows[1].repeat, 1);
}

TEST(Import, AComparisonSaysWhatIsImported) {
  const auto recording = imported(request_for({"cyclictest_json_overflow.json"}));
  ASSERT_TRUE(recording) << recording.error().what;
  const Findings findings = analyse(*recording);
  std::vector<SessionGroup> groups(2);
  groups[0].name = "before";
  groups[1].name = "after";
  for (auto& group : groups) {
    group.sessions = {&findings};
    group.places = {"recording"};
  }
  const auto comparison = compare(groups, {});
  ASSERT_TRUE(comparison) << comparison.error().what;
  ASSERT_FALSE(comparison->notes.empty());
  EXPECT_NE(comparison->notes.front().find("before: 1 of 1 session imported"), std::string::npos)
      << comparison->notes.front();
}

}  // namespace
}  // namespace isolab
