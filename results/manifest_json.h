// SPDX-License-Identifier: Apache-2.0
// manifest.json and the two facts files.
#pragma once

#include <string>

#include "results/recording.h"

namespace isolab {

std::string manifest_to_json(const Manifest& manifest);
Result<Manifest> manifest_from_json(const std::string& file, const std::string& text);

std::string facts_to_json(const Facts& facts);
Result<Facts> facts_from_json(const std::string& file, const std::string& text);

}  // namespace isolab
