// SPDX-License-Identifier: Apache-2.0
// What a command leaves running is found by its parentage, named and ended.
#include "runner/leftovers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>

#include "host/process.h"

namespace isolab {
namespace {

TEST(Leftovers, AreListedUpToEight) {
  EXPECT_EQ(listed({}), "");
  EXPECT_EQ(listed({"a (1)", "b (2)"}), "a (1), b (2)");
  EXPECT_THAT(listed(std::vector<std::string>(11, "x")), testing::EndsWith(", x and 3 more"));
}

/// In a process of its own: whatever descends from the caller is ended. 0: all as it should be.
int leave_and_end(const std::string& cgroup) {
  SystemFiles files;
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  // Two sessions of their own: one of a child, one of a grandchild.
  const std::string until = "while [ \"$(cat /proc/$!/comm)\" != sleep ]; do :; done";
  auto child =
      Child::spawn({.argv = {"sh", "-c",
                             "setsid sleep 1001 & " + until + "; setsid sh -c 'sleep 1002 & " +
                                 until + "' & wait $!"}});
  if (!child) return 1;
  child->wait_for(std::chrono::seconds(20));
  const auto left = end_leftovers(files, cgroup);
  if (left.killed.size() != 2 || !left.stubborn.empty()) return 2;
  for (const auto& name : left.killed)
    if (!name.starts_with("sleep (")) return 3;
  return end_descendants(files).killed.empty() ? 0 : 4;
}

TEST(Leftovers, OfOtherSessionsAreEndedOnce) {
  for (const char* cgroup : {"", "/no/such/cgroup"}) {
    auto child = Child::fork_into("leaves", {}, [&] { return leave_and_end(cgroup); });
    ASSERT_TRUE(child) << child.error().text();
    const auto exit = child->wait_for(std::chrono::seconds(60));
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->text(), "exit code 0") << cgroup;
  }
}

}  // namespace
}  // namespace isolab
