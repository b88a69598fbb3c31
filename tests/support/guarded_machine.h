// SPDX-License-Identifier: Apache-2.0
// A machine made of text and a state directory of its own, for the tests of the guard.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "host/files.h"
#include "tests/support/temporary_directory.h"

namespace isolab::test {

/// Calls back before every change, which is where a kill may hit.
class WatchedFiles final : public Files {
 public:
  explicit WatchedFiles(MemoryFiles& below) : below_(below) {}
  Result<std::string> read(const std::string& path) const override { return below_.read(path); }
  Result<std::vector<std::string>> list(const std::string& path) const override {
    return below_.list(path);
  }
  bool exists(const std::string& path) const override { return below_.exists(path); }
  Result<void> write(const std::string& path, std::string_view text) override {
    if (before_change) before_change(path);
    return below_.write(path, text);
  }
  Result<void> make_dir(const std::string& path) override {
    if (before_change) before_change(path);
    return below_.make_dir(path);
  }
  Result<void> remove_dir(const std::string& path) override {
    if (before_change) before_change(path);
    return below_.remove_dir(path);
  }
  std::function<void(const std::string&)> before_change;

 private:
  MemoryFiles& below_;
};

class GuardedMachine : public testing::Test {
 protected:
  std::vector<std::filesystem::path> journals() const {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::directory_iterator(directory_))
      out.push_back(entry.path());
    return out;
  }
  std::string journal() const {
    EXPECT_THAT(journals(), testing::SizeIs(1));
    return text_of(journals().at(0));
  }

  TemporaryDirectory scratch_;
  std::filesystem::path directory_ = scratch_.path();
  MemoryFiles files_{{{"/proc/sys/a", "1\n"},
                      {"/proc/sys/b", "[always] madvise never\n"},
                      {"/proc/sys/c", "0\n"},
                      {"/proc/sys/mask", "f\n"},
                      {"/sys/t/", ""}}};
};

}  // namespace isolab::test
