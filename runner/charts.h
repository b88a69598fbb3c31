// SPDX-License-Identifier: Apache-2.0
// The door to plots/: Python scripts that draw what a JSON file holds.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace isolab {

/// Runs plots/render.py on a file of findings or of a comparison; `directory` is made. The files it
/// drew. unsupported: the scripts or Python are not there.
Result<std::vector<std::filesystem::path>> draw_charts(const std::filesystem::path& json,
                                                       const std::filesystem::path& directory);

/// Replaces the file, or makes it.
Result<void> write_text_file(const std::filesystem::path& path, const std::string& text);
Result<std::string> read_text_file(const std::filesystem::path& path);

}  // namespace isolab
