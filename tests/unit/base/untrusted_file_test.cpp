// SPDX-License-Identifier: Apache-2.0
#include "base/untrusted_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

class UntrustedFile : public ::testing::Test {
 protected:
  UntrustedFile() { scratch.put("text", "hello"); }
  std::string at(const std::string& name) const { return (directory / name).string(); }
  std::string why(const std::string& name, const FileDemands& demands = {}) const {
    const auto read = read_untrusted(at(name), demands, "FILE");
    return read ? "read: " + *read : read.error().what;
  }
  test::TemporaryDirectory scratch;
  const std::filesystem::path& directory = scratch.path();
};

TEST_F(UntrustedFile, ReadsARegularFile) { EXPECT_EQ(why("text"), "read: hello"); }

TEST_F(UntrustedFile, RefusesALinkUnlessAskedToFollow) {
  std::filesystem::create_symlink("text", directory / "link");
  EXPECT_EQ(why("link"), "cannot read FILE: it is a symbolic link");
  EXPECT_EQ(why("link", {.follow = true}), "read: hello");
}

TEST_F(UntrustedFile, BeneathADirectoryNothingLeadsOutOfIt) {
  std::filesystem::create_directory(directory / "in");
  std::ofstream(directory / "in/text") << "inside";
  std::filesystem::create_symlink("text", directory / "in/link");
  std::filesystem::create_symlink("../text", directory / "in/out");
  std::filesystem::create_symlink("..", directory / "in/up");
  const int below = ::open(at("in").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  ASSERT_GE(below, 0);
  const auto read = [&](const std::string& name) {
    const auto text =
        read_untrusted(name, {.follow = true, .directory = below, .beneath = true}, "FILE");
    return text ? "read: " + *text : text.error().what;
  };
  EXPECT_EQ(read("text"), "read: inside");
  EXPECT_EQ(read("link"), "read: inside");
  EXPECT_EQ(read("../in/text"), read("../text"));
  for (const char* out : {"out", "up/text", "../text", "/etc/passwd", "/proc/self/exe"})
    EXPECT_EQ(read(out), "cannot read FILE: it is outside the directory") << out;
  ::close(below);
}

TEST_F(UntrustedFile, DoesNotWaitForAFifo) {
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  EXPECT_EQ(why("fifo"), "cannot read FILE: it is not a regular file");
  EXPECT_EQ(why("."), "cannot read FILE: it is not a regular file");
}

TEST_F(UntrustedFile, RefusesWhatIsTooLarge) {
  EXPECT_EQ(why("text", {.most = 5}), "read: hello");
  EXPECT_EQ(why("text", {.most = 4}), "cannot read FILE: it has more than 4 bytes");
  std::filesystem::resize_file(directory / "text", std::uintmax_t{1} << 40);  // sparse
  EXPECT_EQ(why("text"), "cannot read FILE: it has more than 1048576 bytes");
}

TEST_F(UntrustedFile, RefusesFilesOfOthers) {
  EXPECT_EQ(why("text", {.owner = ::geteuid()}), "read: hello");
  EXPECT_EQ(why("text", {.owner = ::geteuid() + 1}).find("cannot read FILE: it belongs to user"),
            0U);
  ASSERT_EQ(::chmod(at("text").c_str(), 0660), 0);
  EXPECT_EQ(why("text", {.others_may_write = false}),
            "cannot read FILE: other users may write to it");
}

TEST_F(UntrustedFile, SaysThatItIsNotThere) {
  EXPECT_EQ(why("none"), "cannot open FILE: No such file or directory");
}

}  // namespace
}  // namespace isolab
