// SPDX-License-Identifier: Apache-2.0
// The keys of a profile, as one table: the reader refuses every other key, and the manual page
// isolab-profile(5) is made of it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace isolab {

struct ProfileKey {
  std::string_view map;       // the map it is in: "" (the profile), "cpus", "arms.NAME" ...
  std::string_view name;      // "measured"
  std::string_view value;     // what is written after it and what that means, in sentences
  std::string_view standard;  // what holds where it is absent; "required"
};

/// All of them, in the order of the manual page; the keys of one map are together.
std::span<const ProfileKey> profile_keys();
/// The names of the keys of one map.
std::vector<std::string> profile_keys_of(std::string_view map);

}  // namespace isolab
