// SPDX-License-Identifier: Apache-2.0
// Words into lines.
#pragma once

#include <string>
#include <string_view>

namespace isolab {

/// Adds `item` to a list in words, after `between` unless it is the first.
inline void append_item(std::string& list, std::string_view between, std::string_view item) {
  if (!list.empty()) list += between;
  list += item;
}

/// The items, any strings, with `between` between two of them.
template <typename Items>
std::string join(const Items& items, std::string_view between) {
  std::string list;
  bool first = true;
  for (const auto& item : items) {
    if (!first) list += between;
    list += item;
    first = false;
  }
  return list;
}

}  // namespace isolab
