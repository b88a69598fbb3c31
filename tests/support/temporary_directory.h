// SPDX-License-Identifier: Apache-2.0
// A directory of its own for one test, gone with it.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/scratch.h"

namespace isolab::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory() : scratch_(Scratch::make()) {}

  const std::filesystem::path& path() const { return scratch_->path(); }
  std::filesystem::path operator/(const std::string& name) const { return path() / name; }

  /// Makes a file, and the directories above it.
  void put(const std::string& name, const std::string& text = "x") const {
    std::filesystem::create_directories((path() / name).parent_path());
    std::ofstream(path() / name, std::ios::binary) << text;
  }

 private:
  Result<Scratch> scratch_;
};

inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace isolab::test
