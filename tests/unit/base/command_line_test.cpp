// SPDX-License-Identifier: Apache-2.0
#include "base/command_line.h"

#include <gmock/gmock.h>

namespace isolab {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(CommandLine, WordsEndAtBlanksOutsideQuotes) {
  EXPECT_THAT(command_line_words(" quiet  isolcpus=2-3\tdyndbg=\"file x.c +p\" -- vm\n"),
              ElementsAre("quiet", "isolcpus=2-3", "dyndbg=\"file x.c +p\"", "--", "vm"));
  EXPECT_THAT(command_line_words("a=\"open to the end"), ElementsAre("a=\"open to the end"));
  EXPECT_THAT(command_line_words(" \n"), IsEmpty());
}

TEST(CommandLine, TakesEachWordOutOnceFromTheEnd) {
  EXPECT_EQ(command_line_without("a b=1 c b=1 d", {"b=1"}), "a b=1 c d");
  EXPECT_EQ(command_line_without("a b=1", {"b=1", "b=1", "b"}), "a");
  EXPECT_EQ(command_line_without("a  b", {}), "a b");
}

TEST(CommandLine, ShellWordsAreQuotedWhereTheyMustBe) {
  EXPECT_EQ(shell_word("--kernel=6.12-rt"), "--kernel=6.12-rt");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace isolab
