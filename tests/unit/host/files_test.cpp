// SPDX-License-Identifier: Apache-2.0
#include "host/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "host/kernel_values.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

using testing::ElementsAre;

class Scratch : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& text) {
    std::ofstream(root_ / name) << text;
  }
  std::string get(const std::string& name) {
    std::ostringstream text;
    text << std::ifstream(root_ / name).rdbuf();
    return text.str();
  }
  test::TemporaryDirectory scratch_;
  std::filesystem::path root_ = scratch_.path();
};
using SystemFilesBelow = Scratch;

TEST_F(SystemFilesBelow, ReadsWritesAndLists) {
  put("b", "text\n");
  put("a", std::string(100'000, 'x'));
  SystemFiles files(root_.string());
  EXPECT_EQ(*files.read("/b"), "text\n");
  EXPECT_EQ(files.read("/a")->size(), 100'000u);
  EXPECT_THAT(*files.list("/"), ElementsAre("a", "b"));
  ASSERT_TRUE(files.write("/b", "next\n"));
  EXPECT_EQ(get("b"), "next\n");
  ASSERT_TRUE(files.write("/b", ""));
  EXPECT_EQ(get("b"), "");
  ASSERT_TRUE(files.make_dir("/d"));
  EXPECT_TRUE(files.exists("/d"));
  EXPECT_FALSE(files.make_dir("/d"));
  ASSERT_TRUE(files.remove_dir("/d"));
  EXPECT_FALSE(files.exists("/d"));
}

TEST_F(SystemFilesBelow, MissingIsUnsupportedAndNeverCreated) {
  SystemFiles files(root_.string());
  EXPECT_EQ(files.read("/none").error().kind, ErrorKind::unsupported);
  EXPECT_EQ(files.list("/none").error().kind, ErrorKind::unsupported);
  EXPECT_EQ(files.write("/none", "x").error().kind, ErrorKind::unsupported);
  EXPECT_EQ(files.remove_dir("/none").error().kind, ErrorKind::unsupported);
  EXPECT_FALSE(files.exists("/none"));
  EXPECT_THAT(files.read("/none").error().what, testing::HasSubstr("/none"));
}

TEST_F(SystemFilesBelow, WritingDoesNotTruncate) {
  put("f", "abcdef");
  SystemFiles files(root_.string());
  ASSERT_TRUE(files.write("/f", "XY"));
  EXPECT_EQ(get("f"), "XYcdef");
}

TEST_F(SystemFilesBelow, AFileThatWaitsForEventsIsNotWaitedFor) {
  const std::string path = (root_ / "pipe").string();
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int both = ::open(path.c_str(), O_RDWR | O_CLOEXEC);  // so that it is open, and empty
  ASSERT_GE(both, 0);
  SystemFiles files(root_.string());
  EXPECT_FALSE(files.read("/pipe"));
  ::close(both);
  EXPECT_FALSE(files.write("/pipe", "x")) << "nobody reads it";
}

TEST(SystemFiles, ReadsProcFilesOfUnknownSize) {
  const SystemFiles files;
  const auto stat = files.read("/proc/self/stat");
  ASSERT_TRUE(stat);
  EXPECT_GT(stat->size(), 50u);
  EXPECT_GT(files.read("/proc/kallsyms")->size(), 100'000u);  // many reads
}

TEST(MemoryFiles, DirectoriesComeFromPaths) {
  MemoryFiles files({{"/sys/a/x", "1"},
                     {"/sys/a/y", "2"},
                     {"/sys/b", "3"},
                     {"/sys/c/", ""},
                     {"/sys/a.b/z", "4"}});
  EXPECT_THAT(*files.list("/sys"), ElementsAre("a", "a.b", "b", "c"));
  EXPECT_THAT(*files.list("/sys/a/"), ElementsAre("x", "y"));
  EXPECT_TRUE(files.list("/sys/c")->empty());
  EXPECT_FALSE(files.list("/proc"));
  EXPECT_TRUE(files.exists("/sys/a"));
  EXPECT_TRUE(files.exists("/sys/c"));
  EXPECT_FALSE(files.exists("/sy"));
}

TEST(MemoryFiles, WritesAreLoggedAndCanFail) {
  MemoryFiles files({{"/a", "1\n"}, {"/b", "1\n"}});
  ASSERT_TRUE(files.write("/a", "2"));
  files.fail_writes("/b", EBUSY);
  EXPECT_EQ(files.write("/b", "2").error().kind, ErrorKind::busy);
  EXPECT_EQ(*files.read("/b"), "1\n");
  EXPECT_EQ(files.write("/c", "2").error().kind, ErrorKind::unsupported);
  files.normalise("/a", "16\n");
  ASSERT_TRUE(files.write("/a", "0x10"));
  EXPECT_EQ(*files.read("/a"), "16\n");
  EXPECT_THAT(files.log(), ElementsAre("write /a 2", "write /b 2", "write /a 0x10"));
}

TEST(MemoryFiles, DirectoriesAreMadeAndRemovedWithTheirContents) {
  MemoryFiles files{{{"/t/instances/", ""}}};
  ASSERT_TRUE(files.make_dir("/t/instances/me"));
  EXPECT_FALSE(files.make_dir("/t/instances/me"));
  EXPECT_TRUE(files.exists("/t/instances/me"));
  ASSERT_TRUE(files.remove_dir("/t/instances/me"));
  EXPECT_FALSE(files.exists("/t/instances/me"));
  EXPECT_TRUE(files.exists("/t/instances"));
  EXPECT_THAT(files.log(), ElementsAre("mkdir /t/instances/me", "rmdir /t/instances/me"));
}

TEST(Files, NumbersAreTrimmedAndChecked) {
  const MemoryFiles files({{"/n", " -5\n"}, {"/t", "five\n"}, {"/e", "\n"}, {"/m", "5 6"}});
  EXPECT_EQ(*read_number(files, "/n"), -5);
  EXPECT_EQ(read_number(files, "/t").error().kind, ErrorKind::parse);
  EXPECT_THAT(read_number(files, "/t").error().what,
              testing::AllOf(testing::HasSubstr("/t"), testing::HasSubstr("five")));
  EXPECT_FALSE(read_number(files, "/e"));
  EXPECT_FALSE(read_number(files, "/m"));
  EXPECT_EQ(trimmed("\t a b \n"), "a b");
  EXPECT_EQ(trimmed(" \n"), "");
}

TEST(Values, TheChosenWordOfABracketedList) {
  EXPECT_EQ(chosen_value("[always] madvise never\n"), "always");
  EXPECT_EQ(chosen_value("always [madvise] never"), "madvise");
  EXPECT_EQ(chosen_value("none [integrity] confidentiality\n"), "integrity");
  EXPECT_EQ(chosen_value(" 42\n"), "42");
  for (const char* text : {"a[0] b", "[a] [b]", "[two words] c", "]a[", "[]", "[x]y"})
    EXPECT_EQ(chosen_value(text), text);
}

TEST(Values, SpellingsOfTheSameValue) {
  EXPECT_TRUE(same_value("16", "0x10"));
  EXPECT_TRUE(same_value("-1\n", "-1"));
  EXPECT_TRUE(same_value("3", "00000000,00000003"));
  EXPECT_TRUE(same_value("0,1", "0-1"));
  EXPECT_TRUE(same_value("Y", "1"));
  EXPECT_TRUE(same_value("4096 16384", "4096\t16384\n"));
  EXPECT_TRUE(same_value("", " \n"));
  EXPECT_TRUE(same_value("0", "0,00000000"));
}

TEST(Values, DifferentValuesStayDifferent) {
  EXPECT_FALSE(same_value("1", "2"));
  EXPECT_FALSE(same_value("1", "-1"));
  EXPECT_FALSE(same_value("0-1", "0-2"));
  EXPECT_FALSE(same_value("1,2", "12"));
  EXPECT_FALSE(same_value("", "0"));
  EXPECT_FALSE(same_value("N", "1"));
  EXPECT_FALSE(same_value("always", "never"));
  EXPECT_FALSE(same_value("3,00000000", "3"));
}

}  // namespace
}  // namespace isolab
