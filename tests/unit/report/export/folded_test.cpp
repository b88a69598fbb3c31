// SPDX-License-Identifier: Apache-2.0
// Folded stacks of a hand-made recording: every line, and sums that are the report's.
#include "report/export/folded.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <sstream>

#include "analysis/analyse.h"
#include "analysis/attribution/interruptions.h"
#include "base/text_file.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/traced_recording.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::Key;

class FoldedTest : public testing::Test {
 protected:
  FoldedTest() : traced_(scratch_.path()) { traced_.add_toggle(); }

  /// Line without its weight -> weight.
  std::map<std::string, std::uint64_t> lines(std::optional<int> window = {}) {
    const auto path = scratch_.path() / "folded";
    fs::remove(path);
    auto out = OutputFile::create(path);
    EXPECT_TRUE(out);
    auto summary = export_folded(traced_.recording(), window, *out);
    EXPECT_TRUE(summary) << summary.error().text();
    EXPECT_TRUE(out->finish());
    summary_ = *summary;
    std::istringstream text(read_text_file(path).value());
    std::map<std::string, std::uint64_t> found;
    for (std::string line; std::getline(text, line);) {
      const auto space = line.rfind(' ');
      EXPECT_TRUE(found.emplace(line.substr(0, space), std::stoull(line.substr(space + 1))).second)
          << line;
    }
    return found;
  }

  test::TemporaryDirectory scratch_;
  test::TracedRecording traced_;
  FoldedSummary summary_;
};

TEST_F(FoldedTest, TheLinesOfAnArmAndCpuSumToItsLostTime) {
  const auto all = lines();
  const auto findings = analyse(traced_.recording());
  ASSERT_EQ(findings.interruptions.cpus.size(), 1u);
  const auto& cpu = findings.interruptions.cpus.front();
  double sum = 0;
  std::map<std::string, double> classes;
  for (const auto& [line, ns] : all) {
    EXPECT_TRUE(line.starts_with("toggle;CPU 1;")) << line;
    sum += static_cast<double>(ns);
    const auto klass = line.substr(13, line.find(';', 13) - 13);
    classes[klass] += static_cast<double>(ns) / 1e3;
  }
  EXPECT_EQ(sum, static_cast<double>(summary_.ns));
  EXPECT_EQ(all.size(), summary_.stacks);
  EXPECT_GT(cpu.lost_us, 1000);
  // Each line is rounded down to a nanosecond.
  EXPECT_NEAR(sum / 1e3, cpu.lost_us, static_cast<double>(all.size()) / 1e3);
  for (const auto& cause : cpu.causes)
    if (cause.lost_us > 0) {
      EXPECT_THAT(classes, Contains(Key(cause.name.klass)));
    }
  for (const auto& part : cpu.budget.parts)
    if (part.name == "outside_kernel" || part.name == "unexplained") {
      EXPECT_NEAR(classes[part.name], static_cast<double>(part.ticks) / cpu.ticks_per_second * 1e6,
                  0.01)
          << part.name;
    }
}

TEST_F(FoldedTest, ASendersStackStandsOutermostFrameFirst) {
  const auto findings = analyse(traced_.recording());
  const CauseRow* sent = nullptr;
  for (const auto& cause : findings.interruptions.cpus.front().causes)
    if (cause.name.klass == "text_patch") sent = &cause;
  ASSERT_NE(sent, nullptr);
  ASSERT_FALSE(sent->senders.empty());
  const auto& sender = sent->senders.front();
  std::string tail;
  for (const auto& frame : informative(sender.frames, 64)) tail.insert(0, ";" + frame);
  EXPECT_THAT(lines(), Contains(Key("toggle;CPU 1;text_patch;" + sent->name.what + ";sent by " +
                                    sender.comm + tail)));
}

TEST_F(FoldedTest, SaysWhatIsNotInTheFile) {
  lines();
  EXPECT_THAT(summary_.remarks, Contains(HasSubstr("toggle untraced #1): not traced.")));
  auto out = OutputFile::create(scratch_.path() / "none");
  ASSERT_TRUE(out);
  const auto none = export_folded(traced_.recording(), 7, *out);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::usage);
  const auto untraced = export_folded(traced_.recording(), 1, *out);
  ASSERT_FALSE(untraced);
  EXPECT_EQ(untraced.error().kind, ErrorKind::unsupported);
}

TEST_F(FoldedTest, TimesOfAnEmulatedCpuAreWithheld) {
  traced_.recording().facts["cpu.emulated"] = "yes: by QEMU";
  auto out = OutputFile::create(scratch_.path() / "emulated");
  ASSERT_TRUE(out);
  const auto refused = export_folded(traced_.recording(), {}, *out);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(refused.error().what, HasSubstr("emulated"));
}

TEST(Folded, ANameIsOneFrameOfOneLine) {
  EXPECT_EQ(folded_frame("a;b\nc\td e"), "a:b?c?d e");
  EXPECT_EQ(folded_frame(""), "?");
}

}  // namespace
}  // namespace isolab
