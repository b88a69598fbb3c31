// SPDX-License-Identifier: Apache-2.0
#include "base/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace isolab {
namespace {

TEST(Environment, AnEmptyVariableIsOneThatIsNotSet) {
  ::unsetenv("ISOLAB_TEST_VARIABLE");
  EXPECT_FALSE(environment("ISOLAB_TEST_VARIABLE"));
  ::setenv("ISOLAB_TEST_VARIABLE", "", 1);
  EXPECT_FALSE(environment("ISOLAB_TEST_VARIABLE"));
  ::setenv("ISOLAB_TEST_VARIABLE", "x", 1);
  EXPECT_EQ(environment("ISOLAB_TEST_VARIABLE"), "x");
  ::unsetenv("ISOLAB_TEST_VARIABLE");
}

}  // namespace
}  // namespace isolab
