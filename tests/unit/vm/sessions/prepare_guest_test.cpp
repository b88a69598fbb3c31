// SPDX-License-Identifier: Apache-2.0
// The directory of one guest, and what others left.
#include "vm/sessions/prepare_guest.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

TEST(VmDirectories, WhatAKilledGuestLeftIsRemovedByTheNext) {
  const test::TemporaryDirectory scratch;
  ::setenv("TMPDIR", scratch.path().c_str(), 1);
  fs::path kept, live;
  {
    auto first = VmDirectory::create();
    ASSERT_TRUE(first);
    kept = first->path();
    first->keep();
  }
  scratch.put("isolab-vm-killed/held", "");
  scratch.put("isolab-vm-killed/results.disk", "x");
  fs::create_directory(scratch / "other");
  fs::create_directory_symlink(scratch / "other", scratch / "isolab-vm-link");
  scratch.put("other/held", "");
  {
    const auto second = VmDirectory::create();
    ASSERT_TRUE(second);
    live = second->path();
    const auto third = VmDirectory::create();
    EXPECT_TRUE(third);
    EXPECT_TRUE(fs::exists(live));
  }
  ::unsetenv("TMPDIR");
  EXPECT_FALSE(fs::exists(live));
  EXPECT_TRUE(fs::exists(kept));
  EXPECT_TRUE(fs::exists(scratch / "other" / "held"));
  EXPECT_FALSE(fs::exists(scratch / "isolab-vm-killed"));
}

TEST(VmDirectories, WithoutATemporaryDirectoryThereIsAnErrorAndNoException) {
  const test::TemporaryDirectory scratch;
  ::setenv("TMPDIR", (scratch / "none").c_str(), 1);
  const auto guest = VmDirectory::create();
  ::unsetenv("TMPDIR");
  EXPECT_FALSE(guest);
}

}  // namespace
}  // namespace isolab
