// SPDX-License-Identifier: Apache-2.0
// The manual pages, made from the declarations of verbs, profile keys and plug-ins.
#pragma once

#include <string>
#include <vector>

#include "cli/verb.h"

namespace isolab {

struct ManPage {
  std::string name;  // "isolab-run"
  int section;       // 1, or 5 for the profile format
  std::string text;  // roff, for man(1)
};

/// isolab(1), a page for each verb that is shown, and isolab-profile(5).
std::vector<ManPage> man_pages(const std::vector<Verb>& verbs);

/// The text of isolab-profile(5).
std::string profile_page();

}  // namespace isolab
