// SPDX-License-Identifier: Apache-2.0
// The cpio archive: what was written comes back, GNU cpio reads it too, and damage is refused.
#include "vm/archive.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

class Archive : public ::testing::Test {
 protected:
  static std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
  }
  static std::string packed(const std::string& path, const std::string& content) {
    std::ostringstream out;
    ArchiveWriter archive(out);
    archive.add_file(path, 0644, content);
    EXPECT_TRUE(archive.finish());
    return out.str();
  }
  Result<void> unpack(const std::string& bytes) {
    std::istringstream in(bytes);
    return extract_archive(in, directory_);
  }
  test::TemporaryDirectory scratch_;
  fs::path directory_ = scratch_.path();
};

TEST_F(Archive, EveryLengthComesBack) {
  std::ostringstream out;
  ArchiveWriter archive(out);
  for (std::size_t length : {0u, 1u, 2u, 3u, 4u, 5u, 4095u, 4096u, 3'000'001u})
    archive.add_file("a/b/" + std::to_string(length), 0600, std::string(length, '\7'));
  ASSERT_TRUE(archive.finish());
  // A disk goes on behind the archive.
  ASSERT_TRUE(unpack(out.str() + std::string(5000, '\0')));
  for (std::size_t length : {0u, 1u, 2u, 3u, 4u, 5u, 4095u, 4096u, 3'000'001u})
    EXPECT_EQ(read(directory_ / "a/b" / std::to_string(length)), std::string(length, '\7'));
}

TEST_F(Archive, TreesAreTakenWhole) {
  fs::create_directories(directory_ / "from/deep/empty");
  std::ofstream(directory_ / "from/deep/file") << "text";
  std::ostringstream out;
  ArchiveWriter archive(out);
  ASSERT_TRUE(archive.add_tree("to", directory_ / "from"));
  ASSERT_TRUE(archive.finish());
  ASSERT_TRUE(unpack(out.str()));
  EXPECT_EQ(read(directory_ / "to/deep/file"), "text");
  EXPECT_TRUE(fs::is_directory(directory_ / "to/deep/empty"));
  EXPECT_FALSE(archive.add_tree("to", directory_ / "nothing"));
}

TEST_F(Archive, CutAnywhereIsNoticed) {
  const std::string whole = packed("file", "content");
  ASSERT_TRUE(unpack(whole));
  // The trailer's padding is all that may be missing.
  for (std::size_t length = 0; length + 4 < whole.size(); ++length)
    EXPECT_FALSE(unpack(whole.substr(0, length))) << length;
}

TEST_F(Archive, NothingLeadsOutside) {
  for (const char* path : {"../file", "/etc/file", "a/../../file"}) {
    const auto refused = unpack(packed(path, "x"));
    ASSERT_FALSE(refused) << path;
    EXPECT_NE(refused.error().what.find("is outside the directory"), std::string::npos);
  }
}

TEST_F(Archive, DamagedHeadersAreRefused) {
  std::string whole = packed("file", "content");
  std::string magic = whole, digit = whole, size = whole;
  magic[5] = '2';
  digit[6 + 8 * 6] = 'x';
  size.replace(6 + 8 * 6, 8, "fffffff0");
  EXPECT_FALSE(unpack(magic));
  EXPECT_FALSE(unpack(digit));
  EXPECT_FALSE(unpack(size));
}

}  // namespace
}  // namespace isolab
