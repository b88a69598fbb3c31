// SPDX-License-Identifier: Apache-2.0
#include "base/output.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>

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

TEST(Output, JsonStaysTheSameValue) {
  EXPECT_EQ(visible_json("{\n \"a\": \"\xc2\x9b\x7f\xe2\x80\xae\\u001b\xc3\xa4\"\n}"),
            "{\n \"a\": \"\\u009b\\u007f\\u202e\\u001b\xc3\xa4\"\n}");
}

/// The exit code of a fork that does `body`.
int code_of(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(Output, ClosedStandardStreamsAreTaken) {
  EXPECT_EQ(code_of([] {
              for (const int file : {0, 1, 2}) ::close(file);
              prepare_standard_streams();
              const int next = ::open("/dev/zero", O_RDWR);
              say("lost");
              if (next <= 2 || !printed()) return 1;
              print("");
              if (!printed()) return 2;
              print("lost");
              return printed() || printed().error().kind != ErrorKind::io ? 3 : 0;
            }),
            0);
}

TEST(Output, AFullDiskIsAnErrorOfStdoutAlone) {
  EXPECT_EQ(code_of([] {
              const int full = ::open("/dev/full", O_WRONLY);
              ::dup2(full, 1);
              ::dup2(full, 2);
              say("lost");
              if (!printed()) return 1;
              print("lost");
              const auto all = printed();
              return !all && all.error().what.ends_with("No space left on device") ? 0 : 2;
            }),
            0);
}

TEST(Output, AReaderThatWentAwayIsToldApart) {
  EXPECT_EQ(code_of([] {
              prepare_standard_streams();
              int ends[2];
              if (::pipe(ends) != 0) return 1;
              ::dup2(ends[1], 1);
              ::dup2(ends[1], 2);
              ::close(ends[0]);
              say("lost");
              print("lost");
              return !printed() && printed().error().kind == ErrorKind::interrupted ? 0 : 2;
            }),
            0);
}

TEST(Output, AReaderThatSleepsCostsOneSecondOnce) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_NONBLOCK), 0);
  const std::string much(4096, 'x');
  while (::write(ends[1], much.data(), much.size()) > 0) {
  }
  ::fcntl(ends[1], F_SETFL, 0);
  EXPECT_EQ(code_of([&] {
              ::dup2(ends[1], 2);
              // Without the limit none of these would ever return.
              for (int i = 0; i < 1000; ++i) say("lost");
              char byte[65536];
              while (::read(ends[0], byte, sizeof byte) > 0) {
              }
              say("heard");
              return ::read(ends[0], byte, sizeof byte) == 14 ? 0 : 1;
            }),
            0);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace isolab
