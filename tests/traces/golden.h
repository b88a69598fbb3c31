// SPDX-License-Identifier: Apache-2.0
// Loads the golden traces: pages captured on real kernels, as hex dumps beside their formats.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "trace/read/reader.h"

namespace isolab::golden {

struct Trace {
  std::string machine;
  TraceFormats formats;
  std::map<int, std::vector<std::byte>> cpus;
  std::filesystem::path directory;
};

inline std::vector<std::byte> read_hex(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string word;
  std::size_t size = 0;
  in >> word >> size;
  EXPECT_EQ(word, "bytes") << path;
  std::vector<std::byte> bytes(std::min<std::size_t>(size, 1 << 24));
  std::string hex;
  while (in >> word >> hex) {
    const std::size_t at = std::stoul(word, nullptr, 16);
    for (std::size_t i = 0; i + 1 < hex.size() && at + i / 2 < bytes.size(); i += 2)
      bytes[at + i / 2] = static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

inline Trace load(const std::filesystem::path& directory) {
  Trace trace{.machine = directory.filename(), .directory = directory};
  auto formats = TraceFormats::load(directory / "formats");
  EXPECT_TRUE(formats) << formats.error().text();
  if (formats) trace.formats = std::move(*formats);
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("cpu") && name.ends_with(".hex"))
      trace.cpus[std::stoi(name.substr(3))] = read_hex(entry.path());
  }
  return trace;
}

/// Every machine below tests/traces.
inline std::vector<Trace> load_all() {
  std::vector<Trace> traces;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(ISOLAB_SOURCE_DIR) / "tests/traces"))
    if (entry.is_directory()) traces.push_back(load(entry.path()));
  std::sort(traces.begin(), traces.end(),
            [](const auto& a, const auto& b) { return a.machine < b.machine; });
  return traces;
}

}  // namespace isolab::golden
