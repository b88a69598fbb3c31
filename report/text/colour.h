// SPDX-License-Identifier: Apache-2.0
// Colour for a terminal, added to a finished text: nothing but SGR sequences is put in, so the text
// without them is the one that goes into a file or a pipe.
#pragma once

#include <string>
#include <string_view>

namespace isolab {

/// Headings, column heads and the first line of each gap bold; words that limit what a number says
/// (NOT ISOLATED, UNEXPLAINED, DIFFERENT, "too few operations", warnings) red or yellow; "as
/// expected" and "no measurable effect" green; numbers marked * bold. `text` must hold no control
/// characters but newlines.
std::string coloured(std::string_view text);

}  // namespace isolab
