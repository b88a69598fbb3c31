// SPDX-License-Identifier: Apache-2.0
#include "host/installation.h"

#include <gmock/gmock.h>

#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(Installation, OfTheBuildTreeAreItsSources) {
  const auto ours = installation();
  ASSERT_TRUE(ours) << ours.error().text();
  EXPECT_TRUE(fs::exists(ours->share / "profiles" / "quick.yaml")) << ours->share;
  EXPECT_TRUE(fs::exists(ours->share / "plots" / "render.py"));
  EXPECT_TRUE(fs::exists(ours->library / "CMakeCache.txt"));
}

TEST(Installation, IsFoundFromTheProgram) {
  const test::TemporaryDirectory scratch;
  scratch.put("lab/bin/isolab", "");
  const auto absent = installation_of(scratch / "lab/bin/isolab");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(absent.error().what, HasSubstr("lab/share/isolab: No such file"));
  fs::create_directories(scratch / "lab/share/isolab");
  const auto found = installation_of(scratch / "lab/bin/isolab");
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->share, scratch / "lab/share/isolab");
  EXPECT_EQ(found->library, scratch / "lab/lib/isolab");
}

// /tmp/isolab would otherwise take what anybody may put into /share or /tmp/share.
TEST(Installation, NeedsTheProgramInBin) {
  const test::TemporaryDirectory scratch;
  scratch.put("lab/isolab", "");
  fs::create_directories(scratch / "share/isolab");
  const auto found = installation_of(scratch / "lab/isolab");
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().what, HasSubstr("is not in the bin/ of an installation"));
}

TEST(Installation, ThatOthersMayWriteToIsRefused) {
  const test::TemporaryDirectory scratch;
  scratch.put("bin/isolab", "");
  fs::create_directories(scratch / "share/isolab");
  fs::permissions(scratch / "share/isolab", fs::perms::all);
  const auto found = installation_of(scratch / "bin/isolab");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::denied);
  EXPECT_THAT(found.error().what, HasSubstr("others may write to it"));
}

}  // namespace
}  // namespace isolab
