// SPDX-License-Identifier: Apache-2.0
// Text as the man macros of roff take it (man(7), groff_man(7)).
#pragma once

#include <string>
#include <string_view>

namespace isolab::roff {

/// Text that is printed as it is: a dash stays a dash, and no line is a request.
std::string plain(std::string_view text);
std::string bold(std::string_view text);
std::string italic(std::string_view text);
/// "isolab-run(1)".
std::string reference(std::string_view page, int section);
/// The first lines of a page with its NAME section. `title` is in lower case.
std::string head(std::string_view title, int section, std::string_view summary);
/// One entry of a list: `term` is roff already, `text` is not.
std::string entry(std::string_view term, std::string_view text);

}  // namespace isolab::roff
