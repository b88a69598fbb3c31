// SPDX-License-Identifier: Apache-2.0
// Every profile that the documentation shows, and every one that comes along, is one.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "plan/profile.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

struct Block {
  fs::path file;
  int line = 0;
  std::string text;
};

/// What stands between ```yaml and ``` in README.md and docs/.
std::vector<Block> yaml_blocks() {
  std::vector<fs::path> files{fs::path(ISOLAB_SOURCE_DIR) / "README.md"};
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(ISOLAB_SOURCE_DIR) / "docs"))
    if (entry.path().extension() == ".md") files.push_back(entry.path());
  std::vector<Block> out;
  for (const auto& file : files) {
    std::ifstream in(file);
    bool inside = false;
    int number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      if (line == "```yaml") {
        inside = true;
        out.push_back({file, number, ""});
      } else if (line.starts_with("```")) {
        inside = false;
      } else if (inside) {
        out.back().text += line + "\n";
      }
    }
  }
  return out;
}

TEST(Docs, EveryYamlBlockIsAProfile) {
  const test::TemporaryDirectory scratch;
  const fs::path& place = scratch.path();
  fs::create_directories(place / "common");
  std::ofstream(place / "common/ipi.yaml") << "observe: [interrupts]\n";  // what examples include
  const auto blocks = yaml_blocks();
  EXPECT_GE(blocks.size(), 2u);
  for (const auto& block : blocks) {
    std::ofstream(place / "example.yaml") << block.text;
    const auto profile = read_profile((place / "example.yaml").string());
    EXPECT_TRUE(profile) << fmt::format("{}:{}: {}", block.file.string(), block.line,
                                        profile ? "" : profile.error().text());
  }
}

TEST(Docs, EveryShippedProfileReads) {
  int seen = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(ISOLAB_SOURCE_DIR) / "profiles")) {
    if (entry.path().extension() != ".yaml") continue;
    ++seen;
    const auto profile = read_profile(entry.path().string());
    EXPECT_TRUE(profile) << (profile ? "" : profile.error().text());
    if (profile) {
      EXPECT_EQ(profile->name, entry.path().stem().string());
    }
  }
  EXPECT_GE(seen, 6);
}

}  // namespace
}  // namespace isolab
