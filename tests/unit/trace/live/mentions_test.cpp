// SPDX-License-Identifier: Apache-2.0
// Which of the traced sends are our own doing.
#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"
#include "tests/support/trace_builder.h"
#include "trace/live/kernel_names.h"

namespace isolab {
namespace {

constexpr std::uint64_t kFunction = 0x1000, kCallsite = 0x2000, kCallback = 0x3000;
constexpr std::int32_t kOwn = 50, kProbe = 60, kOther = 70;
constexpr std::uint8_t kProcess = 0, kInterrupt = 0x08, kSoftirq = 0x10;

Result<Mentions> mentions_of(test::TraceBuilder& make) {
  const test::TemporaryDirectory directory;
  test::write_trace_directory(directory.path(), make.take(), {}, {});
  return find_mentions(TRY(TraceDirectory::load(directory.path())), {kOwn, kProbe}, 1000, 2000);
}

TEST(Mentions, CallsAndReschedulesOfOurTasksAreOurs) {
  test::TraceBuilder make;
  std::uint64_t time = 1000;
  const auto send = [&](std::int32_t pid, std::uint8_t flags) {
    make.pid = pid, make.flags = flags;
    make.queue(0, ++time, 1, kCallsite, kFunction, 0xff00);
    make.send(0, ++time, 1, kCallsite, kCallback);  // the IPI of that call: not a second one
    make.send(0, ++time, 1, kCallsite, 0);
  };
  send(kOwn, kProcess);
  send(kProbe, kProcess);
  send(kOther, kProcess);
  send(kOwn, kInterrupt);
  send(kProbe, kSoftirq);
  send(kOther, kInterrupt);
  const auto found = mentions_of(make);
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->own_calls, 2U);
  EXPECT_EQ(found->own_reschedules, 2U);
  EXPECT_EQ(found->interrupts_in_own, 4U);
}

TEST(Mentions, WhatIsOutsideTheWindowDoesNotCount) {
  test::TraceBuilder make;
  make.pid = kOwn;
  make.send(0, 999, 1, kCallsite, 0);
  make.send(0, 2001, 1, kCallsite, 0);
  make.tick(1, 1500);
  const auto found = mentions_of(make);
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->own_reschedules, 0U);
  EXPECT_EQ(found->events, 3U);
  EXPECT_EQ(found->last, (std::map<int, std::uint64_t>{{0, 2001}, {1, 1500}}));
}

}  // namespace
}  // namespace isolab
