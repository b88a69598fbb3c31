// SPDX-License-Identifier: Apache-2.0
// Where profiles are found, and by what they are known.
#include <gmock/gmock.h>

#include "plan/profile_file.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(ProfileFile, NamesAndHashes) {
  EXPECT_TRUE(find_profile("quick").value().ends_with("profiles/quick.yaml"));
  EXPECT_EQ(find_profile("some/where.yaml").value(), "some/where.yaml");
  EXPECT_THAT(find_profile("quik").error().text(), HasSubstr("lpc2022"));
  EXPECT_EQ(shipped_name("/anywhere/profiles/quick.yaml"), "quick");
  for (const char* own : {"/anywhere/profiles/quik.yaml", "mine/quick.yaml", "profiles/quick.yml"})
    EXPECT_EQ(shipped_name(own), own);
  EXPECT_TRUE(check_profile_hash("", "0123456789", "x"));
  EXPECT_TRUE(check_profile_hash("01234567", "0123456789", "x"));
  EXPECT_FALSE(check_profile_hash("0123", "0123456789", "x"));
  EXPECT_THAT(check_profile_hash("ffffffff", "0123456789", "x").error().text(),
              HasSubstr("not the profile with the hash ffffffff"));
}

TEST(ProfileFile, ADirectoryHidesNoProfile) {
  const test::TemporaryDirectory scratch;
  const fs::path before = fs::current_path();
  fs::create_directory(scratch / "quick");
  fs::current_path(scratch.path());
  const auto found = find_profile("quick");
  fs::current_path(before);
  ASSERT_TRUE(found);
  EXPECT_THAT(*found, testing::EndsWith("profiles/quick.yaml"));
  EXPECT_FALSE(find_profile(std::string(300, 'x')));
}

}  // namespace
}  // namespace isolab
