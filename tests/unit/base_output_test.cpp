// SPDX-License-Identifier: Apache-2.0
#include "base/output.h"

#include <gtest/gtest.h>

namespace isolab {
namespace {

TEST(Output, ControlCharactersAreVisible) {
  EXPECT_EQ(visible("a\x1b[2K\rb\x7f"), "a\\x1b[2K\\x0db\\x7f");
  EXPECT_EQ(visible(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(visible("tab\tand\nline"), "tab\tand\nline");
  EXPECT_EQ(visible_line("tab\tand\nline"), "tab\\tand\\nline");
}

TEST(Output, LettersOfOtherLanguagesStay) {
  EXPECT_EQ(visible("µs → 中文 \U0001f600 \\x"), "µs → 中文 \U0001f600 \\x");
}

TEST(Output, InvalidUtf8AndHiddenMarksAreVisible) {
  EXPECT_EQ(visible("\xff\xc3("), "\\xff\\xc3(");
  EXPECT_EQ(visible("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(visible("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(visible("\xc2\x9b"
                    "2J"),
            "\\xc2\\x9b2J");  // CSI in C1
  EXPECT_EQ(visible("a\u202e"
                    "b"),
            "a\\xe2\\x80\\xaeb");                // right to left
  EXPECT_EQ(visible("\xe2\x82"), "\\xe2\\x82");  // cut
}

}  // namespace
}  // namespace isolab
