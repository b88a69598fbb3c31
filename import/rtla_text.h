// SPDX-License-Identifier: Apache-2.0
// What the texts of rtla have in common.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace isolab {

/// The text without escape sequences of a terminal: colours, and the clearing between two tables.
std::string without_escapes(std::string_view text);

/// Seconds of "  0 00:01:40" (days, hours, minutes, seconds); nothing: it is none.
std::optional<double> rtla_duration(std::string_view text);

/// The number of "IRQ-003"; nothing: another word.
std::optional<int> rtla_column(std::string_view word, std::string_view kind);

}  // namespace isolab
