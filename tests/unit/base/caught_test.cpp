// SPDX-License-Identifier: Apache-2.0
#include "base/caught.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <new>
#include <stdexcept>

namespace isolab {
namespace {

using testing::HasSubstr;

TEST(Caught, ResultsPass) {
  EXPECT_EQ(*caught([]() -> Result<int> { return 3; }), 3);
  const auto error = caught([]() -> Result<int> { return Error{ErrorKind::busy, "why"}; });
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().kind, ErrorKind::busy);
}

TEST(Caught, ExceptionsBecomeErrors) {
  const auto memory = caught([]() -> Result<void> { throw std::bad_alloc(); });
  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().what, "out of memory");

  const auto path = caught([]() -> Result<void> {
    throw std::filesystem::filesystem_error("status", "some/file",
                                            std::make_error_code(std::errc::permission_denied));
  });
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().kind, ErrorKind::denied);
  EXPECT_EQ(path.error().what, "cannot use some/file: Permission denied");

  const auto other = caught([]() -> Result<void> { throw std::logic_error("a fault"); });
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().what, "a fault");
  EXPECT_THAT(other.error().hint, HasSubstr("report"));

  const auto unknown = caught([]() -> Result<void> { throw 1; });
  EXPECT_FALSE(unknown);
}

}  // namespace
}  // namespace isolab
