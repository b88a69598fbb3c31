// SPDX-License-Identifier: Apache-2.0
// A directory for targets whose input is a file: one a process, in memory where there is /dev/shm,
// removed at its end (a crash leaves it).
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/fuzz/demand.h"

namespace isolab::fuzz {

class Scratch {
 public:
  Scratch() {
    const bool memory = std::filesystem::is_directory("/dev/shm");
    std::string name = std::string(memory ? "/dev/shm" : "/tmp") + "/isolab-fuzz-XXXXXX";
    demand(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Its directories are made; what the file held is gone.
  std::filesystem::path put(const std::string& name, std::string_view text) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary | std::ios::trunc)
        .write(text.data(), static_cast<std::streamsize>(text.size()));
    return file;
  }

 private:
  std::filesystem::path path_;
};

/// The part before the first zero byte, which is taken off `text` with the byte.
inline std::string_view next_part(std::string_view& text) {
  const auto end = text.find('\0');
  const auto part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

/// Whether a terminal shows all of it.
inline bool shown(std::string_view text) {
  for (const char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f) return false;
  return true;
}

}  // namespace isolab::fuzz
