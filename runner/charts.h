// SPDX-License-Identifier: Apache-2.0
// The door to plots/: Python scripts that draw what a JSON file holds.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "results/durable.h"

namespace isolab {

/// Writes `json` (findings or a comparison) into a directory as `name`, and next to it the charts
/// of plots/render.py; Python itself works in a temporary directory. The files it drew, named below
/// `shown`. unsupported: the scripts or Python are missing.
Result<std::vector<std::filesystem::path>> draw_charts(const std::string& json,
                                                       const std::string& name,
                                                       const OpenDirectory& into,
                                                       const std::filesystem::path& shown);
/// The same into a directory that the user named; it is made.
Result<std::vector<std::filesystem::path>> draw_charts(const std::string& json,
                                                       const std::string& name,
                                                       const std::filesystem::path& directory);

}  // namespace isolab
