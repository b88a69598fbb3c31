// SPDX-License-Identifier: Apache-2.0
// A CPU whose trace could not be read to its end: unknown, not quiet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/attribution/interruptions.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/traced_recording.h"

namespace isolab {
namespace {

TEST(TraceCut, AMeasuredCpuWithACutTraceHasNoCausesAndNoSilentGaps) {
  const test::TemporaryDirectory directory;
  test::TracedRecording made(directory.path());
  made.add_toggle();
  const auto whole = find_interruptions(made.recording());
  ASSERT_TRUE(whole) << whole.error().text();
  ASSERT_EQ(whole->cpus.size(), 1U);

  made.recording().windows[0].notes["ipi_trace.cut.cpu1"] = "77 cannot read cpu1/trace_pipe_raw";
  const auto cut = find_interruptions(made.recording());
  ASSERT_TRUE(cut) << cut.error().text();
  EXPECT_THAT(cut->cpus, testing::IsEmpty());
}

TEST(TraceCut, AnotherCpusCutTraceChangesNothingThere) {
  const test::TemporaryDirectory directory;
  test::TracedRecording made(directory.path());
  made.add_toggle();
  const auto whole = find_interruptions(made.recording());
  made.recording().windows[0].notes["ipi_trace.cut.cpu0"] = "77 cannot read cpu0/trace_pipe_raw";
  const auto cut = find_interruptions(made.recording());
  ASSERT_TRUE(whole && cut);
  ASSERT_EQ(cut->cpus.size(), 1U);
  EXPECT_EQ(cut->cpus[0].callbacks, whole->cpus[0].callbacks);
  EXPECT_EQ(cut->cpus[0].gaps, whole->cpus[0].gaps);
}

}  // namespace
}  // namespace isolab
