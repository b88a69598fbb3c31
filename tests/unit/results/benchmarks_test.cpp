// SPDX-License-Identifier: Apache-2.0
#include "results/benchmarks.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Cut from what Google Benchmark 1.7.1 wrote, two repetitions.
constexpr const char* kJson = R"({
  "context": {"date": "2026-11-21T12:00:00+00:00", "num_cpus": 2, "load_avg": [0.5, 1.25],
              "isolab_hypervisor": "none seen"},
  "benchmarks": [
    {"name": "mprotect/peers:1/pages:33/manual_time", "family_index": 0,
     "per_family_instance_index": 0, "run_name": "mprotect/peers:1/pages:33/manual_time",
     "run_type": "iteration", "repetitions": 2, "repetition_index": 0, "threads": 1,
     "iterations": 1000, "real_time": 20.5, "cpu_time": 30, "time_unit": "us", "flips": 2},
    {"name": "mprotect/peers:1/pages:33/manual_time", "family_index": 0,
     "per_family_instance_index": 0, "run_name": "mprotect/peers:1/pages:33/manual_time",
     "run_type": "iteration", "repetitions": 2, "repetition_index": 1, "threads": 1,
     "iterations": 1000, "real_time": 21, "cpu_time": 30, "time_unit": "us", "flips": 2},
    {"name": "mprotect/peers:1/pages:33/manual_time_mean", "family_index": 0,
     "per_family_instance_index": 0, "run_name": "mprotect/peers:1/pages:33/manual_time",
     "run_type": "aggregate", "repetitions": 2, "threads": 1, "aggregate_name": "mean",
     "aggregate_unit": "time", "iterations": 2, "real_time": 20.75, "cpu_time": 30,
     "time_unit": "us"},
    {"name": "mprotect_ceiling/ceiling:0", "family_index": 1, "per_family_instance_index": 0,
     "run_name": "mprotect_ceiling/ceiling:0", "run_type": "iteration", "repetitions": 1,
     "repetition_index": 0, "threads": 1, "error_occurred": true,
     "error_message": "not applicable: no debugfs", "iterations": 0, "real_time": 0, "cpu_time": 0,
     "time_unit": "ns"}]})";

TEST(Benchmarks, RepetitionsAreKeptAndAggregatesAreNot) {
  const auto read = read_benchmarks("ladder.json", kJson);
  ASSERT_TRUE(read) << read.error().text();
  ASSERT_EQ(read->runs.size(), 2u);
  EXPECT_FALSE(read->debug_build);
  const auto& run = read->runs.front();
  EXPECT_EQ(run.name, "mprotect");
  EXPECT_EQ(run.parameters, "peers:1 pages:33");
  EXPECT_THAT(run.times_ns, ElementsAre(20500, 21000));
  EXPECT_NEAR(run.seconds, 0.0415, 1e-12);
  ASSERT_EQ(run.counters.size(), 1u);
  EXPECT_THAT(run.counters.at("flips"), ElementsAre(2, 2));
  EXPECT_EQ(read->context.at("isolab_hypervisor"), "none seen");
  EXPECT_EQ(read->context.size(), 1u);
}

TEST(Benchmarks, AMedianOfItsOwnIsTheTime) {
  const auto read = read_benchmarks(
      "ladder.json", R"({"benchmarks": [{"name": "a", "run_name": "a", "run_type": "iteration",
        "iterations": 10, "real_time": 90, "time_unit": "ns", "median_ns": 20}]})");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_THAT(read->runs.front().times_ns, ElementsAre(20));
  EXPECT_NEAR(read->runs.front().seconds, 900e-9, 1e-15);
  EXPECT_TRUE(read->runs.front().counters.empty());
}

TEST(Benchmarks, ASkippedOneKeepsItsReason) {
  const auto read = read_benchmarks("ladder.json", kJson);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->runs.back().error, "not applicable: no debugfs");
  EXPECT_TRUE(read->runs.back().times_ns.empty());
}

// Google Benchmark before 1.5 writes neither run_type nor run_name.
TEST(Benchmarks, FilesBefore1_5) {
  const auto read = read_benchmarks("old.json", R"({
    "context": {"date": "2018-03-01 10:00:00", "library_build_type": "debug"},
    "benchmarks": [
      {"name": "copy/64/repeats:2", "iterations": 500, "real_time": 12, "cpu_time": 12,
       "time_unit": "ns", "bytes_per_second": 5e9},
      {"name": "copy/64/repeats:2", "iterations": 500, "real_time": 14, "cpu_time": 13,
       "time_unit": "ns", "bytes_per_second": 4e9},
      {"name": "copy/64/repeats:2_mean", "iterations": 500, "real_time": 13, "cpu_time": 12.5,
       "time_unit": "ns"},
      {"name": "copy/64/repeats:2_stddev", "iterations": 0, "real_time": 1, "cpu_time": 1,
       "time_unit": "ns"},
      {"name": "copy_BigO", "cpu_coefficient": 1, "real_coefficient": 1, "big_o": "N",
       "time_unit": "ns"},
      {"name": "copy_RMS", "cpu_coefficient": 1, "real_coefficient": 1}]})");
  ASSERT_TRUE(read) << read.error().text();
  ASSERT_EQ(read->runs.size(), 1u);
  EXPECT_EQ(read->runs.front().name, "copy");
  EXPECT_EQ(read->runs.front().parameters, "64");
  EXPECT_THAT(read->runs.front().times_ns, ElementsAre(12, 14));
  EXPECT_THAT(read->runs.front().counters.at("bytes_per_second"), ElementsAre(5e9, 4e9));
  EXPECT_TRUE(read->debug_build);
}

TEST(Benchmarks, TheHintFitsTheReason) {
  const auto aggregates = read_benchmarks(
      "x.json", R"({"benchmarks": [{"name": "a_mean", "real_time": 1, "time_unit": "ns"}]})");
  ASSERT_FALSE(aggregates);
  EXPECT_THAT(aggregates.error().hint, HasSubstr("aggregates_only"));
  const auto none = read_benchmarks("x.json", R"({"benchmarks": []})");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().hint, HasSubstr("--benchmark_filter"));
}

TEST(Benchmarks, WhatIsNoneIsRefused) {
  for (const char* text :
       {"", "[]", "{}", R"({"benchmarks": []})", R"({"benchmarks": [1]})",
        R"({"benchmarks": [{"name": "a", "run_name": "a", "run_type": "iteration"}]})"}) {
    const auto read = read_benchmarks("x.json", text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, ErrorKind::parse) << text;
  }
}

TEST(Benchmarks, AreAttachedOnce) {
  const test::TemporaryDirectory scratch;
  const fs::path& place = scratch.path();
  std::ofstream(place / "ladder.json") << kJson;
  fs::create_directory(place / "recording");
  EXPECT_TRUE(load_benchmarks(place / "recording")->empty());
  ASSERT_TRUE(attach_benchmarks(place / "recording", place / "ladder.json"));
  const auto loaded = load_benchmarks(place / "recording");
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->size(), 1u);
  EXPECT_EQ(loaded->front().file, "ladder.json");
  EXPECT_EQ(loaded->front().runs.size(), 2u);
  const auto again = attach_benchmarks(place / "recording", place / "ladder.json");
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().what, HasSubstr("ladder.json exists"));
}

TEST(Benchmarks, NothingIsWrittenOrReadThroughLinksOfARecording) {
  const test::TemporaryDirectory scratch;
  scratch.put("ladder.json", kJson);
  scratch.put("elsewhere/theirs.json", kJson);
  const fs::path recording = scratch / "recording";
  fs::create_directory(recording);
  fs::create_directory_symlink(scratch / "elsewhere", recording / "benchmarks");
  const auto attached = attach_benchmarks(recording, scratch / "ladder.json");
  ASSERT_FALSE(attached);
  EXPECT_EQ(attached.error().kind, ErrorKind::denied);
  EXPECT_FALSE(fs::exists(scratch / "elsewhere" / "ladder.json"));
  fs::remove(recording / "benchmarks");
  fs::create_directory(recording / "benchmarks");
  // A link under the name, dangling or not, is something that is there.
  fs::create_symlink(scratch / "victim", recording / "benchmarks" / "ladder.json");
  EXPECT_EQ(attach_benchmarks(recording, scratch / "ladder.json").error().kind, ErrorKind::usage);
  EXPECT_FALSE(fs::exists(scratch / "victim"));
  fs::remove(recording / "benchmarks" / "ladder.json");
  fs::create_symlink(scratch / "ladder.json", recording / "benchmarks" / "a.json");
  EXPECT_EQ(load_benchmarks(recording).error().kind, ErrorKind::denied);
  EXPECT_FALSE(attach_benchmarks(recording, "/dev/zero"));
  EXPECT_FALSE(attach_benchmarks(recording, scratch / (std::string(300, 'x') + ".json")));
}

}  // namespace
}  // namespace isolab
