// SPDX-License-Identifier: Apache-2.0
// Environment variables, where an empty one is one that is not set: the only caller of getenv().
#pragma once

#include <optional>
#include <string>

namespace isolab {

/// The value of a variable; nothing when it is not set or empty.
std::optional<std::string> environment(const char* name);

}  // namespace isolab
