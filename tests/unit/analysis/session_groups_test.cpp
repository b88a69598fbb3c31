// SPDX-License-Identifier: Apache-2.0
// How the arguments of `isolab compare` become groups.
#include <gmock/gmock.h>

#include "analysis/compare.h"
#include "analysis/session_groups.h"
#include "tests/support/recordings_on_disk.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using test::Recordings;
using testing::HasSubstr;

TEST_F(Recordings, ArgumentsBecomeGroups) {
  for (const char* name : {"lab/s1", "lab/s2", "new"}) record(name);
  CompareRequest request;
  request.groups = {(root_ / "lab").string(),
                    "patched=" + (root_ / "new").string() + "," + (root_ / "lab/s1").string()};
  const auto loaded = load_groups(request);
  ASSERT_TRUE(loaded) << loaded.error().text();
  ASSERT_EQ(loaded->groups.size(), 2u);
  EXPECT_EQ(loaded->groups[0].name, "lab");
  EXPECT_EQ(loaded->groups[0].sessions.size(), 2u);
  EXPECT_THAT(loaded->groups[0].places[0], HasSubstr("s1"));
  EXPECT_EQ(loaded->groups[1].name, "patched");
  EXPECT_EQ(loaded->groups[1].sessions.size(), 2u);
  EXPECT_EQ(loaded->directories.size(), 4u);
}

TEST_F(Recordings, OnlyTheFirstSessionOfAGroupKeepsItsGapsOverTime) {
  for (const char* name : {"lab/s1", "lab/s2", "new"}) record(name);
  CompareRequest request;
  request.groups = {(root_ / "lab").string(), (root_ / "new").string()};
  const auto loaded = load_groups(request);
  ASSERT_TRUE(loaded) << loaded.error().text();
  const auto& lab = loaded->groups[0].sessions;
  const auto tracks = lab[0]->series.tracks.size();
  EXPECT_GT(tracks, 0u);
  EXPECT_EQ(lab[1]->series.tracks.size(), 0u);
  EXPECT_EQ(loaded->groups[1].sessions[0]->series.tracks.size(), tracks);
  EXPECT_FALSE(lab[1]->series.arms.empty());  // the bands are of all sessions
  EXPECT_EQ(lab[0]->metrics.size(), lab[1]->metrics.size());
  const auto compared = compare(loaded->groups, {});
  ASSERT_TRUE(compared);
  for (const auto& series : compared->series) EXPECT_FALSE(series.tracks.empty()) << series.arm;
}

TEST_F(Recordings, ArmsOfSessionsAndRepeatsOfOne) {
  CompareRequest request;
  request.groups = {record("one").string()};
  request.arms = {"idle", "noise"};
  const auto sessions = load_groups(request);
  ASSERT_TRUE(sessions);
  EXPECT_EQ(sessions->groups[1].arm, "noise");
  EXPECT_EQ(sessions->groups[1].sessions.size(), 1u);
  request.by_repeat = true;
  const auto repeats = load_groups(request);
  ASSERT_TRUE(repeats);
  ASSERT_EQ(repeats->groups[0].sessions.size(), 2u);
  EXPECT_TRUE(repeats->groups[0].places[1].ends_with("#1"));
  EXPECT_EQ(repeats->groups[0].sessions[0]->arms[0].windows, 1);
}

TEST_F(Recordings, ArmsOfKernelsCountTheSessionsOfTheirBoot) {
  const auto boot = [&](const std::string& name, bool patched) {
    test::RecordingBuilder builder;
    const int base = builder.arm("base");
    const int now = builder.arm("new");
    auto& recording = builder.recording();
    recording.plan.arms[0].boot = PlannedBoot{"6.1", ""};
    recording.plan.arms[1].boot = PlannedBoot{"6.12", ""};
    recording.plan.arms[patched ? 0 : 1].not_applicable = "needs another kernel";
    recording.facts["kernel.release"] = patched ? "6.12.1" : "6.1.0";
    builder.window(patched ? now : base, {2, 3});
    write(root_ / name, recording);
  };
  for (int i = 1; i <= 3; ++i) boot(fmt::format("lab/session-{:02}-base", i), false);
  for (int i = 1; i <= 2; ++i) boot(fmt::format("lab/session-{:02}-new", i), true);
  CompareRequest request;
  request.groups = {(root_ / "lab").string()};
  request.arms = {"base", "new"};
  const auto loaded = load_groups(request);
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->groups[0].sessions.size(), 3u);
  ASSERT_EQ(loaded->groups[1].sessions.size(), 2u);
  EXPECT_THAT(loaded->groups[1].places[1], HasSubstr("session-02-new"));
  const auto compared = compare(loaded->groups, {});
  ASSERT_TRUE(compared);
  for (const auto& difference : compared->differences)
    EXPECT_TRUE(difference.intended) << difference.what;
  EXPECT_EQ(compared->groups[0].facts.at("kernel.release"), "6.1.0");
  EXPECT_EQ(compared->groups[1].facts.at("kernel.release"), "6.12.1");
  request.groups = {(root_ / "lab/session-01-base").string()};
  EXPECT_THAT(load_groups(request).error().what, HasSubstr("arm new ran in none of the sessions"));
}

TEST_F(Recordings, WhatIsNoRecordingIsNamed) {
  const auto good = record("good").string();
  const auto refused = [&](std::vector<std::string> groups) {
    CompareRequest request;
    request.groups = std::move(groups);
    const auto loaded = load_groups(request);
    EXPECT_FALSE(loaded);
    return loaded ? "" : loaded.error().text();
  };
  fs::create_directories(root_ / "empty");
  EXPECT_THAT(refused({good, (root_ / "empty").string()}), HasSubstr("contains none"));
  EXPECT_THAT(refused({good, (root_ / "absent").string()}), HasSubstr("absent"));
  EXPECT_THAT(refused({good}), HasSubstr("at least one other"));
  EXPECT_THAT(refused({good, good}), HasSubstr("two groups are named good"));
  EXPECT_THAT(refused({good, "x=,"}), HasSubstr("names no recording"));
}

}  // namespace
}  // namespace isolab
