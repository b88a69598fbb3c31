// SPDX-License-Identifier: Apache-2.0
#include "cli/roff.h"

#include <fmt/format.h>

#include <cctype>

#include "base/version.h"

namespace isolab::roff {

std::string plain(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (escaped.empty() || escaped.back() == '\n')
      if (c == '.' || c == '\'') escaped += "\\&";
    switch (c) {
      case '\\': escaped += "\\e"; break;
      case '-': escaped += "\\-"; break;
      case '^': escaped += "\\(ha"; break;
      case '~': escaped += "\\(ti"; break;
      case '`': escaped += "\\(ga"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

std::string bold(std::string_view text) { return "\\fB" + plain(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + plain(text) + "\\fR"; }

std::string reference(std::string_view page, int section) {
  return fmt::format("{}({})", bold(page), section);
}

std::string head(std::string_view title, int section, std::string_view summary) {
  std::string upper;
  for (const char c : title) upper += static_cast<char>(std::toupper(c));
  return fmt::format(
      ".\\\" Made by `isolab man`.\n.TH {} {} \"\" \"isolab {}\" \"{}\"\n.SH NAME\n{} \\- {}\n",
      plain(upper), section, kVersion, section == 5 ? "File Formats" : "User Commands",
      plain(title), plain(summary));
}

std::string entry(std::string_view term, std::string_view text) {
  return fmt::format(".TP\n{}\n{}\n", term, plain(text));
}

}  // namespace isolab::roff
