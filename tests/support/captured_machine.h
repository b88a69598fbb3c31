// SPDX-License-Identifier: Apache-2.0
// Loads tests/hosts/NAME.txt (host/captured/capture.h) into MemoryFiles.
#pragma once

#include <map>
#include <stdexcept>
#include <string>

#include "host/captured/capture.h"
#include "host/files.h"

namespace isolab {

class CapturedMachine {
 public:
  /// `directory` is tests/hosts.
  CapturedMachine(const std::string& directory, const std::string& name) {
    auto files = read_capture(directory + "/" + name + ".txt");
    if (!files) throw std::runtime_error(files.error().what);
    files_ = *std::move(files);
  }

  MemoryFiles files() const { return MemoryFiles{files_}; }
  /// The machine with one file changed.
  MemoryFiles with(const std::string& path, const std::string& text) const {
    auto changed = files_;
    changed[path] = text;
    return MemoryFiles{std::move(changed)};
  }
  /// The machine without what is at or below `path`.
  MemoryFiles without(const std::string& path) const {
    auto changed = files_;
    std::erase_if(changed, [&](const auto& file) { return file.first.starts_with(path); });
    return MemoryFiles{std::move(changed)};
  }

 private:
  std::map<std::string, std::string> files_;
};

}  // namespace isolab
