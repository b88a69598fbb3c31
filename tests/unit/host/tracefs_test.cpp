// SPDX-License-Identifier: Apache-2.0
#include "host/tracefs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace isolab {
namespace {

TEST(Tracefs, IsFoundAtEitherPlace) {
  MemoryFiles files;
  EXPECT_EQ(find_tracefs(files), "");
  ASSERT_TRUE(files.make_dir("/sys/kernel/debug/tracing/events"));
  EXPECT_EQ(find_tracefs(files), "/sys/kernel/debug/tracing");
  ASSERT_TRUE(files.make_dir("/sys/kernel/tracing/events"));
  EXPECT_EQ(find_tracefs(files), "/sys/kernel/tracing");
}

TEST(Tracefs, CountersOfARingAreReadByTheirWholeName) {
  const RingStats stats = parse_ring_stats(
      "entries: 5\noverrun: 1\ncommit overrun: 2\nbytes: 9\ndropped events: 3\nread events: 4\n");
  EXPECT_EQ(stats.entries, 5u);
  EXPECT_EQ(stats.overrun, 1u);
  EXPECT_EQ(stats.commit_overrun, 2u);
  EXPECT_EQ(stats.dropped, 3u);
  EXPECT_EQ(stats.read, 4u);
}

TEST(Tracefs, CountersOfARingAddUpToWhatWasWritten) {
  EXPECT_EQ(
      parse_ring_stats(
          "entries: 10\noverrun: 200\ncommit overrun: 1\nbytes: 480\n"
          "oldest event ts:  1750.1\nnow ts:  1750.2\ndropped events: 3000\nread events: 40000\n")
          .written(),
      43211u);
  EXPECT_EQ(parse_ring_stats("").written(), 0u);
}

TEST(TracefsDirectory, ClaimsADirectoryThatDoesNotExistYet) {
  MemoryFiles files;
  const Claim first = TracefsDirectory::claim(files, "x");
  EXPECT_EQ(first.kind, Claim::Kind::directory);
  EXPECT_EQ(first.path, "/sys/kernel/tracing/instances/isolab_x_" + std::to_string(getpid()));
  EXPECT_EQ(TracefsDirectory::claim(files, "x").path, first.path);
  ASSERT_TRUE(files.make_dir(first.path));
  EXPECT_EQ(TracefsDirectory::claim(files, "x").path, first.path + "_2");
}

}  // namespace
}  // namespace isolab
