// SPDX-License-Identifier: Apache-2.0
// Texts compared with files of tests/golden, byte for byte. After a wanted change:
// ISOLAB_UPDATE_GOLDEN=1 with the test's filter, then read the diff.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace isolab::test {

inline void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(ISOLAB_SOURCE_DIR) + "/tests/golden/" + name;
  if (std::getenv("ISOLAB_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(text, expected.str()) << path;
}

/// Printable ASCII, so no tabs either, in lines of at most `width`.
inline void expect_page(const std::string& text, std::size_t width = 100) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), width) << line;
    for (const char letter : line) EXPECT_TRUE(letter >= ' ' && letter <= '~') << line;
  }
}

}  // namespace isolab::test
