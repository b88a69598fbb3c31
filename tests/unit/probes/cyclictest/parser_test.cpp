// SPDX-License-Identifier: Apache-2.0
// The cyclictest parser: real outputs against numbers that an independent script counted, and every
// way an output can be broken.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "probes/formats/cyclictest_parser.h"

namespace isolab {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The last value of a bucket, 51.4 ms: above it the histogram counts exactly.
constexpr std::uint64_t kEdge = 51'380'223;
constexpr std::uint64_t kSecond = 1'000'000'000;

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::filesystem::path> goldens() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry :
       std::filesystem::directory_iterator(ISOLAB_SOURCE_DIR "/tests/golden/cyclictest"))
    if (entry.path().extension() == ".txt") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

class CyclictestGolden : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(CyclictestGolden, GivesTheNumbersOfTheIndependentCount) {
  std::filesystem::path expected_file = GetParam();
  std::istringstream lines(slurp(expected_file.replace_extension(".expected")));
  std::map<std::string, std::uint64_t> expected;
  std::string key;
  for (std::uint64_t value; lines >> key >> value;) expected[key] = value;
  ASSERT_FALSE(expected.empty());

  const std::string text = slurp(GetParam());
  // Whatever the sizes of the reads, the result is the same.
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, text.size()}) {
    CyclictestParser parser({.threads = expected.at("threads"),
                             .interval = expected.at("interval_ns"),
                             .threshold = 1'000'000});
    for (std::size_t at = 0; at < text.size(); at += piece)
      parser.feed(std::string_view(text).substr(at, piece), 0);
    parser.finish();
    EXPECT_EQ(parser.problem().empty(), expected.at("whole") == 1) << parser.problem();
    for (std::size_t i = 0; i < parser.threads().size(); ++i) {
      const CyclictestThread& thread = parser.threads()[i];
      const auto of = [&](const char* what) {
        return expected.at(what + ("." + std::to_string(i)));
      };
      EXPECT_EQ(thread.samples, of("samples"));
      EXPECT_EQ(thread.missed, of("missed"));
      EXPECT_EQ(thread.longest, of("longest"));
      EXPECT_EQ(thread.periods, of("samples") + of("missed"));
      EXPECT_EQ(thread.histogram.total(), of("samples"));
      EXPECT_EQ(thread.corrected.total(), thread.periods);
      EXPECT_EQ(thread.histogram.count_above(kEdge), of("over_edge"));
      EXPECT_EQ(thread.corrected.count_above(kEdge), of("corrected_over_edge"));
      EXPECT_EQ(thread.late.size(), of("over_1ms"));
      EXPECT_GE(thread.cpu, 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Files, CyclictestGolden, ::testing::ValuesIn(goldens()),
                         [](const auto& test) { return test.param.stem().string(); });

CyclictestParser parse(const std::string& text, std::size_t threads = 1) {
  CyclictestParser parser(
      {.threads = threads, .interval = 1'000'000, .threshold = 100'000, .log_capacity = 2});
  parser.feed(text, 10 * kSecond);
  parser.finish();
  return parser;
}

TEST(CyclictestParser, CorrectsForTheWakeupsALateOneHid) {
  const auto parser = parse("0:0:20\n0:1:3500000\n0:2:30\n");
  ASSERT_THAT(parser.problem(), IsEmpty());
  const CyclictestThread& thread = parser.threads()[0];
  EXPECT_EQ(thread.samples, 3u);
  EXPECT_EQ(thread.missed, 3u);  // those due 1, 2 and 3 ms later: late by 2.5, 1.5 and 0.5 ms
  EXPECT_EQ(thread.periods, 6u);
  EXPECT_EQ(thread.corrected.total(), 6u);
  EXPECT_EQ(thread.corrected.count_above(2'000'000), 2u);
  EXPECT_EQ(thread.corrected.count_above(1'000'000), 3u);
  EXPECT_EQ(thread.corrected.count_above(300'000), 4u);
  EXPECT_EQ(thread.histogram.count_above(300'000), 1u);
}

TEST(CyclictestParser, ALatencyOfExactlyOneIntervalHidesNothing) {
  EXPECT_EQ(parse("0:0:1000000\n").threads()[0].missed, 0u);
  EXPECT_EQ(parse("0:0:1000001\n").threads()[0].missed, 1u);
}

TEST(CyclictestParser, LateWakeupsStandAtTheTimeTheyWereDue) {
  const auto parser = parse("0:0:20\n0:1:2500000\n0:2:200000\n0:3:300000\n");
  const CyclictestThread& thread = parser.threads()[0];
  ASSERT_THAT(thread.late, SizeIs(2));
  EXPECT_EQ(thread.late[0], (Gap{2'000'000, 2'500'000}));
  EXPECT_EQ(thread.late[1], (Gap{5'000'000, 200'000}));  // two periods were missed in between
  EXPECT_EQ(thread.late_dropped, 1u);
}

TEST(CyclictestParser, TellsWhenTheRunBegan) {
  CyclictestParser parser({.threads = 1, .interval = 1'000'000, .threshold = 100'000});
  parser.feed("0:0:20\n", 7 * kSecond + 9'000'000);
  parser.feed("0:1:20\n0:2:20\n", 7 * kSecond + 4'000'000 + 700'000'000);
  EXPECT_EQ(parser.started_at(), 7 * kSecond);
  EXPECT_NEAR(static_cast<double>(parser.reader_lag()), 701e6, 1e5);
}

TEST(CyclictestParser, AReadThatCameTooLateIsAnError) {
  CyclictestParser parser({.threads = 1, .interval = 10'000, .threshold = 100'000});
  parser.feed("0:0:20\n", 7 * kSecond + 20'000);
  parser.feed("0:1:20\n", 7 * kSecond + 500'000'000);  // the tool holds 0.16 s of samples
  EXPECT_THAT(parser.problem(), HasSubstr("overwrites"));
}

TEST(CyclictestParser, ASampleOfZeroCarriesAnOldCycleNumber) {
  const auto parser = parse("0:0:20\n0:0:0\n0:2:20\n");
  EXPECT_THAT(parser.problem(), IsEmpty());
  EXPECT_EQ(parser.threads()[0].samples, 3u);
}

struct Broken {
  const char* name;
  const char* text;
  const char* says;
  std::uint64_t samples;
};

class BrokenOutput : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenOutput, IsNamedWithItsLineAndTheDataSoFarIsKept) {
  const auto parser = parse(GetParam().text);
  EXPECT_THAT(parser.problem(), HasSubstr(GetParam().says));
  EXPECT_EQ(parser.threads()[0].samples, GetParam().samples);
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenOutput,
    ::testing::Values(
        Broken{"Truncated", "0:0:20\n0:1:2", "line 2: the output ends inside a line", 1},
        Broken{"Word", "0:0:20\n0:1:banana\n0:2:20\n", "line 2: `0:1:banana` is not a sample", 1},
        Broken{"Control", "0:0:20\n\x1b[2J\n", "line 2: `?[2J` is not a sample", 1},
        Broken{"Negative", "0:0:20\n0:1:-5\n", "line 2", 1},
        Broken{"Skipped", "0:0:20\n0:5:20\n", "continues with cycle 5, expected 1", 1},
        Broken{"Unknown", "0:0:20\n3:0:20\n", "a sample of thread 3, but there are 1", 1},
        Broken{"Huge", "0:0:20\n0:1:99999999999999999999999\n", "line 2", 1},
        Broken{"TooLate", "0:0:20\n0:1:2000000000000\n", "longer than 1000 s", 1}),
    [](const auto& test) { return test.param.name; });

TEST(CyclictestParser, ALineWithoutEndDoesNotEatTheMemory) {
  CyclictestParser parser({.threads = 1, .interval = 1'000'000, .threshold = 100'000});
  for (int i = 0; i < 1000; ++i) parser.feed(std::string(1000, 'x'), kSecond);
  EXPECT_THAT(parser.problem(), HasSubstr("is longer than any line"));
}

TEST(CyclictestParser, KeepsWhatWasSaidBeforeTheFirstSample) {
  const auto parser = parse("Using 1 cpus.\nsomething new\n0:0:20\n");
  EXPECT_THAT(parser.problem(), IsEmpty());
  EXPECT_THAT(parser.messages(), SizeIs(2));
}

}  // namespace
}  // namespace isolab
