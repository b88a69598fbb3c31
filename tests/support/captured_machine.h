// SPDX-License-Identifier: Apache-2.0
// Loads tests/hosts/NAME.txt into MemoryFiles. The archive is lines "== PATH" followed by the
// file's text; "#" lines before the first file describe the machine. "cpu{0-3}" in a path stands
// for four files, and "{}" in their text for the number.
#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

#include "base/cpu_set.h"
#include "host/files.h"

namespace isolab {

class CapturedMachine {
 public:
  /// `directory` is tests/hosts.
  CapturedMachine(const std::string& directory, const std::string& name) {
    std::ifstream archive(directory + "/" + name + ".txt");
    if (!archive) throw std::runtime_error("no captured machine " + name);
    std::string line, path, text;
    while (std::getline(archive, line)) {
      if (line.starts_with("== ")) {
        add(path, text);
        path = line.substr(3);
        text.clear();
      } else if (!path.empty()) {
        text += line + "\n";
      }
    }
    add(path, text);
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
  static std::string replaced(std::string text, const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
      text.replace(at, what.size(), by);
    return text;
  }
  void add(const std::string& path, const std::string& text) {
    if (path.empty()) return;
    const auto open = path.find('{'), close = path.find('}');
    if (open == std::string::npos) {
      files_[path] = text;
      return;
    }
    const std::string list = path.substr(open + 1, close - open - 1);
    const auto numbers = CpuSet::parse(list);
    if (!numbers) throw std::runtime_error(path);
    for (int number : *numbers)
      files_[replaced(path, "{" + list + "}", std::to_string(number))] =
          replaced(text, "{}", std::to_string(number));
  }

  std::map<std::string, std::string> files_;
};

}  // namespace isolab
